/** The clinician's list of the day: kept live by its socket, sorted by who needs them, names as rows come into sight. */

import { assertNever, parseWorklist, type StaffSays, type WorklistMessage } from '../../protocol/messages';
import { HousecallSocket } from '../../protocol/socket';
import { element, setText } from '../../ui/element';
import { ActFailed, ask } from '../panel/acts';
import { ApartPane, openApart, type Address } from '../panel/apart';
import { Arrivals, isUnseen } from '../panel/arrivals';
import { serverNow, setServerNow } from '../panel/clock';
import { BeginNow, WITHOUT_APPOINTMENT } from '../panel/instant';
import type { VisitView } from '../panel/model';
import { LOST, Page, type Banner } from '../panel/page';
import { reportPresence } from '../panel/presence';
import { Chime } from '../panel/sound';
import { sayingOf } from '../panel/words';
import { Names, type Named } from './names';
import { compare, GROUPS, groupOf, summary, type Group } from './order';
import { Row, type RowPress } from './row';
import { keepLive } from '../waking';

/** What the server puts into the page. */
export interface FirstList {
  /** The chart's panel, or the list itself where there is no chart. */
  base: string;
  /** The list's address, and what is asked of it. */
  list: string;
  query: string;
  tabs: { query: string; word: string; here: boolean }[];
  /** Whether names can be had: never without the EHR. */
  names: boolean;
  /** Who this is to colleagues; `*` for an account. */
  user: string;
  whose: 'mine' | 'place' | 'everybody';
  visits: VisitView[];
  /** Visits of the chart that this list was opened from. */
  own: string[];
  clinic: string;
  time_zone: string;
  until: string | null;
  server_now: string;
}

const CLOSED: Banner = { tone: 'alarm', sign: 'alert', text: 'This list’s session is over. Open Housecall from the chart again.' };
const FAULT: Banner = { tone: 'alarm', sign: 'alert', text: 'The list is not up to date any more.', press: { word: 'Load it again', act: () => location.reload() } };
const NAMELESS: Banner = { tone: 'wait', sign: 'alert', text: 'The EHR does not give names at present. Times and states are right.' };
const TITLES: Record<Group, string> = { asked: 'A colleague asks you', waiting: 'Waiting now', 'going-on': 'In a visit', 'to-come': 'Still to come', over: 'Over' };
const MANY = 100;
const EMPTY = { mine: 'You have no video visits today.', place: 'There are no video visits here today.', everybody: 'There are no video visits today.' };
const NO_EHR = 'Opened without the EHR: times and states, no names. Ask the patient who they are before you begin.';

export class Worklist {
  private readonly visits = new Map<string, VisitView>();
  private readonly rows = new Map<string, Row>();
  private readonly socket: HousecallSocket<WorklistMessage, StaffSays>;
  private readonly page: Page;
  private readonly arrivals: Arrivals;
  private readonly names: Names;
  private readonly sight: IntersectionObserver;
  private readonly apart = new ApartPane();
  private readonly lists = new Map<Group, { root: HTMLElement; list: HTMLElement; title: HTMLElement }>();
  private readonly counts = element('p', { class: 'soft list-counts', role: 'status' });
  private readonly empty: HTMLElement;
  private until: string | null;
  private isClosed = false;

  constructor(private readonly first: FirstList) {
    const chime = new Chime();
    this.until = first.until;
    this.socket = new HousecallSocket({ url: `${first.list}/socket?${first.query}`, parse: parseWorklist });
    this.page = new Page(first.clinic, [chime.button]);
    this.arrivals = new Arrivals({ alarm: (text) => this.page.alarm(text), badge: (count) => this.page.badge(count), ring: () => chime.ring() }, first.user);
    this.names = new Names((visits) => ask(`${first.list}/names`, { visits }), (visit, named) => this.named(visit, named), (is) => this.page.say(is ? NAMELESS : null));
    this.sight = new IntersectionObserver((entries) => this.looked(entries), { rootMargin: '200px' });
    this.empty = element('p', { class: 'list-empty' }, EMPTY[first.whose]);
  }

  start(): void {
    setServerNow(this.first.server_now);
    this.page.show(this.frame());
    this.takeAll(this.first.visits);
    this.socket.onMessage((message) => this.hear(message));
    this.socket.onState((state) => {
      if (state === 'lost' && !this.isClosed) this.page.saySoon(LOST);
      if (state === 'ended') this.end();
    });
    this.socket.connect();
    reportPresence(this.socket);
    setInterval(() => this.tick(), 1_000);
    keepLive(this.socket);
  }

  private frame(): HTMLElement {
    const head = element('header', { class: 'list-head' }, element('h1', { class: 'who' }, `Today, ${dayOf(this.first.server_now, this.first.time_zone)}`), this.counts, this.tabs());
    if (!this.first.names) head.append(element('p', { class: 'list-note' }, NO_EHR));
    if (this.first.names) head.append(...this.consulting());
    if (!this.first.names && this.first.query) head.append(this.beginNow());
    const root = element('div', { class: 'worklist', 'data-testid': 'worklist' }, head, this.empty);
    for (const group of GROUPS) root.append(this.group(group));
    return root;
  }

  /** Colleagues meet without a patient, in a window of its own. */
  private consulting(): HTMLElement[] {
    const pane = new ApartPane();
    const begin = async (): Promise<void> => {
      const { isOpened, ...opened } = await openApart(() => ask<Address>(`${this.first.list}/consult`, {}), () => window.open('about:blank', '_blank'));
      pane.show(opened, isOpened);
    };
    return [new BeginNow(begin, { word: 'Consult a colleague', mark: 'begin-consult' }).root, pane.root];
  }

  /** Whom only the clinician knows, on the phone perhaps, is seen now: the link goes where they say. */
  private beginNow(): HTMLElement {
    const begin = async (): Promise<void> => location.assign((await ask<Address>(`${this.first.list}/instant?${this.first.query}`, {})).url);
    return new BeginNow(begin, { word: WITHOUT_APPOINTMENT, mark: 'begin-now' }).root;
  }

  private tabs(): HTMLElement {
    const back = element('a', { href: this.first.base, class: 'quiet' }, 'Back to the chart’s visit');
    const tabs = this.first.tabs.map(({ query, word, here }) => element('a', { href: `?${query}`, class: 'tab', 'aria-current': here ? 'page' : undefined }, word));
    return element('nav', { class: 'list-tabs', 'aria-label': 'Whose visits' }, ...tabs, ...(this.first.own.length ? [back] : []));
  }

  private group(group: Group): HTMLElement {
    const title = element(group === 'over' ? 'summary' : 'h2', { class: 'list-title' }, TITLES[group]);
    const list = element('ul', { class: 'rows' });
    const root = element(group === 'over' ? 'details' : 'section', { class: 'list-group', 'data-group': group, hidden: true }, title, list);
    this.lists.set(group, { root, list, title });
    return root;
  }

  private hear(message: WorklistMessage): void {
    switch (message.type) {
      case 'worklist':
        setServerNow(message.server_now);
        this.until = message.until;
        if (!this.isClosed) this.page.say(null);
        return this.takeAll(message.visits);
      case 'visit':
        return this.take(message.visit);
      case 'gone':
        return this.forget(message.visit);
      case 'moving':
      case 'pong':
      case 'error':
        return;
      default:
        return assertNever(message);
    }
  }

  private takeAll(visits: VisitView[]): void {
    const there = new Set(visits.map((visit) => visit.visit));
    for (const id of [...this.visits.keys()]) if (!there.has(id)) this.drop(id);
    for (const visit of visits) this.keep(visit);
    this.arrange();
  }

  private take(visit: VisitView): void {
    const before = this.visits.get(visit.visit);
    if (!this.keep(visit)) return;
    const [now, was] = [sayingOf(visit).word, before ? sayingOf(before).word : ''];
    if (before && now !== was && !isUnseen(visit)) this.page.announce(`${this.names.get(visit.visit)?.name ?? 'A patient'}: ${now}`);
    this.arrange();
  }

  private forget(id: string): void {
    this.drop(id);
    this.arrange();
  }

  /** Whether it is news. */
  private keep(visit: VisitView): boolean {
    const before = this.visits.get(visit.visit);
    if (before && before.rev > visit.rev) return false;
    this.visits.set(visit.visit, visit);
    const row = this.rows.get(visit.visit);
    if (row) row.update(visit);
    else this.add(visit);
    return true;
  }

  private add(visit: VisitView): void {
    const row = new Row(visit, { timeZone: this.first.time_zone, user: this.first.user, isOwn: this.first.own.includes(visit.visit) }, (press) => void this.press(visit.visit, press));
    this.rows.set(visit.visit, row);
    if (this.first.names) this.sight.observe(row.root);
    else row.nameless();
  }

  private drop(id: string): void {
    const row = this.rows.get(id);
    if (row) this.sight.unobserve(row.root);
    row?.root.remove();
    this.rows.delete(id);
    this.visits.delete(id);
    this.names.unwant(id);
  }

  /** Every row in its place; those that stand right are not touched, so that focus and sight stay. */
  private arrange(): void {
    const sorted = [...this.visits.values()].sort((one, other) => compare(one, other, this.first.user));
    const places = new Map<Group, number>(GROUPS.map((group) => [group, 0]));
    for (const visit of sorted) {
      const group = groupOf(visit, this.first.user);
      const [list, at, row] = [this.lists.get(group)!.list, places.get(group)!, this.rows.get(visit.visit)!.root];
      if (list.children[at] !== row) moveTo(list, row, list.children[at] ?? null);
      places.set(group, at + 1);
    }
    for (const group of GROUPS) this.titled(group, places.get(group)!);
    this.page.main.classList.toggle('list-long', this.visits.size > MANY);
    this.empty.hidden = this.visits.size > 0;
    setText(this.counts, summary(this.visits.values(), this.first.user));
    this.arrivals.follow(sorted);
  }

  private titled(group: Group, count: number): void {
    const { root, title } = this.lists.get(group)!;
    root.hidden = count === 0;
    setText(title, `${TITLES[group]} (${count})`);
  }

  private looked(entries: IntersectionObserverEntry[]): void {
    for (const { target, isIntersecting } of entries) {
      const id = (target as HTMLElement).dataset['visit'] ?? '';
      if (isIntersecting) this.names.want(id);
      else this.names.unwant(id);
    }
  }

  private named(visit: string, named: Named | null): void {
    this.rows.get(visit)?.show(named);
  }

  private async press(id: string, press: RowPress): Promise<void> {
    const row = this.rows.get(id);
    if (!row) return;
    if (press === 'open' && this.first.own.includes(id)) return location.assign(this.first.base);
    row.complain('');
    row.busy(press, true);
    try {
      if (press === 'open') await this.open(row, id);
      else this.take(await ask<VisitView>(`${this.first.list}/${id}/${press}`, {}));
    } catch (error) {
      if (!(error instanceof ActFailed)) throw error;
      if (error.code === 'web.panel_closed') this.shut();
      row.complain(error.message);
    } finally {
      row.busy(press, false);
    }
  }

  /** Another patient's visit gets a window of its own: this chart stays its patient's. */
  private async open(row: Row, id: string): Promise<void> {
    const address = (): Promise<Address> => ask(`${this.first.list}/${id}/open`, {});
    // Without a chart there is nobody to mix up: the visit opens in the list's place.
    if (!this.first.names) return location.assign((await address()).url);
    const { isOpened, ...opened } = await openApart(address, () => window.open('about:blank', '_blank'));
    row.below.replaceChildren(this.apart.root);
    this.apart.show(opened, isOpened);
  }

  private end(): void {
    if (this.socket.ending === 'not-signed-in') this.shut();
    else this.page.say(FAULT);
  }

  private shut(): void {
    this.isClosed = true;
    document.body.dataset['closed'] = 'true';
    this.names.stop();
    this.page.say(CLOSED);
  }

  private tick(): void {
    for (const [id, visit] of this.visits) if (visit.patient.state === 'waiting' || visit.patient.gone_since) this.rows.get(id)?.tick();
    // A new day has a list of its own.
    if (!this.isClosed && this.until && serverNow() >= Date.parse(this.until)) location.reload();
  }
}

function dayOf(iso: string, timeZone: string): string {
  return new Intl.DateTimeFormat('en', { weekday: 'long', day: 'numeric', month: 'long', timeZone }).format(new Date(iso));
}

/** A button in a row that is moved keeps the focus. */
function moveTo(list: HTMLElement, row: HTMLElement, before: Element | null): void {
  const held = row.contains(document.activeElement) ? (document.activeElement as HTMLElement) : null;
  list.insertBefore(row, before);
  if (held && document.activeElement !== held) held.focus({ preventScroll: true });
}
