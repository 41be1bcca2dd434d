/** One visit on the panel: who, when, state, waiting clock, one main action. Drawn once, then brought up to date. */

import { ENGLISH } from '../../call/texts';
import { element, setText } from '../../ui/element';
import { isUnseen } from './arrivals';
import { dateOf, planOf, serverNow, since, timeOf } from './clock';
import { Line } from './line';
import type { Details, VisitView } from './model';
import { LABELS, offered, type Place, type Press } from './offers';
import { hasDeviceTrouble, rehearsalLine } from './rehearsal';
import { sign } from './signs';
import { interpreterLine, lostLine, meetingLine, reachLine, sayingOf, untoldLine } from './words';

/** What a consult is called where a patient's name stands otherwise. */
export const CONSULT = 'Consult between colleagues';

/** Parts that are drawn elsewhere and stand in the card. */
export interface CardParts {
  /** What stands beside the admit button; empty for nothing. */
  reminder: string;
  /** Between state and call: what stops camera or window. */
  panes: HTMLElement[];
  /** At the bottom, one level away. */
  more: HTMLElement[];
}

/** Never the main thing to do: a visit that is over needs nothing. */
const QUIET: ReadonlySet<Press> = new Set<Press>(['restart', 'file-summary']);

export class Card {
  readonly root: HTMLElement;
  /** Where the call is drawn. */
  readonly stage = element('div', { class: 'stage' });
  /** What can be pressed; it moves into the call while there is one, so that both are one thing. */
  readonly doing = element('div', { class: 'doing' });
  private readonly name = element('h1', { class: 'who', id: 'who', tabindex: '-1' }, 'Patient of this chart');
  private readonly born = element('span', { class: 'soft' });
  private readonly when = element('p', { class: 'soft' });
  private readonly state = element('span', { class: 'state', 'data-testid': 'patient-state' });
  private readonly clock = element('span', { class: 'waiting-clock', 'data-testid': 'waiting-clock' });
  private readonly waits = element('span', { class: 'now-clock' }, element('span', { class: 'visually-hidden' }, 'for '), this.clock);
  private readonly lines = { lost: new Line('again', true), confirmed: new Line('check'), others: new Line('person'), device: new Line('camera'), texting: new Line('alert'), interpreter: new Line('message'), names: new Line('alert'), meeting: new Line('enter'), untold: new Line('alert'), protection: new Line('shield') };
  private readonly list = element('ul', { class: 'lines' });
  private readonly reminder = element('p', { class: 'reminder soft', id: 'reminder', 'data-testid': 'reminder', hidden: true });
  private readonly fault = element('p', { class: 'fault', role: 'alert' });
  private readonly said = element('p', { class: 'said', role: 'status' });
  private readonly arrived = element('span', { class: 'soft' });
  private readonly alert: HTMLElement;
  private readonly ending: HTMLElement;
  private readonly buttons = new Map<Press, HTMLButtonElement>();
  private mediaLostAt: string | null = null;
  private readonly actions = element('div', { class: 'actions', role: 'group', 'aria-label': 'What to do' });

  constructor(
    private visit: VisitView,
    private readonly timeZone: string,
    private readonly place: Place,
    private readonly press: (press: Press) => void,
    parts: CardParts,
  ) {
    this.alert = this.drawAlert();
    this.ending = this.drawEnding();
    setText(this.reminder, parts.reminder);
    this.doing.append(this.reminder, this.actions, this.ending, this.fault, this.said);
    this.doing.addEventListener('keydown', refuseHeldKey);
    const head = element('header', { class: 'card-head' }, element('div', { class: 'who-line' }, this.name, this.born), this.when);
    const now = element('div', { class: 'now' }, this.state, this.waits);
    const { lost, confirmed, others, device, texting, interpreter, names, meeting, untold, protection } = this.lines;
    this.list.append(lost.root, names.root, meeting.root, untold.root, interpreter.root, confirmed.root, others.root, device.root, texting.root, protection.root);
    this.root = element('section', { class: 'card', 'data-testid': 'visit-card', 'data-visit': visit.visit, 'aria-labelledby': 'who' });
    this.root.append(this.alert, head, now, ...parts.panes, this.stage, this.doing, this.list, ...parts.more);
    this.update(visit);
  }

  /** Draw the snapshot. */
  update(visit: VisitView): void {
    this.visit = visit;
    this.drawState();
    this.drawLines();
    const unseen = isUnseen(visit);
    setText(this.arrived, unseen && visit.patient.arrival ? `Arrived ${timeOf(visit.patient.arrival.at, this.timeZone)}` : '');
    this.keepFocus(() => (this.alert.hidden = !unseen));
    if (visit.is_consult) setText(this.name, CONSULT);
    if (!this.when.dataset['detailed']) setText(this.when, `${visit.is_consult ? 'Video call' : 'Video visit'}, ${planOf(visit, this.timeZone)}`);
    this.offer();
    this.tick();
  }

  /** Once a second: the clock of somebody who waits. */
  tick(): void {
    const { state, waiting_since } = this.visit.patient;
    const waits = (state === 'waiting' || state === 'held') && waiting_since !== null && sayingOf(this.visit).tone === 'wait';
    this.waits.hidden = this.clock.hidden = !waits;
    if (waits) setText(this.clock, since(waiting_since));
    this.drawState();
    this.drawLost();
  }

  /** Sound and picture of the others are there, or were lost just now. */
  hearCall(isLost: boolean): void {
    this.mediaLostAt = isLost ? (this.mediaLostAt ?? new Date(serverNow()).toISOString()) : null;
    this.drawLost();
  }

  /** Names, read from the EHR; `null` when it does not answer, which stops nothing. */
  show(details: Details | null): void {
    this.lines.names.draw(details ? '' : 'The EHR does not answer: names are missing for now. The visit can go on.', 'wait');
    this.hideEmptyList();
    if (!details) return;
    const { name, birth_date } = details.patient;
    setText(this.name, name);
    setText(this.born, birth_date ? `born ${dateOf(birth_date)}` : '');
    const parts = [planOf(details, this.timeZone), details.service, details.clinician?.name, details.location];
    this.when.dataset['detailed'] = '1';
    setText(this.when, parts.filter(Boolean).join(' · '));
    this.lines.texting.draw(reachLine(details.patient), 'wait');
    this.lines.interpreter.draw(interpreterLine(details.patient), 'wait');
    this.hideEmptyList();
  }

  /** Ask once before ending. */
  ask(open: boolean): void {
    if (this.ending.hidden === !open) return;
    const held = this.ending.contains(document.activeElement);
    this.ending.hidden = !open;
    if (open) this.buttons.get('confirm-end')?.focus();
    else if (held) this.buttons.get('end-visit')?.focus();
  }

  /** What went wrong with a press, until the next one. */
  complain(sentence: string): void {
    setText(this.said, '');
    setText(this.fault, sentence);
  }

  /** What went well and does not show elsewhere. */
  say(sentence: string): void {
    setText(this.fault, '');
    setText(this.said, sentence);
  }

  /** While a press is under way its button cannot be pressed again, and keeps the focus. */
  busy(press: Press, is: boolean): void {
    const button = this.buttons.get(press);
    if (is) button?.setAttribute('aria-disabled', 'true');
    else button?.removeAttribute('aria-disabled');
  }

  /** The actions stand under the call, or in the card again. */
  placeActions(): void {
    this.root.dataset['call'] = this.place.inCall ? 'in' : 'out';
    if (!this.place.inCall) this.hearCall(false);
    if (!this.place.inCall) this.stage.after(this.doing);
    this.offer();
    // The call took its buttons along; whoever had pressed one goes on from here.
    if (document.activeElement === document.body && document.hasFocus()) this.focus();
  }

  /** Begin at the name: on a button, a key that is held down would press what was never meant. */
  focus(): void {
    this.name.focus({ preventScroll: true });
  }

  private drawState(): void {
    const { patient } = this.visit;
    const saying = sayingOf(this.visit);
    this.root.dataset['tone'] = saying.tone;
    this.state.dataset['state'] = patient.state;
    this.state.dataset['message'] = patient.message?.state ?? '';
    if (this.state.textContent === saying.word) return;
    this.state.replaceChildren(sign(saying.sign), element('span', {}, saying.word));
  }

  private drawLost(): void {
    const { state, patient } = this.visit;
    const isOver = state === 'ended' || state === 'cancelled';
    const media = this.mediaLostAt ? `No picture or sound of the patient since ${timeOf(this.mediaLostAt, this.timeZone)}. It comes back by itself.` : '';
    this.lines.lost.draw(isOver ? '' : lostLine(patient, this.timeZone) || media, 'wait');
    this.hideEmptyList();
  }

  private drawLines(): void {
    const { state, patient, others, protected: isProtected } = this.visit;
    const isOver = state === 'ended' || state === 'cancelled';
    const here = others.filter((one) => one.state === 'connected' || one.state === 'reconnecting').length;
    this.lines.confirmed.draw(!isOver && this.visit.confirmed_at ? 'Confirmed by the patient.' : '');
    this.lines.others.draw(!isOver && here && !this.place.inCall ? 'The call is open in another window, yours or a colleague’s.' : '');
    this.lines.device.draw(isOver ? '' : rehearsalLine(this.visit, this.timeZone), hasDeviceTrouble(patient.device) ? 'wait' : undefined);
    const protection = isProtected ? 'Your network address is hidden from the patient.' : 'Address protection is off: there is no relay.';
    this.lines.protection.draw(isOver || this.visit.is_consult || !this.visit.meeting.is_in_page ? '' : protection);
    const held = meetingLine(this.visit);
    this.lines.meeting.draw(isOver ? '' : held.text, held.tone);
    this.lines.untold.draw(isOver ? '' : untoldLine(this.visit, this.timeZone), 'wait');
    this.hideEmptyList();
  }

  private hideEmptyList(): void {
    this.list.hidden = Object.values(this.lines).every((line) => line.root.hidden);
  }

  private offer(): void {
    const presses = offered(this.visit, this.place);
    if (!presses.includes('end-visit')) this.ask(false);
    this.reminder.hidden = !presses.includes('admit') || !this.reminder.textContent;
    this.keepFocus(() => {
      for (const button of [...this.actions.children]) {
        if (!presses.some((press) => this.buttons.get(press) === button)) button.remove();
      }
      presses.forEach((press, at) => this.putAt(press, at));
    });
    this.actions.hidden = presses.length === 0;
  }

  private putAt(press: Press, at: number): void {
    const button = this.buttons.get(press) ?? this.button(press);
    button.classList.toggle('button-main', at === 0 && !QUIET.has(press));
    const there = this.actions.children[at];
    if (there !== button) this.actions.insertBefore(button, there ?? null);
  }

  /** The focus stays on a button that is moved, and goes to the card's beginning when its button goes. */
  private keepFocus(change: () => void): void {
    const had = document.activeElement;
    const wasHere = had instanceof HTMLElement && this.root.contains(had);
    change();
    if (wasHere && (!had.isConnected || had.closest('[hidden]'))) this.focus();
    else if (wasHere && document.activeElement !== had) had.focus({ preventScroll: true });
  }

  private button(press: Press, className = ''): HTMLButtonElement {
    const made = element('button', { type: 'button', class: `button ${className}`.trim(), 'data-testid': press }, LABELS[press]);
    if (press === 'open-apart') made.prepend(sign('apart'));
    if (press === 'admit' && this.reminder.textContent) made.setAttribute('aria-describedby', this.reminder.id);
    made.addEventListener('click', () => {
      if (made.getAttribute('aria-disabled') !== 'true') this.press(press);
    });
    this.buttons.set(press, made);
    return made;
  }

  private drawAlert(): HTMLElement {
    const words = element('p', { class: 'arrival-words' }, element('strong', {}, 'The patient has arrived'), this.arrived);
    return element('div', { class: 'arrival', 'data-testid': 'arrival-alert', hidden: true }, sign('bell'), words, this.button('acknowledge'));
  }

  private drawEnding(): HTMLElement {
    const question = element('p', {}, `${ENGLISH.end_question} ${this.visit.is_consult ? 'Everybody' : 'The patient'} sees that it is over.`);
    const presses = element('div', { class: 'presses' }, this.button('confirm-end', 'button-alarm'), this.button('keep-open'));
    const pane = element('div', { class: 'pane pane-alarm', role: 'group', 'aria-label': 'End the visit?', hidden: true }, element('div', {}, question, presses));
    pane.addEventListener('keydown', (event) => {
      if (event.key === 'Escape') this.press('keep-open');
    });
    return pane;
  }
}

/** Enter held down repeats its press, on the next button too: nobody ends a visit like that. */
function refuseHeldKey(event: KeyboardEvent): void {
  if (event.repeat && event.target instanceof HTMLButtonElement) event.preventDefault();
}
