/** A colleague asked to take the visit over or to join it: what this clinician is asked, and whom they ask. */

import { element, setText } from '../../ui/element';
import { ANYBODY, asksOfOthers, askedOf, isAskUnseen, isTaken, type Ask, type Wish } from './asking';
import { timeOf } from './clock';
import type { VisitView } from './model';
import { sign } from './signs';

export interface Colleague {
  ref: string;
  name: string;
}

/** What whoever is asked answers, as the server names it. */
export type Answer = 'take-over' | 'decline' | 'seen' | 'join';

export interface ColleaguesHome {
  user: string;
  timeZone: string;
  /** Clinicians whose name begins so, or what went wrong in words. */
  find: (name: string) => Promise<Colleague[] | string>;
  /** Names of the visit's colleagues by their ids; empty where the EHR does not say. */
  names: () => Promise<Record<string, string>>;
  /** Each gives back what went wrong, in words, empty if nothing did. */
  ask: (to: string, wish: Wish) => Promise<string>;
  withdraw: (participant: string) => Promise<string>;
  answer: (answer: Answer) => Promise<string>;
}

const ASKS_YOU: Record<Wish, string> = { take_over: 'A colleague hands this visit over to you', join: 'A colleague asks you to join this visit' };
const HANDED_ON = 'This visit is handed to a colleague, who has not come yet';
const ASKED: Record<Wish, string> = { take_over: 'is asked to take over', join: 'is asked to join' };
const ABOUT = 'They find the visit at the top of their list and open it with their own sign-in. You keep the visit until they take it. The patient keeps their place and their link, and hears that a colleague will see them; never who.';
const CONSULTED = 'They find this call at the top of their list and come in with their own sign-in. Nobody else is in it.';
const ELSEWHERE = ' Your colleague enters the same meeting. Teams is not told who has the visit, and may have them wait in its lobby.';

/** One press that works once at a time, with what went wrong beside it. */
function press(mark: string, word: string, act: () => Promise<string>, fault: HTMLElement, className = 'button'): HTMLButtonElement {
  const made = element('button', { type: 'button', class: className, 'data-testid': mark }, word);
  made.addEventListener('click', () => {
    if (made.getAttribute('aria-disabled') === 'true') return;
    made.setAttribute('aria-disabled', 'true');
    void act().then((wrong) => {
      made.removeAttribute('aria-disabled');
      setText(fault, wrong);
    });
  });
  return made;
}

/** Names by their ids, kept by this page only. */
class NamesKept {
  private readonly known = new Map<string, string>();
  private readonly wanted = new Set<string>();

  constructor(private readonly read: () => Promise<Record<string, string>>, private readonly onNames: () => void) {}

  keep({ ref, name }: Colleague): void {
    this.known.set(ref, name);
  }

  /** The name, or a word for somebody whose name is being asked for or cannot be had. */
  of(ref: string, instead: string): string {
    const known = this.known.get(ref);
    if (known === undefined && ref && !this.wanted.has(ref)) {
      this.wanted.add(ref);
      void this.ask();
    }
    return known || instead;
  }

  private async ask(): Promise<void> {
    for (const [ref, name] of Object.entries(await this.read())) this.known.set(ref, name);
    this.onNames();
  }
}

export class ColleaguesPane {
  /** Above the state: what this clinician is asked. */
  readonly asked = element('div', { class: 'asked', 'data-testid': 'colleague-asks', hidden: true });
  /** Beside the visit's other people: whom they ask, and who has it now. */
  readonly others = element('section', { class: 'people', 'aria-label': 'Colleagues', 'data-testid': 'colleagues-asked', hidden: true });
  /** One level away: a colleague is found and asked. */
  readonly form: HTMLDetailsElement;
  private readonly about = element('p', { class: 'soft' });
  private readonly name = element('input', { type: 'text', class: 'field', id: 'colleague-name', autocomplete: 'off', autocapitalize: 'none', spellcheck: 'false', maxlength: '80', 'data-testid': 'colleague-name', 'aria-describedby': 'colleague-fault' });
  private readonly find = element('button', { type: 'submit', class: 'button', 'data-testid': 'find-colleague' }, 'Find');
  private readonly fault = element('p', { class: 'fault', id: 'colleague-fault', role: 'alert' });
  private readonly said = element('p', { class: 'soft', role: 'status' });
  private readonly found = element('ul', { class: 'people-list' });
  private readonly names: NamesKept;
  private visit: VisitView | null = null;
  private drawn = '';

  constructor(private readonly home: ColleaguesHome) {
    this.names = new NamesKept(home.names, () => this.visit && this.update(this.visit));
    const summary = element('summary', { class: 'line' }, sign('person'), element('span', { class: 'line-words' }, 'Ask a colleague'));
    const form = element('form', { class: 'invite-form', role: 'search', novalidate: true }, element('label', { for: 'colleague-name' }, 'The beginning of their name'), element('div', { class: 'presses' }, this.name, this.find), this.fault, this.said, this.found);
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      void this.search();
    });
    this.form = element('details', { class: 'more', 'data-testid': 'ask-colleague' }, summary, this.about, form);
  }

  update(visit: VisitView): void {
    this.visit = visit;
    const { user } = this.home;
    // Whom the EHR does not know cannot ask it for anybody.
    this.form.hidden = user === ANYBODY || visit.state === 'ended' || visit.state === 'cancelled';
    setText(this.about, visit.is_consult ? CONSULTED : ABOUT + (visit.meeting.is_in_page ? '' : ELSEWHERE));
    const mine = askedOf(visit, user);
    const asks = asksOfOthers(visit, user);
    const taker = isTaken(visit, user) ? this.names.of(visit.handed_to ?? '', 'A colleague') : '';
    const asker = mine ? this.names.of(mine.by, '') : '';
    const listed = asks.map((ask) => ({ ask, name: this.names.of(ask.user, 'A colleague') }));
    // Drawn anew only when something is another, so that the focus stays.
    const drawn = JSON.stringify([mine, asker, listed, taker]);
    if (drawn === this.drawn) return;
    this.drawn = drawn;
    this.drawAsked(mine, asker, visit);
    this.drawOthers(listed, taker);
  }

  /** Opened and ready to be typed into. */
  focus(): void {
    this.form.open = true;
    this.name.focus();
  }

  private drawAsked(mine: Ask | undefined, asker: string, visit: VisitView): void {
    this.asked.hidden = !mine;
    if (!mine) return this.asked.replaceChildren();
    const unseen = isAskUnseen(visit, this.home.user);
    const fault = element('p', { class: 'fault', role: 'alert' });
    const who = element('span', { class: 'soft' }, [asker, `asked ${timeOf(mine.at, this.home.timeZone)}`].filter(Boolean).join(', '));
    const words = element('p', { class: 'arrival-words' }, element('strong', {}, this.home.user === ANYBODY ? HANDED_ON : ASKS_YOU[mine.to]), who);
    const main: Answer = mine.to === 'take_over' ? 'take-over' : 'join';
    const presses = element('div', { class: 'presses' }, this.answering(main, mine.to === 'take_over' ? 'Take over' : 'Join', fault, 'button button-main'));
    if (this.home.user !== ANYBODY) presses.append(this.answering('decline', 'I cannot', fault));
    if (unseen) presses.append(this.answering('seen', 'Seen', fault));
    this.asked.classList.toggle('asked-unseen', unseen);
    this.asked.replaceChildren(sign('bell'), element('div', { class: 'asked-words' }, words, presses, fault));
  }

  private answering(answer: Answer, word: string, fault: HTMLElement, className?: string): HTMLButtonElement {
    return press(`colleague-${answer}`, word, () => this.home.answer(answer), fault, className);
  }

  private drawOthers(listed: { ask: Ask; name: string }[], taker: string): void {
    this.others.hidden = !listed.length && !taker;
    const rows = listed.map(({ ask, name }) => this.row(ask, name));
    const taken = taker ? [element('p', { class: 'line', role: 'status', 'data-testid': 'taken-over' }, sign('check'), element('span', { class: 'line-words' }, `${taker} has this visit now. You can leave it.`))] : [];
    this.others.replaceChildren(...taken, ...(rows.length ? [element('ul', { class: 'people-list' }, ...rows)] : []));
  }

  private row(ask: Ask, name: string): HTMLElement {
    const row = element('li', { class: 'person', 'data-testid': 'colleague-asked', 'data-state': ask.state, 'data-seen': String(ask.seen) });
    if (ask.state === 'declined') {
      row.append(element('div', { class: 'person-words' }, element('strong', {}, name), element('span', { class: 'person-state' }, 'cannot come. You still have the visit.')));
      return row;
    }
    const fault = element('p', { class: 'fault', role: 'alert' });
    const seen = ask.seen ? 'They have seen it.' : 'They have not seen it yet.';
    const words = element('div', { class: 'person-words' }, element('strong', {}, name), element('span', { class: 'person-state' }, ASKED[ask.to]), element('p', { class: 'soft' }, seen));
    row.append(words, element('div', { class: 'presses' }, press('withdraw-colleague', 'Take it back', () => this.home.withdraw(ask.participant), fault)), fault);
    return row;
  }

  private async search(): Promise<void> {
    const name = this.name.value.trim();
    if (name.length < 2) return this.complain('Type at least two letters of the name.');
    if (this.find.getAttribute('aria-disabled') === 'true') return;
    this.find.setAttribute('aria-disabled', 'true');
    const found = await this.home.find(name);
    this.find.removeAttribute('aria-disabled');
    if (typeof found === 'string') return this.complain(found);
    this.complain('');
    setText(this.said, found.length ? '' : 'Nobody in the EHR has a name that begins so.');
    this.found.replaceChildren(...found.map((one) => this.choice(one)));
  }

  private choice(one: Colleague): HTMLElement {
    const fault = element('p', { class: 'fault', role: 'alert' });
    const ask = (wish: Wish) => async (): Promise<string> => {
      this.names.keep(one);
      const wrong = await this.home.ask(one.ref, wish);
      if (!wrong) this.asking(one, wish);
      return wrong;
    };
    const presses = element('div', { class: 'presses' }, press('ask-to-join', 'Ask to join', ask('join'), fault));
    // Of a consult there is nothing to hand over.
    if (!this.visit?.is_consult) presses.prepend(press('hand-over', 'Hand over', ask('take_over'), fault));
    return element('li', { class: 'person', 'data-testid': 'colleague-found', 'data-ref': one.ref }, element('div', { class: 'person-words' }, element('strong', {}, one.name)), presses, fault);
  }

  private asking(one: Colleague, wish: Wish): void {
    this.found.replaceChildren();
    this.name.value = '';
    setText(this.said, `${one.name} ${ASKED[wish]}.`);
    this.name.focus();
  }

  private complain(sentence: string): void {
    setText(this.fault, sentence);
    this.name.setAttribute('aria-invalid', String(sentence !== ''));
    if (!sentence) return;
    this.said.textContent = '';
    this.found.replaceChildren();
    this.name.focus();
  }
}
