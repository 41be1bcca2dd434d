/** A visit now, without an appointment: one press, here where there is no visit and at the foot where there are. */

import { element, setText } from '../../ui/element';
import { ActFailed } from './acts';

export class BeginNow {
  readonly root: HTMLElement;
  private readonly fault = element('p', { class: 'fault', role: 'alert' });
  private readonly button: HTMLButtonElement;

  /** `begin` has the server make it and goes to where it is shown. */
  constructor(private readonly begin: () => Promise<void>, isMain: boolean) {
    this.button = element('button', { type: 'button', class: isMain ? 'button button-main' : 'quiet', 'data-testid': 'begin-now' }, isMain ? 'Start a visit now' : 'Visit now, without an appointment');
    this.button.addEventListener('click', () => void this.press());
    this.root = element('div', { class: 'begin-now' }, this.button, this.fault);
  }

  private async press(): Promise<void> {
    if (this.button.getAttribute('aria-disabled') === 'true') return;
    this.button.setAttribute('aria-disabled', 'true');
    try {
      await this.begin();
    } catch (error) {
      if (!(error instanceof ActFailed)) throw error;
      setText(this.fault, error.message);
      this.button.removeAttribute('aria-disabled');
    }
  }
}
