/** The call's buttons: icon and word, the word says what a press does. */

import { element } from '../ui/element';
import { icon, type IconName } from '../ui/icon';

export class Control {
  readonly button: HTMLButtonElement;
  private shown = '';

  constructor(mark: string, className: string, press: () => void) {
    this.button = element('button', { type: 'button', class: `control ${className}`.trim(), 'data-testid': mark });
    this.button.addEventListener('click', press);
  }

  /** Draw icon and word; `off` marks a device that is switched off, in colour besides the words. */
  draw(name: IconName, word: string, off = false): void {
    const wanted = `${name} ${word} ${off}`;
    if (wanted === this.shown) return;
    this.shown = wanted;
    this.button.replaceChildren(icon(name), element('span', { class: 'control-word' }, word));
    this.button.classList.toggle('control-off', off);
  }
}
