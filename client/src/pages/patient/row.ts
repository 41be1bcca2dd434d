/** One tested thing: icon, name, what was found in words, and what can be done about it. */

import type { Device, DeviceResult } from '../../protocol/messages';
import { element, setText } from '../../ui/element';
import { icon, type IconName } from '../../ui/icon';
import type { Texts } from './first';

export type RowResult = DeviceResult | 'running';

const SIGNS: Record<RowResult, IconName> = { running: 'dots', ok: 'check', warn: 'alert', fail: 'cross', skipped: 'dash' };

export class Row {
  readonly root: HTMLElement;
  readonly extra = element('div', { class: 'row-extra' });
  result: RowResult = 'running';
  private readonly badge = element('span', { class: 'row-badge' });
  private readonly words = element('p', { class: 'row-words' });
  private readonly mend = element('p', { class: 'row-mend', hidden: true });

  constructor(device: Device, private readonly texts: Texts['check'], sign: IconName) {
    const name = element('h2', { class: 'row-name' }, texts[device]);
    const head = element('div', { class: 'row-head' }, name, this.badge);
    const body = element('div', { class: 'row-body' }, head, this.words, this.mend, this.extra);
    this.root = element('li', { class: 'row', 'data-testid': `device-${device}` }, icon(sign), body);
    this.draw('running', '');
  }

  /** Colour, icon and word of the result, one sentence, and a mending text where there is one. */
  draw(result: RowResult, words: string, mend = ''): void {
    this.result = result;
    this.root.dataset['result'] = result;
    const word = this.texts[`result_${result}`];
    if (this.badge.dataset['word'] !== word) {
      this.badge.dataset['word'] = word;
      this.badge.replaceChildren(icon(SIGNS[result]), element('span', {}, word));
    }
    setText(this.words, words);
    setText(this.mend, mend);
    this.mend.hidden = !mend;
  }
}
