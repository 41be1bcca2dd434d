/** The clinic's word to whoever waits: chosen here in English, read there in the patient's language. */

import { element, setText } from '../../ui/element';
import type { VisitView } from './model';
import { sign } from './signs';

export class TellForm {
  readonly root: HTMLDetailsElement;
  private readonly summary = element('span', { class: 'line-words' });
  private readonly fault = element('p', { class: 'fault', role: 'alert' });
  private readonly buttons = new Map<string, HTMLButtonElement>();

  /** `send` gives back what went wrong, in words; empty if nothing did. */
  constructor(private readonly words: Record<string, string>, private readonly send: (key: string) => Promise<string>) {
    const list = element('div', { class: 'presses tell-words' });
    for (const [key, sentence] of Object.entries(words)) list.append(this.button(key, sentence));
    this.root = element('details', { class: 'more', 'data-testid': 'tell-waiting', hidden: true });
    this.root.append(element('summary', { class: 'line' }, sign('message'), this.summary), element('p', { class: 'soft' }, 'The patient reads it at once, in their language.'), list, this.fault);
  }

  update(visit: VisitView): void {
    const told = visit.hold_message ? this.words[visit.hold_message] : undefined;
    this.root.hidden = visit.patient.state !== 'waiting' || !visit.patient.present;
    setText(this.summary, told ? `The patient reads: “${told}”` : 'Tell the patient something while they wait');
    for (const [key, button] of this.buttons) button.setAttribute('aria-pressed', String(key === visit.hold_message));
  }

  private button(key: string, sentence: string): HTMLButtonElement {
    const made = element('button', { type: 'button', class: 'button', 'data-testid': `tell-${key}` }, sentence);
    made.addEventListener('click', () => void this.press(key, made));
    this.buttons.set(key, made);
    return made;
  }

  private async press(key: string, button: HTMLButtonElement): Promise<void> {
    if (button.getAttribute('aria-disabled') === 'true') return;
    button.setAttribute('aria-disabled', 'true');
    const fault = await this.send(key);
    button.removeAttribute('aria-disabled');
    setText(this.fault, fault);
    if (!fault) this.root.open = false;
  }
}
