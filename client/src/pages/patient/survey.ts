/** Two questions after the visit; the answer is kept without anything that leads to a person. */

import { element, setText } from '../../ui/element';
import type { First } from './first';
import { button } from './page';

const CHOICES = ['good', 'fair', 'poor'] as const;

export class Survey {
  readonly root: HTMLElement;
  private readonly chosen = new Map<string, string>();
  private readonly said = element('p', { class: 'soft', role: 'status' });
  private readonly form = element('form', { class: 'survey', 'data-testid': 'survey' });

  constructor(private readonly first: First) {
    const { survey } = first.texts;
    const send = button(survey.send, () => void this.send(), { 'data-testid': 'send-survey' });
    send.disabled = true;
    this.form.append(element('h2', {}, survey.heading), this.question('visit', survey.visit), this.question('sound', survey.sound), element('p', { class: 'soft' }, survey.private), send);
    this.form.addEventListener('submit', (event) => event.preventDefault());
    this.form.addEventListener('change', () => (send.disabled = this.chosen.size < 2));
    this.root = element('div', {}, this.form, this.said);
  }

  private question(name: string, words: string): HTMLElement {
    const { survey } = this.first.texts;
    const set = element('fieldset', {}, element('legend', {}, words));
    const row = element('div', { class: 'survey-choices' });
    for (const choice of CHOICES) {
      const input = element('input', { type: 'radio', name, value: choice, id: `${name}-${choice}`, 'data-testid': `${name}-${choice}` });
      input.addEventListener('change', () => this.chosen.set(name, choice));
      row.append(element('label', { class: 'survey-choice', for: input.id }, input, survey[choice]));
    }
    set.append(row);
    return set;
  }

  private async send(): Promise<void> {
    const { survey } = this.first.texts;
    const answer = await fetch(`/seat/${this.first.seat}/survey`, { method: 'POST', body: new URLSearchParams([...this.chosen]), credentials: 'same-origin' }).catch(() => null);
    const isDone = answer?.status === 204 || answer?.status === 409;
    if (isDone) this.form.remove();
    setText(this.said, isDone ? survey.thanks : survey.failed);
  }
}
