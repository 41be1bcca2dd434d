/** One visit on the list: who, when, state, waiting clock, and what can be pressed. */

import { element, setText } from '../../ui/element';
import { isUnseen } from '../panel/arrivals';
import { CONSULT } from '../panel/card';
import { ANYBODY, askedOf, isAskUnseen } from '../panel/asking';
import { since, spanOf } from '../panel/clock';
import { waitingLine } from '../panel/guests';
import type { VisitView } from '../panel/model';
import { deviceLine, hasDeviceTrouble } from '../panel/rehearsal';
import { sign } from '../panel/signs';
import { isTrouble, lostLine, messageLine, sayingOf } from '../panel/words';
import { groupOf } from './order';
import type { Named } from './names';

/** As the server names them. */
export type RowPress = 'acknowledge' | 'seen' | 'open';

export interface RowPlace {
  timeZone: string;
  /** Whose list it is. */
  user: string;
  /** Whether the visit is of the chart that the list was opened from. */
  isOwn: boolean;
}

const ASKED = { take_over: 'A colleague hands it over to you', join: 'A colleague asks you to join' };

const NO_NAME = 'Name not shown by the EHR';

export class Row {
  readonly root: HTMLElement;
  /** Beneath the row: what a press has to say. */
  readonly below = element('div', { class: 'row-below' });
  private readonly name = element('strong', { class: 'row-name' });
  private readonly about = element('span', { class: 'soft' });
  private readonly state = element('span', { class: 'row-state', 'data-testid': 'patient-state' });
  private readonly clock = element('span', { class: 'row-clock', 'data-testid': 'waiting-clock' });
  private readonly guests = element('span', { class: 'row-guests', 'data-testid': 'row-guests' });
  private readonly trouble = element('span', { class: 'row-trouble' });
  private readonly ready = element('span', { class: 'row-ready soft' });
  private readonly seen = element('button', { type: 'button', class: 'button', 'data-testid': 'acknowledge' }, 'Seen');
  private readonly open: HTMLButtonElement;
  private readonly asked = element('strong', { class: 'row-asked', 'data-testid': 'row-asked', hidden: true });
  private service = '';
  private isAsked = false;
  private isNameless = false;

  constructor(private visit: VisitView, private readonly place: RowPlace, press: (press: RowPress) => void) {
    const { isOwn } = place;
    this.open = element('button', { type: 'button', class: 'button', 'data-testid': 'open-visit' }, isOwn ? 'Back to this visit' : 'Open');
    if (!isOwn) this.open.prepend(sign('apart'));
    this.seen.addEventListener('click', () => press(this.isAsked ? 'seen' : 'acknowledge'));
    this.open.addEventListener('click', () => press('open'));
    const now = element('span', { class: 'row-now' }, this.state, this.clock, this.guests, this.trouble, this.ready);
    const words = element('div', { class: 'row-words' }, this.asked, this.name, this.about, now);
    const presses = element('div', { class: 'row-presses' }, this.seen, this.open);
    this.root = element('li', { class: 'row', 'data-testid': 'worklist-row', 'data-visit': visit.visit }, words, presses, this.below);
    this.draw();
  }

  update(visit: VisitView): void {
    this.visit = visit;
    this.draw();
  }

  show(named: Named | null): void {
    if (this.visit.is_consult) return;
    this.name.classList.toggle('row-nameless', !named);
    this.service = named?.service ?? '';
    setText(this.name, named?.name ?? NO_NAME);
    this.drawAbout();
  }

  /** Where there are no names at all, the time tells visits apart. */
  nameless(): void {
    setText(this.name, spanOf(this.visit, this.place.timeZone));
    this.isNameless = true;
    this.drawAbout();
  }

  tick(): void {
    const { state, waiting_since } = this.visit.patient;
    setText(this.clock, state === 'waiting' && waiting_since ? since(waiting_since) : '');
    setText(this.trouble, troubleOf(this.visit, this.place.timeZone));
    setText(this.ready, this.trouble.textContent ? '' : readyOf(this.visit, this.place.timeZone));
  }

  /** A press is under way. */
  busy(press: RowPress, is: boolean): void {
    const button = press === 'open' ? this.open : this.seen;
    if (is) button.setAttribute('aria-disabled', 'true');
    else button.removeAttribute('aria-disabled');
  }

  complain(sentence: string): void {
    this.below.replaceChildren(...(sentence ? [element('p', { class: 'fault', role: 'alert' }, sentence)] : []));
  }

  private draw(): void {
    if (this.visit.is_consult) setText(this.name, CONSULT);
    const { user } = this.place;
    const ask = askedOf(this.visit, user);
    this.isAsked = isAskUnseen(this.visit, user);
    const unseen = isUnseen(this.visit) || this.isAsked;
    const saying = sayingOf(this.visit);
    this.root.dataset['tone'] = saying.tone;
    this.root.dataset['group'] = groupOf(this.visit, user);
    this.root.classList.toggle('row-unseen', unseen);
    this.state.dataset['state'] = this.visit.patient.state;
    const arrived = isUnseen(this.visit);
    const word = arrived ? 'Has arrived' : saying.word;
    if (this.state.textContent !== word) this.state.replaceChildren(sign(arrived ? 'bell' : saying.sign), element('span', {}, word));
    setText(this.asked, !ask ? '' : user === ANYBODY ? 'Handed to a colleague, who has not come yet' : ASKED[ask.to]);
    this.asked.hidden = !ask;
    setText(this.guests, waitingLine(this.visit));
    this.seen.hidden = !unseen;
    this.open.hidden = this.visit.state === 'cancelled';
    this.open.classList.toggle('button-main', ask !== undefined || this.visit.patient.state === 'waiting');
    this.drawAbout();
    this.tick();
  }

  private drawAbout(): void {
    if (this.isNameless) {
      setText(this.name, spanOf(this.visit, this.place.timeZone));
      return setText(this.about, '');
    }
    setText(this.about, [spanOf(this.visit, this.place.timeZone), this.service].filter(Boolean).join(' · '));
  }
}

/** What will go wrong unless somebody does something; empty for a visit that is over. */
export function troubleOf(visit: VisitView, timeZone: string): string {
  if (groupOf(visit) === 'over') return '';
  const lost = lostLine(visit.patient, timeZone);
  if (lost) return lost;
  const { device, message, state } = visit.patient;
  if (hasDeviceTrouble(device)) return deviceLine(device, timeZone);
  return message && isTrouble(message) && (state === 'invited' || state === 'left') ? messageLine(message) : '';
}

/** That somebody who is still to come has tested; empty when they have not. */
function readyOf(visit: VisitView, timeZone: string): string {
  return groupOf(visit) === 'to-come' ? deviceLine(visit.patient.device, timeZone) : '';
}
