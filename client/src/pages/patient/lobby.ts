/** The waiting room: it says that the clinician knows, how long it has been, and what comes next. */

import { keepAwake } from '../../call/awake';
import type { Devices } from '../../call/media';
import { fill } from '../../call/texts';
import type { StateMessage } from '../../protocol/messages';
import { element, setText } from '../../ui/element';
import type { DeviceCheck } from './check';
import { minutes, type First } from './first';
import { button, heading, type Screen } from './page';
import { TextMe } from './textme';
import { Turn } from './turn';

const MINUTE_MS = 60_000;

export class Lobby implements Screen {
  readonly name = 'lobby';
  readonly root: HTMLElement;
  readonly title: string;
  private readonly waited = element('p', { class: 'lobby-waited' });
  private readonly message = element('div', { class: 'lobby-message', 'data-testid': 'lobby-message', role: 'status', hidden: true });
  private readonly handing = element('p', { class: 'lobby-told', role: 'status', 'data-testid': 'handing', hidden: true });
  private readonly testPane = element('div', { class: 'lobby-test', hidden: true });
  private readonly recheck: HTMLButtonElement;
  private readonly ticking: ReturnType<typeof setInterval>;
  /** One's own picture in the breathing circle; it also keeps the camera awake, so that nobody waits for it at admission. */
  private readonly self = element('video', { class: 'lobby-self mirrored', autoplay: true, playsinline: true, hidden: true });
  private readonly stopDevices: () => void;
  /** A phone that goes to sleep loses its place after a while. */
  private readonly letSleep = keepAwake();
  private readonly next: HTMLElement;
  private readonly textMe: TextMe;
  private readonly turn: Turn;
  private test: DeviceCheck | null = null;
  private since = 0;
  private aheadMs = 0;

  constructor(private readonly first: First, private readonly devices: Devices, private readonly makeTest: () => DeviceCheck, leave: () => void) {
    const { lobby } = first.texts;
    this.title = lobby.waiting_heading;
    this.recheck = button(lobby.recheck, () => this.toggleTest(), { 'data-testid': 'recheck', 'aria-expanded': 'false' });
    const breath = element('div', { class: 'breath', 'aria-hidden': 'true' }, element('span'), element('span'), element('span'), this.self);
    const told = element('p', { class: 'lobby-told' }, lobby.waiting_text);
    this.next = element('p', {}, lobby.waiting_next);
    const quiet = element('p', { class: 'soft' }, lobby.private);
    const out = button(lobby.leave, leave, { class: 'button button-quiet', 'data-testid': 'leave-lobby' });
    this.textMe = new TextMe(first);
    this.turn = new Turn(first);
    const presses = element('div', { class: 'lobby-presses' }, this.textMe.ask, this.recheck, out);
    this.root = element('section', { class: 'lobby', 'data-testid': 'lobby', 'data-state': 'waiting' });
    this.root.append(breath, heading(lobby.waiting_heading), told, this.waited, this.turn.root, this.next, this.handing, this.message, this.textMe.pane, quiet, this.testPane, presses);
    this.ticking = setInterval(() => this.tick(), 1_000);
    this.self.muted = true;
    this.stopDevices = devices.onChange(() => this.drawSelf());
    this.drawSelf();
  }

  /** Draw what the server says; `message` is the clinic's own word to whoever waits. */
  update(state: StateMessage): void {
    this.aheadMs = Date.parse(state.server_now) - Date.now();
    this.since = state.waiting_since ? Date.parse(state.waiting_since) : 0;
    this.textMe.update(state);
    // It says to keep the page open, which whoever is texted need not.
    this.next.hidden = state.texting;
    this.handing.hidden = !state.handing;
    setText(this.handing, state.handing ? this.first.texts.lobby.handing : '');
    this.message.hidden = !state.message;
    if (state.message) {
      const { message_heading } = this.first.texts.lobby;
      const text = this.first.words[state.message.key] ?? state.message.text;
      if (this.message.lastElementChild?.textContent !== text) {
        this.message.replaceChildren(element('h2', {}, message_heading), element('p', {}, text));
      }
    }
    this.tick();
  }

  close(): void {
    clearInterval(this.ticking);
    this.stopDevices();
    this.self.srcObject = null;
    this.letSleep();
    this.turn.close();
    this.test?.stop();
  }

  private drawSelf(): void {
    const { track } = this.devices.camera;
    const shown = (this.self.srcObject as MediaStream | null)?.getVideoTracks()[0] ?? null;
    if (shown !== track) this.self.srcObject = track ? new MediaStream([track]) : null;
    this.self.hidden = !track;
  }

  private tick(): void {
    const { lobby } = this.first.texts;
    const past = this.since ? Math.floor((Date.now() + this.aheadMs - this.since) / MINUTE_MS) : 0;
    setText(this.waited, past < 1 ? lobby.waited_short : fill(lobby.waited, { time: minutes(past, this.first) }));
  }

  private toggleTest(): void {
    const { lobby } = this.first.texts;
    const opens = this.test === null;
    if (opens) {
      this.test = this.makeTest();
      this.testPane.replaceChildren(element('p', { class: 'soft' }, lobby.recheck_note), this.test.root);
      this.test.start();
    } else {
      this.test?.stop();
      this.test = null;
      this.testPane.replaceChildren();
    }
    this.testPane.hidden = !opens;
    this.recheck.setAttribute('aria-expanded', String(opens));
    setText(this.recheck, opens ? lobby.recheck_close : lobby.recheck);
  }
}

/** On hold during a call: shown over it, so that the way back is one message. */
export function heldPane(first: First): HTMLElement {
  const { lobby } = first.texts;
  return element('section', { class: 'held', 'data-testid': 'lobby', 'data-state': 'held' }, heading(lobby.held_heading), element('p', {}, lobby.held_text));
}

/** On hold without a call on this page, as after a reload. */
export function heldScreen(first: First): Screen {
  return { name: 'notice', root: heldPane(first), title: first.texts.lobby.held_heading };
}
