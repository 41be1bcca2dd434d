/** The screen of the first test, with the way on that never waits for it. */

import { element, setText } from '../../ui/element';
import type { DeviceCheck } from './check';
import type { Texts } from './first';
import { button, heading, type Screen } from './page';

export class Checking implements Screen {
  readonly name = 'check';
  readonly root: HTMLElement;
  readonly title: string;
  private readonly summary = element('p', { class: 'check-summary', role: 'status' });
  private readonly enter: HTMLButtonElement;

  constructor(readonly check: DeviceCheck, private readonly texts: Texts['check'], enter: () => void) {
    this.title = texts.heading;
    this.enter = button(texts.enter, enter, { class: 'button button-main button-wide', 'data-testid': 'enter-lobby' });
    this.root = element('section', { class: 'checking' }, heading(texts.heading), this.summary, check.root, element('div', { class: 'way-on' }, this.enter));
  }

  /** The press was taken and its answer is on the way. */
  entering(on: boolean): void {
    this.enter.setAttribute('aria-disabled', String(on));
    setText(this.enter, on ? this.texts.entering : this.texts.enter);
  }

  /** Sum up what was found so far. */
  sumUp(): void {
    const { camera, microphone, network } = this.check.results;
    const works = [camera, microphone, network].every((result) => result === 'ok');
    if (this.check.isAsking) setText(this.summary, this.texts.asking);
    else if (this.check.isRunning) setText(this.summary, '');
    else setText(this.summary, works ? this.texts.ready : this.texts.partly);
  }

  close(): void {
    this.check.stop();
  }
}
