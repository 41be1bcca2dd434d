/** The clinician's panel: the socket, the visits it tells of, and which of them is open. */

import type { StaffSocket } from '../../call/wire';
import { assertNever, parseStaff, type StaffMessage } from '../../protocol/messages';
import { HousecallSocket, type SocketState } from '../../protocol/socket';
import { element } from '../../ui/element';
import { Acts, type ActFailed } from './acts';
import { Arrivals, hasUnseen, isUnseen } from './arrivals';
import { Choices } from './choices';
import { setServerNow } from './clock';
import { emptyPage } from './empty';
import { changesOf } from './guests';
import { BeginNow, WITHOUT_APPOINTMENT } from './instant';
import { opening, Visits, type First, type VisitView } from './model';
import { LOST, Page, type Banner } from './page';
import { reportPresence } from './presence';
import { DetailsReader } from './reader';
import { sign } from './signs';
import { Chime } from './sound';
import { OpenVisit, type VisitHome } from './visit';
import { sayingOf } from './words';
import { keepLive } from '../waking';

const CLOSED: Banner = { tone: 'alarm', sign: 'alert', text: 'This panel’s session is over. Open Housecall from the chart again.' };
const REPLACED: Banner = { tone: 'wait', sign: 'apart', text: 'This panel is open in another window, and is kept up to date there.' };
const FAULT: Banner = { tone: 'alarm', sign: 'alert', text: 'The panel is not up to date any more.', press: { word: 'Load it again', act: () => location.reload() } };

export class Panel {
  private readonly visits: Visits;
  private readonly socket: StaffSocket;
  private readonly acts: Acts;
  private readonly page: Page;
  private readonly arrivals: Arrivals;
  private readonly back = element('button', { type: 'button', class: 'quiet back' });
  private open: OpenVisit | null = null;
  private choices: Choices | null = null;
  private readers: DetailsReader[] = [];
  private isClosed = false;
  private warmsUp = false;

  constructor(private readonly first: First) {
    const chime = new Chime();
    this.visits = new Visits(first.visits);
    this.acts = new Acts(first.launch);
    this.socket = new HousecallSocket({ url: `/panel/${first.launch}/socket`, parse: parseStaff });
    const list = element('a', { href: first.list, class: 'quiet', 'data-testid': 'worklist-link' }, 'Today’s list');
    const instant = first.begins && first.visits.length > 0 ? [this.beginNow(false)] : [];
    this.page = new Page(first.clinic, [list, ...instant, chime.button]);
    this.arrivals = new Arrivals({ alarm: (text) => this.page.alarm(text), badge: (count) => this.page.badge(count), ring: () => chime.ring() }, first.user);
    this.back.addEventListener('click', () => this.goBack());
  }

  start(): void {
    setServerNow(this.first.server_now);
    document.body.dataset['alone'] = String(this.first.alone);
    this.visits.onChange((visit, before) => this.changed(visit, before));
    this.socket.onMessage((message) => this.hear(message));
    this.socket.onState((state) => this.watch(state));
    this.socket.connect();
    this.begin();
    this.arrivals.follow(this.visits.candidates());
    setInterval(() => this.tick(), 1_000);
    reportPresence(this.socket);
    keepLive(this.socket);
  }

  private begin(): void {
    const found = opening(this.visits.candidates());
    switch (found.kind) {
      case 'none':
        return this.page.show(emptyPage(this.first.begins ? this.beginNow(true) : undefined));
      case 'one':
        return this.show(found.visit);
      case 'several':
        return this.choose(found.visits);
      default:
        return assertNever(found);
    }
  }

  private beginNow(isMain: boolean): HTMLElement {
    // The page that is loaded anew has the visit in it.
    return new BeginNow(() => this.acts.beginNow().then(() => location.reload()), { word: isMain ? 'Start a visit now' : WITHOUT_APPOINTMENT, mark: 'begin-now', isMain }).root;
  }

  private choose(visits: VisitView[]): void {
    this.leave();
    const choices = new Choices(visits, this.first.time_zone, (id) => this.chosen(id));
    this.choices = choices;
    this.readers = visits.map(({ visit }) => {
      const reader = new DetailsReader(() => this.acts.details(visit), (details) => details && choices.show(visit, details));
      void reader.start();
      return reader;
    });
    this.page.show(choices.root);
  }

  private chosen(id: string): void {
    const visit = this.visits.get(id);
    if (!visit) return;
    this.show(visit);
    this.open?.card.focus();
  }

  private show(visit: VisitView): void {
    this.leave();
    this.open = new OpenVisit(visit, this.home());
    this.open.warmsUp(this.warmsUp && this.socket.state === 'open');
    this.drawBack();
    this.page.show(element('div', {}, this.back, this.open.card.root));
  }

  private goBack(): void {
    const from = this.open?.id ?? '';
    this.choose(this.visits.candidates());
    this.choices?.focus(from);
  }

  private leave(): void {
    for (const reader of this.readers.splice(0)) reader.stop();
    this.choices = null;
    const open = this.open;
    this.open = null;
    open?.close();
  }

  private home(): VisitHome {
    const { acts, socket, visits } = this;
    return {
      acts, user: this.first.user, socket, visits, timeZone: this.first.time_zone, alone: this.first.alone, filesNotes: this.first.files_notes, reminder: this.first.reminder, tellsGuests: this.first.tells_guests, words: this.first.words,
      onFailure: (error) => this.failed(error),
      onCall: () => this.drawBack(),
      onRestart: (visit) => this.restarted(visit),
    };
  }

  private restarted(visit: VisitView): void {
    this.visits.take(visit);
    if (this.open?.id === visit.visit) return this.open.card.focus();
    this.show(visit);
    this.open?.card.focus();
  }

  private hear(message: StaffMessage): void {
    switch (message.type) {
      case 'welcome':
        setServerNow(message.server_now);
        // Only the whole state makes the panel true again; an open socket alone may close at once.
        if (!this.isClosed) this.page.say(null);
        this.warmsUp = message.warm_up === true;
        this.open?.warmsUp(this.warmsUp);
        for (const visit of message.visits) this.visits.take(visit);
        return;
      case 'visit':
        return this.visits.take(message.visit);
      case 'error':
      case 'room':
      case 'peer-joined':
      case 'peer-left':
      case 'signal':
      case 'warm':
      case 'warm-signal':
      case 'cold':
      case 'over':
      case 'replaced':
      case 'moving':
      case 'pong':
        // The call's own.
        return;
      default:
        return assertNever(message);
    }
  }

  private changed(visit: VisitView, before: VisitView | undefined): void {
    const open = this.open;
    if (open?.id === visit.visit) open.update(visit);
    else if (!open && !before) this.begin();
    else this.choices?.update(visit);
    this.followRestart();
    this.tell(visit, before);
    this.arrivals.follow(this.visits.candidates());
    this.drawBack();
  }

  /** Somebody else began the open visit again: the new one takes its place. */
  private followRestart(): void {
    const open = this.open ? this.visits.get(this.open.id) : undefined;
    const next = open && this.visits.successorOf(open);
    if (next) this.show(next);
  }

  /** A change of state in words; an arrival is told as an alarm instead. */
  private tell(visit: VisitView, before: VisitView | undefined): void {
    const [now, was] = [sayingOf(visit).word, before ? sayingOf(before).word : ''];
    const news = before && now !== was && !isUnseen(visit) ? [`Patient: ${now}`] : [];
    const all = before ? [...news, ...changesOf(visit, before)] : news;
    if (all.length) this.page.announce(all.join('. '));
  }

  private watch(state: SocketState): void {
    if (this.isClosed) return;
    if (state === 'lost') this.page.saySoon(LOST);
    else if (state === 'ended') this.end();
  }

  private end(): void {
    if (this.socket.ending === 'not-signed-in') this.shut();
    else this.page.say(this.socket.ending === 'replaced' ? REPLACED : FAULT);
  }

  private failed(error: ActFailed): void {
    if (error.code === 'web.panel_closed') this.shut();
  }

  /** The session is over; a call that goes on is not touched. */
  private shut(): void {
    this.isClosed = true;
    document.body.dataset['closed'] = 'true';
    this.open?.stopReading();
    for (const reader of this.readers) reader.stop();
    this.page.say(CLOSED);
  }

  /** The way back to the choice, with how many wait there; a call is left first. */
  private drawBack(): void {
    const others = this.visits.candidates().filter((visit) => visit.visit !== this.open?.id);
    const waiting = others.filter(hasUnseen).length;
    this.back.hidden = others.length === 0 || this.open?.card.root.dataset['call'] === 'in';
    const word = waiting ? `All visits: ${waiting} waiting` : 'All visits';
    this.back.classList.toggle('back-waiting', waiting > 0);
    if (this.back.textContent !== word) this.back.replaceChildren(sign('back'), word);
  }

  private tick(): void {
    this.open?.tick();
    this.choices?.tick();
  }
}
