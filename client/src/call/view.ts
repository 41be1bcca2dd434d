/** The call as people see it: the others largest, oneself in a corner, controls at the thumb, and its state in words. */

import './call.css';
import type { OverReason, Role } from '../protocol/messages';
import { element, setText } from '../ui/element';
import { onWake } from '../ui/wake';
import { keepAwake } from './awake';
import { Control } from './controls';
import { Comings } from './comings';
import type { Devices } from './media';
import { Meter, wakeAudio } from './meter';
import type { Peer } from './peer';
import type { PeersOptions } from './peers';
import { Quality } from './quality';
import { Room, type CallState } from './room';
import { seatAll } from './seating';
import { fill, type CallTexts } from './texts';
import { Tile } from './tile';
import { warmUp } from './warm';
import type { RoomWire } from './wire';

export interface CallOptions {
  wire: RoomWire;
  /** Opened already, so that the first picture does not wait for a camera. They stay the caller's. */
  devices: Devices;
  role: 'patient' | 'staff';
  /** As what one takes part, where it is neither of the two. */
  self?: Role;
  /** Connections made before admission. */
  claimWarm?: PeersOptions['claimWarm'];
  texts: CallTexts;
  /** What somebody is called; by their role if not given. */
  nameOf?: (role: Role, peer: string) => string;
  onLeave: () => void;
  /** The visit is over, or another tab took this place. */
  onOver: (reason: OverReason | 'replaced') => void;
  onState?: (state: CallState) => void;
  /** What else can be done in this call, below the controls; they stay the caller's. */
  actions?: HTMLElement[];
}

// Long enough to be read by who looks elsewhere.
const TOLD_FOR_MS = 8_000;
const LEVEL_EVERY_MS = 250;
const QUALITY_EVERY_MS = 4_000;

/** Draw a call into `container` and enter its room. */
export function openCall(container: HTMLElement, options: CallOptions): CallView {
  return new CallView(container, options);
}

export class CallView {
  readonly root: HTMLElement;
  readonly room: Room;
  private readonly stage = element('div', { class: 'call-stage' });
  private readonly words = element('p', { class: 'call-words', role: 'status' });
  /** Who came and who went. */
  private readonly told = element('div', { class: 'call-told', role: 'status', 'aria-atomic': 'false', 'data-testid': 'call-told' });
  private readonly comings = new Comings();
  private readonly note = element('p', { class: 'call-note', role: 'status' });
  private readonly notice = element('p', { class: 'call-note', role: 'status', 'data-testid': 'call-notice', hidden: true });
  private readonly hear: HTMLButtonElement;
  private readonly own = element('video', { 'data-testid': 'local-video', class: 'mirrored', autoplay: true, playsinline: true });
  private readonly ownPane: HTMLElement;
  private readonly tiles = new Map<string, Tile>();
  private readonly controls: Record<'microphone' | 'camera' | 'screen' | 'leave', Control>;
  private readonly meter: Meter;
  private readonly quality = new Quality();
  private readonly stops: (() => void)[] = [];
  private weak = false;
  private shown: CallState | null = null;

  constructor(container: HTMLElement, private readonly options: CallOptions) {
    const { texts } = options;
    this.hear = element('button', { type: 'button', class: 'button button-main call-hear', hidden: true }, texts.hear);
    this.own.muted = true;
    this.ownPane = element('div', { class: 'call-own' }, this.own, element('span', { class: 'call-own-name' }, texts.you));
    this.controls = {
      microphone: new Control('toggle-microphone', '', () => void this.room.toggleMicrophone()),
      camera: new Control('toggle-camera', '', () => void this.room.toggleCamera()),
      screen: new Control('share-screen', '', () => void this.room.shareScreen()),
      leave: new Control('leave', 'control-leave', () => this.leave()),
    };
    this.root = this.build();
    this.meter = new Meter((level) => this.controls.microphone.button.style.setProperty('--level', level.toFixed(2)));
    this.room = new Room(options.wire, options.devices, {
      onChange: () => this.draw(),
      onTrack: (peer, track) => this.tileOf(peer).setTrack(track),
      onOver: (reason) => this.finish(reason),
    }, { bundle: new MediaStream(), ...(options.claimWarm ? { claimWarm: options.claimWarm } : {}) });
    container.append(this.root);
    this.start();
    this.draw();
    if (this.room.everybody().length === 0) void warmUp();
  }

  /** Put the call on hold, or take it off: nothing is sent, and nothing of the others is shown or heard. */
  hold(on: boolean): void {
    this.room.hold(on);
  }

  /** Lay something over the pictures, as while on hold; null takes it away. */
  cover(pane: HTMLElement | null): void {
    this.stage.querySelector('.call-cover')?.remove();
    if (pane) this.stage.append(element('div', { class: 'call-cover' }, pane));
  }

  /** What the people in the call are to know, until it is so no more; empty takes it away. */
  notify(text: string): void {
    setText(this.notice, text);
    this.notice.hidden = !text;
  }

  /** Take the call off the page; the devices stay open. */
  close(): void {
    for (const stop of this.stops.splice(0)) stop();
    this.meter.stop();
    this.room.close();
    for (const tile of this.tiles.values()) tile.close();
    this.own.srcObject = null;
    this.root.remove();
  }

  private build(): HTMLElement {
    const { texts, role, actions = [] } = this.options;
    const { microphone, camera, screen, leave } = this.controls;
    const bar = element('div', { class: 'call-bar', role: 'group', 'aria-label': texts.controls }, microphone.button, camera.button, screen.button, leave.button);
    this.stage.append(this.words, this.hear, this.told);
    const root = element('section', { class: `call call-${role}`, 'data-testid': 'call', 'data-state': 'connecting', 'aria-label': texts.title });
    root.append(this.stage, this.ownPane, this.notice, this.note, bar, ...actions);
    return root;
  }

  private start(): void {
    this.hear.addEventListener('click', () => this.playAll());
    const wake = (): void => {
      this.room.wake();
      if (this.room.cameraOn && document.visibilityState === 'visible') void this.options.devices.revive();
    };
    const press = (): void => wakeAudio();
    this.root.addEventListener('pointerdown', press);
    const levels = setInterval(() => this.readLevels(), LEVEL_EVERY_MS);
    const quality = setInterval(() => void this.judge(), QUALITY_EVERY_MS);
    this.stops.push(keepAwake(), onWake(wake), () => clearInterval(levels), () => clearInterval(quality));
  }

  private draw(): void {
    // The room tells of itself while it is being made.
    if (!this.room) return;
    const { state } = this.room;
    this.root.dataset['state'] = state;
    this.drawOthers();
    this.drawOwn();
    this.drawControls();
    setText(this.words, this.wordsFor(state));
    this.words.hidden = !this.words.textContent || this.stage.querySelector('.call-cover') !== null;
    setText(this.note, this.noteFor());
    this.note.hidden = !this.note.textContent;
    if (state === this.shown) return;
    this.shown = state;
    this.options.onState?.(state);
  }

  private drawOthers(): void {
    const here = this.room.state === 'held' ? [] : this.room.everybody();
    const ids = new Set(here.map((peer) => peer.id));
    for (const [id, tile] of this.tiles) {
      tile.root.hidden = !ids.has(id);
      tile.video.muted = this.room.state === 'held';
      if (!this.room.everybody().some((peer) => peer.id === id)) {
        tile.close();
        this.tiles.delete(id);
      }
    }
    for (const peer of here) this.tileOf(peer).update(peer, this.nameOf(peer));
    this.seat(here);
    this.tell();
  }

  private seat(here: Peer[]): void {
    const { role, self = role === 'patient' ? 'patient' : 'clinician' } = this.options;
    const seated = seatAll(here.map((peer) => ({ id: peer.id, role: peer.role, screen: peer.status.screen })), self);
    seated.forEach((place, at) => this.tiles.get(place.id)?.place(at, place));
    this.stage.dataset['count'] = String(here.length);
    this.stage.dataset['sides'] = String(seated.filter((place) => place.isSide).length);
  }

  private tell(): void {
    const { joined, gone } = this.options.texts;
    for (const { role, isIn } of this.comings.look(this.room.everybody())) {
      const line = element('p', {}, (isIn ? joined : gone)[role]);
      this.told.append(line);
      // On a small phone more than two would hide the pictures.
      while (this.told.childElementCount > 2) this.told.firstElementChild?.remove();
      setTimeout(() => line.remove(), TOLD_FOR_MS);
    }
  }

  private tileOf(peer: Peer): Tile {
    const known = this.tiles.get(peer.id);
    if (known) return known;
    const made = new Tile(this.options.texts, () => (this.hear.hidden = false));
    made.update(peer, this.nameOf(peer));
    this.tiles.set(peer.id, made);
    this.stage.insertBefore(made.root, this.words);
    return made;
  }

  private nameOf(peer: Peer): string {
    return this.options.nameOf?.(peer.role, peer.id) ?? this.options.texts.roles[peer.role];
  }

  private drawOwn(): void {
    const track = this.room.screen ?? (this.room.cameraOn ? this.options.devices.camera.track : null);
    const shown = (this.own.srcObject as MediaStream | null)?.getVideoTracks()[0] ?? null;
    if (shown !== track) this.own.srcObject = track ? new MediaStream([track]) : null;
    this.own.classList.toggle('mirrored', !this.room.screen);
    this.ownPane.classList.toggle('call-own-off', !track);
    this.meter.follow(this.options.devices.microphone.track);
  }

  private drawControls(): void {
    const { texts, devices } = this.options;
    const { microphone, camera, screen, leave } = this.controls;
    const hears = this.room.microphoneOn && devices.isLive('microphone');
    const sees = this.room.cameraOn && devices.isLive('camera');
    microphone.draw(hears ? 'microphone' : 'microphone-off', hears ? texts.microphone_off : texts.microphone_on, !hears);
    camera.draw(sees ? 'camera' : 'camera-off', sees ? texts.camera_off : texts.camera_on, !sees);
    screen.draw('screen', this.room.screen ? texts.screen_off : texts.screen_on, this.room.screen !== null);
    screen.button.hidden = !navigator.mediaDevices?.getDisplayMedia;
    leave.draw('leave', texts.leave);
  }

  private wordsFor(state: CallState): string {
    const { texts, role } = this.options;
    if (state === 'held') return texts.held;
    if (state === 'over') return texts.over;
    if (this.room.everybody().length === 0) return role === 'patient' ? texts.alone_patient : texts.alone_staff;
    return '';
  }

  private noteFor(): string {
    const { texts, devices } = this.options;
    if (this.room.microphoneOn && devices.microphone.fault) return texts.microphone_lost;
    if (this.room.cameraOn && devices.camera.fault) return texts.camera_lost;
    if (this.room.screen) return texts.sharing;
    if (this.weak) return texts.weak;
    const [first] = this.room.everybody();
    return !this.room.linkUp && first?.state === 'connected' ? fill(texts.link_lost, { name: this.nameOf(first) }) : '';
  }

  private playAll(): void {
    this.hear.hidden = true;
    wakeAudio();
    for (const tile of this.tiles.values()) void tile.play();
  }

  private readLevels(): void {
    for (const peer of this.room.everybody()) {
      const receiver = peer.connection.getReceivers().find((one) => one.track.kind === 'audio');
      const level = receiver?.getSynchronizationSources?.()[0]?.audioLevel ?? 0;
      this.tiles.get(peer.id)?.speak(level);
    }
  }

  private async judge(): Promise<void> {
    this.weak = await this.quality.isWeak(this.room.everybody());
    this.draw();
  }

  private leave(): void {
    this.room.leave();
    this.close();
    this.options.onLeave();
  }

  private finish(reason: OverReason | 'replaced'): void {
    this.close();
    this.options.onOver(reason);
  }
}
