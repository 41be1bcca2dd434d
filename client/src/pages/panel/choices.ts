/** Several candidate visits: one card each to choose from, and no patient's state on it. */

import { element, setText } from '../../ui/element';
import { isUnseen } from './arrivals';
import { planOf, since } from './clock';
import type { Details, VisitView } from './model';
import { sign } from './signs';
import { sayingOf } from './words';

class Choice {
  readonly root: HTMLButtonElement;
  private readonly about = element('span', { class: 'soft' });
  private readonly state = element('span', { class: 'choice-state' });
  private readonly clock = element('span', { class: 'choice-clock' });

  constructor(private visit: VisitView, timeZone: string, choose: () => void) {
    const when = element('strong', { class: 'choice-when' }, `Video visit, ${planOf(visit, timeZone)}`);
    const words = element('span', { class: 'choice-words' }, when, this.about, element('span', { class: 'choice-now' }, this.state, this.clock));
    this.root = element('button', { type: 'button', class: 'choice', 'data-testid': 'visit-card', 'data-visit': visit.visit }, words, sign('back'));
    this.root.addEventListener('click', choose);
    this.update(visit);
  }

  update(visit: VisitView): void {
    this.visit = visit;
    const saying = sayingOf(visit);
    this.root.dataset['tone'] = saying.tone;
    this.root.classList.toggle('choice-unseen', isUnseen(visit));
    const word = isUnseen(visit) ? 'The patient has arrived' : saying.word;
    if (this.state.textContent !== word) this.state.replaceChildren(sign(isUnseen(visit) ? 'bell' : saying.sign), element('span', {}, word));
    this.tick();
  }

  show(details: Details): void {
    setText(this.about, [details.service, details.clinician?.name].filter(Boolean).join(' · '));
  }

  tick(): void {
    const { state, waiting_since } = this.visit.patient;
    setText(this.clock, state === 'waiting' && waiting_since ? since(waiting_since) : '');
  }
}

export class Choices {
  readonly root: HTMLElement;
  private readonly choices = new Map<string, Choice>();
  private readonly text = element('p', { class: 'soft' }, 'This patient has several video appointments around now.');
  private readonly heading = element('h1', { class: 'who', tabindex: '-1' }, 'Which visit?');

  constructor(visits: VisitView[], timeZone: string, choose: (visit: string) => void) {
    const list = element('ul', { class: 'choices' });
    for (const visit of visits) {
      const made = new Choice(visit, timeZone, () => choose(visit.visit));
      this.choices.set(visit.visit, made);
      list.append(element('li', {}, made.root));
    }
    this.root = element('section', { class: 'choosing', 'aria-label': 'Choose a visit' }, this.heading, this.text, list);
  }

  update(visit: VisitView): void {
    this.choices.get(visit.visit)?.update(visit);
  }

  show(visit: string, details: Details): void {
    setText(this.text, `${details.patient.name} has several video appointments around now.`);
    this.choices.get(visit)?.show(details);
  }

  tick(): void {
    for (const choice of this.choices.values()) choice.tick();
  }

  /** Back from a card: begin where it was chosen. */
  focus(visit: string): void {
    (this.choices.get(visit)?.root ?? this.heading).focus();
  }
}
