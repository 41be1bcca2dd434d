/** The visit's interpreters and relatives: each with role, language and state, and let in by themselves. */

import { element, setText } from '../../ui/element';
import { PERSON_SAYING, isArrived, roleName } from './guests';
import { since } from './clock';
import type { GuestView, VisitView } from './model';
import { deviceLine } from './rehearsal';
import { sign } from './signs';
import { isTrouble, languageOf, lostLine, lostOf, messageLine } from './words';

/** Acts on one guest, as the server names them. */
export type GuestAct = 'admit' | 'decline' | 'send-back' | 'acknowledge' | 'withdraw';

export interface PeopleHome {
  /** Do it; gives back what went wrong, in words, empty if nothing did. */
  act: (participant: string, act: GuestAct) => Promise<string>;
  /** What is one level away of this guest: the link, and how it gets to them. */
  reach: (guest: GuestView) => HTMLElement;
}

const LABELS: Record<GuestAct, string> = { admit: 'Admit', decline: 'Do not admit', 'send-back': 'Back to lobby', acknowledge: 'Seen', withdraw: 'Withdraw link' };
const IN_ROOM = new Set(['admitted', 'connected', 'held', 'reconnecting']);

/** Which presses a guest offers; the first one is the main one. */
export function offeredFor(guest: GuestView, visit: VisitView): GuestAct[] {
  if (visit.state === 'ended' || visit.state === 'cancelled') return [];
  if (guest.state === 'waiting') return ['admit', 'decline', ...(isArrived(guest) ? (['acknowledge'] as const) : [])];
  return IN_ROOM.has(guest.state) && visit.meeting.can_send_back ? ['send-back'] : [];
}

class Row {
  readonly root: HTMLElement;
  private readonly who = element('strong');
  private readonly state = element('span', { class: 'person-state' });
  private readonly clock = element('span', { class: 'person-clock' });
  private readonly soft = element('p', { class: 'soft' });
  private readonly presses = element('div', { class: 'presses' });
  private readonly fault = element('p', { class: 'fault', role: 'alert' });
  private readonly more: HTMLElement;
  private readonly buttons = new Map<GuestAct, HTMLButtonElement>();
  private guest: GuestView;
  private offers = '';

  constructor(guest: GuestView, private readonly home: PeopleHome, private readonly timeZone: string) {
    this.guest = guest;
    const now = element('p', { class: 'person-now' }, this.state, this.clock);
    const link = element('summary', {}, 'Link');
    this.more = element('details', { class: 'person-more' }, link, home.reach(guest), this.button('withdraw'));
    this.root = element('li', { class: 'person', 'data-testid': 'guest', 'data-participant': guest.participant, 'data-role': guest.role, tabindex: '-1' });
    this.root.append(element('div', { class: 'person-words' }, this.who, now, this.soft), this.presses, this.fault, this.more);
  }

  draw(guest: GuestView, visit: VisitView): void {
    this.guest = guest;
    const language = languageOf(guest.language);
    setText(this.who, language ? `${roleName(guest.role)} · ${language}` : roleName(guest.role));
    this.root.dataset['state'] = guest.state;
    this.root.classList.toggle('person-arrived', isArrived(guest));
    this.offer(offeredFor(guest, visit));
    this.more.hidden = visit.state === 'ended' || visit.state === 'cancelled';
    this.tick();
  }

  tick(): void {
    const { state, waiting_since } = this.guest;
    setText(this.clock, state === 'waiting' && waiting_since ? since(waiting_since) : '');
    this.drawState();
  }

  /** With the time, too: a line that is lost for a moment only is not told. */
  private drawState(): void {
    const saying = lostOf(PERSON_SAYING[this.guest.state], this.guest);
    this.root.dataset['tone'] = saying.tone;
    if (this.state.textContent !== saying.word) this.state.replaceChildren(sign(saying.sign), element('span', {}, saying.word));
    setText(this.soft, this.softLine());
    this.soft.hidden = !this.soft.textContent;
  }

  /** Only when they are others, so that the focus stays on a press; it goes to the row when its press goes. */
  private offer(presses: GuestAct[]): void {
    if (presses.join() === this.offers) return;
    this.offers = presses.join();
    const had = this.presses.contains(document.activeElement) ? document.activeElement : null;
    this.presses.replaceChildren(...presses.map((press, at) => this.main(press, at === 0 && press === 'admit')));
    this.presses.hidden = !presses.length;
    if (had instanceof HTMLElement) (this.presses.contains(had) ? had : this.root).focus({ preventScroll: true });
  }

  private softLine(): string {
    const { state, device, message } = this.guest;
    const lost = lostLine(this.guest, this.timeZone);
    if (lost) return lost;
    if (state === 'waiting' || state === 'checking') return deviceLine(device, this.timeZone);
    return state === 'invited' && message ? messageLine(message) + (isTrouble(message) ? '' : '.') : '';
  }

  private main(act: GuestAct, isMain: boolean): HTMLButtonElement {
    const button = this.buttons.get(act) ?? this.button(act);
    button.classList.toggle('button-main', isMain);
    return button;
  }

  private button(act: GuestAct): HTMLButtonElement {
    const made = element('button', { type: 'button', class: 'button', 'data-testid': `guest-${act}` }, LABELS[act], element('span', { class: 'visually-hidden' }, ` (${roleName(this.guest.role)})`));
    made.addEventListener('click', () => void this.press(act, made));
    this.buttons.set(act, made);
    return made;
  }

  private async press(act: GuestAct, button: HTMLButtonElement): Promise<void> {
    if (button.getAttribute('aria-disabled') === 'true') return;
    button.setAttribute('aria-disabled', 'true');
    const fault = await this.home.act(this.guest.participant, act);
    button.removeAttribute('aria-disabled');
    setText(this.fault, fault);
  }
}

export class PeoplePane {
  readonly root: HTMLElement;
  private readonly list = element('ul', { class: 'people-list' });
  private readonly rows = new Map<string, Row>();

  constructor(private readonly home: PeopleHome, private readonly timeZone: string) {
    this.root = element('section', { class: 'people', 'data-testid': 'people', 'aria-label': 'Interpreter and family', hidden: true }, this.list);
  }

  update(visit: VisitView): void {
    for (const [id, row] of this.rows) {
      if (visit.guests.some((guest) => guest.participant === id)) continue;
      row.root.remove();
      this.rows.delete(id);
    }
    for (const guest of visit.guests) this.rowOf(guest).draw(guest, visit);
    this.root.hidden = visit.guests.length === 0;
  }

  tick(): void {
    for (const row of this.rows.values()) row.tick();
  }

  private rowOf(guest: GuestView): Row {
    const known = this.rows.get(guest.participant);
    if (known) return known;
    const made = new Row(guest, this.home, this.timeZone);
    this.rows.set(guest.participant, made);
    this.list.append(made.root);
    return made;
  }
}
