/** A visit that nobody has booked, begun by one press: with a patient, or between colleagues. */

import { element, setText } from '../../ui/element';
import { ActFailed } from './acts';

export const WITHOUT_APPOINTMENT = 'Visit now, without an appointment';

export class BeginNow {
  readonly root: HTMLElement;
  private readonly fault = element('p', { class: 'fault', role: 'alert' });
  private readonly button: HTMLButtonElement;

  /** `begin` has the server make it and goes to where it is shown. */
  constructor(private readonly begin: () => Promise<void>, { word, mark, isMain = false }: { word: string; mark: string; isMain?: boolean }) {
    this.button = element('button', { type: 'button', class: isMain ? 'button button-main' : 'quiet', 'data-testid': mark }, word);
    this.button.addEventListener('click', () => void this.press());
    this.root = element('div', { class: 'begin-now' }, this.button, this.fault);
  }

  private async press(): Promise<void> {
    if (this.button.getAttribute('aria-disabled') === 'true') return;
    this.button.setAttribute('aria-disabled', 'true');
    try {
      await this.begin();
      this.button.removeAttribute('aria-disabled');
    } catch (error) {
      if (!(error instanceof ActFailed)) throw error;
      setText(this.fault, error.message);
      this.button.removeAttribute('aria-disabled');
    }
  }
}
