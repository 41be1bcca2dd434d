/** The link to a number that is typed in: one level away, and forgotten once it is sent. */

import { element, setText } from '../../ui/element';
import { sign } from './signs';

export class LinkForm {
  readonly root: HTMLDetailsElement;
  private readonly number = element('input', { type: 'tel', class: 'field', id: 'other-number', name: 'other-number', autocomplete: 'off', maxlength: '40', 'aria-describedby': 'other-number-fault' });
  private readonly fault = element('p', { class: 'fault', id: 'other-number-fault', role: 'alert' });
  private readonly submit = element('button', { type: 'submit', class: 'button', 'data-testid': 'send-link-to' }, 'Send to this number');

  /** `send` gives back what went wrong, in words; empty if nothing did. */
  constructor(private readonly send: (to: string) => Promise<string>) {
    const label = element('label', { for: 'other-number' }, 'Mobile number, with country code');
    const form = element('form', { novalidate: true }, label, element('div', { class: 'presses' }, this.number, this.submit), this.fault);
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      void this.press();
    });
    this.root = element('details', { class: 'more' }, element('summary', { class: 'line' }, sign('phone'), element('span', { class: 'line-words' }, 'Send the link to another number')), form);
  }

  /** Opened for the person where the number on file is of no use. */
  offer(): void {
    this.root.open = true;
    this.number.focus();
  }

  private async press(): Promise<void> {
    const to = this.number.value.trim();
    if (!to) return this.complain('Type a mobile number first.');
    if (this.submit.getAttribute('aria-disabled') === 'true') return;
    this.submit.setAttribute('aria-disabled', 'true');
    const fault = await this.send(to);
    this.submit.removeAttribute('aria-disabled');
    if (fault) return this.complain(fault);
    this.complain('');
    this.number.value = '';
    this.root.open = false;
  }

  private complain(sentence: string): void {
    setText(this.fault, sentence);
    this.number.setAttribute('aria-invalid', String(sentence !== ''));
    if (sentence) this.number.focus();
  }
}
