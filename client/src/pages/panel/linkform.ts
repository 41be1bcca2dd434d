/** The link to the address on file by e-mail, or to a number or address typed in: one level away, and forgotten once sent. */

import { element, setText } from '../../ui/element';
import { sign } from './signs';

export class LinkForm {
  readonly root: HTMLDetailsElement;
  private readonly number = element('input', { type: 'text', class: 'field', id: 'other-number', name: 'other-number', autocomplete: 'off', autocapitalize: 'none', spellcheck: 'false', maxlength: '254', 'aria-describedby': 'other-number-fault' });
  private readonly fault = element('p', { class: 'fault', id: 'other-number-fault', role: 'alert' });
  private readonly submit = element('button', { type: 'submit', class: 'button', 'data-testid': 'send-link-to' }, 'Send');
  private readonly byMail = element('button', { type: 'button', class: 'button', 'data-testid': 'send-link-mail' }, 'Send by e-mail to the address on file');

  /** `send` gives back what went wrong, in words; empty if nothing did. */
  constructor(
    private readonly send: (to: string) => Promise<string>,
    private readonly mail: () => Promise<string>,
  ) {
    const label = element('label', { for: 'other-number' }, 'Mobile number with country code, or e-mail address');
    const form = element('form', { novalidate: true }, label, element('div', { class: 'presses' }, this.number, this.submit), this.fault);
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      void this.press();
    });
    this.byMail.addEventListener('click', () => void this.pressMail());
    const summary = element('summary', { class: 'line' }, sign('phone'), element('span', { class: 'line-words' }, 'Send the link another way'));
    this.root = element('details', { class: 'more' }, summary, element('div', { class: 'presses' }, this.byMail), form);
  }

  /** Opened for the person where the number on file is of no use. */
  offer(): void {
    this.root.open = true;
    this.number.focus();
  }

  private async press(): Promise<void> {
    const to = this.number.value.trim();
    if (!to) return this.complain('Type a mobile number or an e-mail address first.');
    if (this.submit.getAttribute('aria-disabled') === 'true') return;
    this.submit.setAttribute('aria-disabled', 'true');
    const fault = await this.send(to);
    this.submit.removeAttribute('aria-disabled');
    if (fault) return this.complain(fault);
    this.complain('');
    this.number.value = '';
    this.root.open = false;
  }

  private async pressMail(): Promise<void> {
    if (this.byMail.getAttribute('aria-disabled') === 'true') return;
    this.byMail.setAttribute('aria-disabled', 'true');
    const fault = await this.mail();
    this.byMail.removeAttribute('aria-disabled');
    if (fault) return setText(this.fault, fault);
    this.complain('');
    this.root.open = false;
  }

  private complain(sentence: string): void {
    setText(this.fault, sentence);
    this.number.setAttribute('aria-invalid', String(sentence !== ''));
    if (sentence) this.number.focus();
  }
}
