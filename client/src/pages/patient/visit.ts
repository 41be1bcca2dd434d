/** The patient's way through a visit. The server's state decides the screen; this page only asks and shows. */

import { Devices } from '../../call/media';
import { playTone } from '../../call/meter';
import { fill } from '../../call/texts';
import { openCall, type CallView } from '../../call/view';
import { WarmGuest } from '../../call/guest';
import { warmUp } from '../../call/warm';
import { patientWire } from '../../call/wire';
import { assertNever, parsePatient, type ElsewhereMessage, type PatientMessage, type PatientSays, type RoomDetails, type StateMessage } from '../../protocol/messages';
import { HousecallSocket, type SocketState } from '../../protocol/socket';
import { element } from '../../ui/element';
import { aheadScreen } from './ahead';
import { DeviceCheck, type Results } from './check';
import { Checking, type Occasion } from './checking';
import { dayOf, type First } from './first';
import { heldPane, heldScreen, Lobby } from './lobby';
import { Page, type Screen } from './page';
import { cancelledScreen, closedScreen, declinedScreen, earlyScreen, elsewhereScreen, leftScreen, movedScreen, overScreen, replacedScreen, withdrawnScreen } from './screens';
import { Telling } from './telling';
import { lastGoodTest, noteTest } from './tested';
import { keepLive } from '../waking';

/** What the person asked for last and the server has not yet granted. */
type Wish = 'lobby' | 'come-back' | null;

// Everybody who came early asks again at the same second otherwise.
const EARLY_SPREAD_MS = 3_000;
// A timer that is longer than 24 days ends at once.
const LONGEST_TIMER_MS = 24 * 60 * 60 * 1000;
// Long enough to be read out, short enough that nobody thinks that something is stuck.
const GO_AFTER_MS = 2_000;

export class Visit {
  private readonly socket: HousecallSocket<PatientMessage, PatientSays>;
  private readonly devices = new Devices();
  private readonly page: Page;
  private readonly telling: Telling;
  private readonly warm: WarmGuest;
  private state: StateMessage | null = null;
  private wish: Wish = null;
  private call: CallView | null = null;
  private wasInCall = false;
  private pressedLeave = false;
  private held: HTMLElement | null = null;
  /** How far the server's clock is ahead of this one. */
  private aheadMs = 0;
  private early: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly first: First) {
    this.page = new Page(first);
    this.socket = new HousecallSocket({ url: `/seat/${first.seat}/socket`, parse: parsePatient });
    this.telling = new Telling(this.socket);
    this.warm = new WarmGuest(this.socket, { bundle: new MediaStream() });
  }

  start(): void {
    this.socket.onMessage((message) => this.hear(message));
    this.socket.onState((state) => this.follow(state));
    this.socket.connect();
    this.take(this.first.state);
    keepLive(this.socket);
  }

  private hear(message: PatientMessage): void {
    switch (message.type) {
      case 'state':
        return this.take(message);
      case 'admitted':
        return this.showCall(message);
      case 'elsewhere':
        return this.showElsewhere(message);
      case 'over':
        return this.showOver(message.reason);
      case 'error':
        return this.refused(message.code);
      case 'replaced':
      case 'moving':
      case 'pong':
      case 'peer-joined':
      case 'peer-left':
      case 'signal':
      case 'warm':
      case 'warm-signal':
      case 'cold':
        return;
      default:
        return assertNever(message);
    }
  }

  private follow(socket: SocketState): void {
    const { texts } = this.first;
    if (socket === 'open') this.page.lost(null);
    else if (socket === 'lost' && !this.call) this.page.lost(texts.page.lost);
    else if (socket === 'ended') this.end(this.socket.ending === 'replaced' ? replacedScreen(this.first) : closedScreen(this.first));
  }

  /** An older state is dropped, unless the visit was started again and counts from the beginning. */
  private take(state: StateMessage): void {
    const before = this.state;
    const isRestarted = before?.visit_state === 'ended' && state.visit_state !== 'ended';
    if (before && state.rev < before.rev && !isRestarted) return;
    this.state = state;
    this.aheadMs = Date.parse(state.server_now) - Date.now();
    this.telling.follow(state.state);
    this.drawHanding();
    clearTimeout(this.early);
    const isOver = state.lobby === 'over' || state.visit_state === 'ended';
    if (state.lobby === 'moved') this.end(movedScreen(this.first));
    else if (state.lobby === 'withdrawn') this.end(withdrawnScreen(this.first));
    else if (state.lobby === 'cancelled' || state.visit_state === 'cancelled') this.end(cancelledScreen(this.first));
    else if (isOver) this.showOver('ended');
    else this.show(state);
  }

  private show(state: StateMessage): void {
    switch (state.state) {
      case 'invited':
      case 'opened':
      case 'checking':
        return this.showBefore(state);
      case 'waiting':
        return this.showLobby(state);
      case 'held':
        return this.showHeld();
      case 'declined':
        this.closeCall();
        return this.swap('declined', () => declinedScreen(this.first, () => this.ask('lobby')));
      case 'left':
        return this.showLeft();
      case 'admitted':
      case 'connected':
      case 'reconnecting':
        // `admitted` follows with what the room needs.
        return this.unhold();
      default:
        return assertNever(state.state);
    }
  }

  private showBefore(state: StateMessage): void {
    this.closeCall();
    if (this.first.ahead) return this.showRehearsal();
    if (this.wish === 'lobby' && state.lobby === 'early') return this.showEarly();
    if (this.wish === 'lobby') return void this.socket.send({ type: 'enter-lobby' });
    if (this.wish === 'come-back') return this.ask('lobby');
    if (this.page.screen?.name !== 'check') this.showChecking();
  }

  private showChecking(): void {
    const { texts } = this.first;
    const before = lastGoodTest();
    const worked = before ? fill(texts.ahead.worked, { day: dayOf(before, this.first) }) : '';
    this.startTest({ word: texts.check.enter, mark: 'enter-lobby', worked }, (checking) => {
      checking.entering(true);
      this.ask('lobby');
    });
  }

  /** Days ahead there is nothing to wait for: who has tested here is told when the visit is. */
  private showRehearsal(): void {
    const shown = this.page.screen;
    if (shown?.name === 'check') return;
    if (shown?.root.dataset['mark'] !== 'rehearsed' && lastGoodTest() === null) return this.rehearse();
    this.showRehearsed(null);
  }

  private rehearse(): void {
    this.startTest({ word: this.first.texts.ahead.done, mark: 'done-testing', worked: '' }, ({ check }) => {
      const { results } = check;
      this.note(check);
      this.telling.atOnce();
      // The person is expected as before; what was found stays known.
      this.socket.send({ type: 'leave' });
      this.showRehearsed(results);
      this.letGo();
    });
  }

  private showRehearsed(results: Results | null): void {
    this.swap('rehearsed', () => aheadScreen(this.first, results, () => this.rehearse()));
    // This page knows days only as the server wrote them.
    this.whenOpen(() => location.reload());
  }

  private startTest(occasion: Occasion, onward: (checking: Checking) => void): void {
    const checking: Checking = new Checking(
      this.makeTest(() => {
        checking.sumUp();
        return !checking.isShort;
      }),
      this.first.texts,
      occasion,
      () => onward(checking),
    );
    this.page.show(checking);
    this.telling.checking();
    checking.check.start();
  }

  /** What `after` calls unfinished is not told. */
  private makeTest(after: () => boolean = () => true): DeviceCheck {
    const test: DeviceCheck = new DeviceCheck(this.devices, this.socket, this.first.seat, this.first.texts, () => {
      const counts = after() && !test.isRunning;
      if (counts) this.note(test);
    });
    return test;
  }

  private note(test: DeviceCheck): void {
    this.telling.results(test.findings);
    noteTest(test.works);
  }

  private showEarly(): void {
    this.swap('early', () => earlyScreen(this.first));
    this.whenOpen(() => this.ask('lobby'));
  }

  /** Once the waiting room has opened by the server's clock; asked for again with every state. */
  private whenOpen(act: () => void): void {
    if (!this.state) return;
    clearTimeout(this.early);
    const left = Date.parse(this.state.opens_at) - (Date.now() + this.aheadMs);
    const isLong = left > LONGEST_TIMER_MS;
    this.early = isLong ? setTimeout(() => this.whenOpen(act), LONGEST_TIMER_MS) : setTimeout(act, Math.max(1_000, left) + Math.random() * EARLY_SPREAD_MS);
  }

  private showLobby(state: StateMessage): void {
    this.closeCall();
    this.wish = null;
    const shown = this.page.screen;
    if (shown instanceof Lobby) return shown.update(state);
    const lobby = new Lobby(this.first, this.devices, () => this.makeTest(), () => this.leave());
    this.page.show(lobby);
    lobby.update(state);
    void this.devices.open();
    void warmUp();
  }

  private showHeld(): void {
    if (!this.call) return this.swap('held', () => heldScreen(this.first));
    this.call.hold(true);
    this.held ??= heldPane(this.first);
    this.call.cover(this.held);
    this.page.alert(this.first.texts.lobby.held_heading);
  }

  private unhold(): void {
    this.held = null;
    this.call?.cover(null);
    this.call?.hold(false);
  }

  /** That a colleague will see the patient, said in the call as in the lobby. */
  private drawHanding(): void {
    this.call?.notify(this.state?.handing ? this.first.texts.call.handing : '');
  }

  private showCall(details: RoomDetails): void {
    if (this.call) return;
    const { camera, microphone } = this.devices;
    for (const { warm } of details.peers) this.warm.begin(warm, { audio: microphone.track, video: camera.track });
    const { texts } = this.first;
    const wasHidden = document.visibilityState !== 'visible';
    const root = element('div', { class: 'call-room' }, element('h1', { class: 'visually-hidden', tabindex: '-1' }, texts.call.title));
    const screen: Screen = { name: 'call', root, title: texts.call.admitted };
    this.wish = null;
    this.wasInCall = true;
    void this.devices.open();
    // The room first and the screen after it: the connection is made while the page is drawn.
    this.call = openCall(root, {
      wire: patientWire(this.socket, details),
      devices: this.devices,
      role: 'patient',
      self: this.first.role,
      texts: texts.call,
      claimWarm: ({ warm }) => this.warm.claim(warm),
      onLeave: () => {
        this.pressedLeave = true;
        this.showLeft();
      },
      onOver: (reason) => (reason === 'replaced' ? undefined : this.showOver(reason)),
    });
    this.drawHanding();
    this.page.show(screen);
    this.page.lost(null);
    this.page.alert(texts.call.admitted);
    if (wasHidden) void playTone();
  }

  /** Whoever waited here is taken along; whoever comes back to this page goes when they press. */
  private showElsewhere(message: ElsewhereMessage): void {
    const waited = this.page.screen instanceof Lobby;
    this.wish = null;
    this.letGo();
    this.swap('elsewhere', () => elsewhereScreen(this.first, message, () => this.socket.send({ type: 'joined' })));
    this.page.alert(this.first.texts.elsewhere.heading);
    if (!waited) return;
    void playTone();
    setTimeout(() => {
      if (this.page.screen?.root.dataset['mark'] !== 'elsewhere') return;
      this.socket.send({ type: 'joined' });
      location.assign(message.url);
    }, GO_AFTER_MS);
  }

  /** Whoever did not press leave, but was taken for gone while the phone slept, comes back by themselves. */
  private showLeft(): void {
    const wasHere = this.call !== null || this.page.screen instanceof Lobby;
    if (wasHere && !this.pressedLeave) this.wish = 'come-back';
    if (this.wish === 'come-back' && this.socket.send({ type: 'come-back' })) return;
    this.closeCall();
    this.letGo();
    this.swap('left', () => leftScreen(this.first, () => this.ask('come-back')));
  }

  private showOver(reason: 'ended' | 'cancelled' | 'moved' | 'left'): void {
    if (reason === 'left') return this.showLeft();
    const ended = (): Screen => overScreen(this.first, this.wasInCall);
    const screens = { ended, cancelled: () => cancelledScreen(this.first), moved: () => movedScreen(this.first) };
    this.closeCall();
    this.letGo();
    this.swap(reason, screens[reason]);
  }

  /** Ask the server; asked again with the next state when there is no socket now. */
  private ask(wish: Wish): void {
    this.wish = wish;
    this.pressedLeave = false;
    this.page.lost(null);
    if (wish === 'lobby') this.socket.send({ type: 'enter-lobby' });
    if (wish === 'come-back') this.socket.send({ type: 'come-back' });
    this.socket.nudge();
  }

  private leave(): void {
    this.wish = null;
    this.pressedLeave = true;
    this.socket.send({ type: 'leave' });
  }

  /** The server's own sentence is for staff; what concerns signals only mends itself. */
  private refused(code: string): void {
    if (this.call || code.startsWith('realtime.')) return;
    this.wish = null;
    if (this.page.screen instanceof Checking) this.page.screen.entering(false);
    this.page.say(this.first.texts.page.refused);
  }

  /** Show a screen unless it is there already: states repeat, and a repeat must not take the focus. */
  private swap(mark: string, make: () => Screen): void {
    if (this.page.screen?.root.dataset['mark'] === mark) return;
    const screen = make();
    screen.root.dataset['mark'] = mark;
    this.page.show(screen);
  }

  private closeCall(): void {
    this.call?.close();
    this.call = null;
    this.held = null;
  }

  private letGo(): void {
    this.devices.close('camera');
    this.devices.close('microphone');
  }

  private end(screen: Screen): void {
    this.closeCall();
    this.letGo();
    this.page.lost(null);
    this.page.show(screen);
  }
}
