/** A short address and code for whoever gets no text: read out on the phone, or printed. */

import { element, setText } from '../../ui/element';
import { timeOf } from './clock';
import { sign } from './signs';

export interface ReadOut {
  address: string;
  code: string;
  until: string;
}

export class ReadOutPane {
  readonly root: HTMLDetailsElement;
  private readonly fault = element('p', { class: 'fault', role: 'alert' });
  private readonly shown = element('div', { class: 'readout', role: 'status', 'data-testid': 'read-out' });
  private readonly make = element('button', { type: 'button', class: 'button', 'data-testid': 'make-code' }, 'Make a code');

  constructor(
    private readonly timeZone: string,
    /** Gives back the code, or what went wrong in words. */
    private readonly ask: () => Promise<ReadOut | string>,
  ) {
    this.make.addEventListener('click', () => void this.press());
    const summary = element('summary', { class: 'line' }, sign('message'), element('span', { class: 'line-words' }, 'Read out or print a code'));
    const about = element('p', { class: 'soft' }, 'For a patient without a phone that takes texts. They type it in any browser.');
    this.root = element('details', { class: 'more' }, summary, about, element('div', { class: 'presses' }, this.make), this.shown, this.fault);
    this.root.addEventListener('toggle', () => {
      if (!this.root.open) this.shown.replaceChildren();
    });
  }

  private async press(): Promise<void> {
    if (this.make.getAttribute('aria-disabled') === 'true') return;
    this.make.setAttribute('aria-disabled', 'true');
    const answer = await this.ask();
    this.make.removeAttribute('aria-disabled');
    setText(this.fault, typeof answer === 'string' ? answer : '');
    if (typeof answer !== 'string') this.show(answer);
  }

  private show({ address, code, until }: ReadOut): void {
    const print = element('button', { type: 'button', class: 'button' }, 'Print');
    print.addEventListener('click', () => window.print());
    const facts = element('dl', {}, element('dt', {}, 'Address'), element('dd', {}, address), element('dt', {}, 'Code'), element('dd', { class: 'readout-code', 'data-testid': 'read-out-code' }, code));
    this.shown.replaceChildren(facts, element('p', { class: 'soft' }, `Works once, until ${timeOf(until, this.timeZone)}. A new code ends this one.`), print);
    setText(this.make, 'Make another code');
  }
}
