/** This page's part in a visit's call: entering it, being refused, put out or replaced, and what the devices say. */

import type { Devices } from '../../call/media';
import { staffWire, type RoomWire, type StaffSocket } from '../../call/wire';
import type { OverReason, StaffMessage } from '../../protocol/messages';
import type { SocketState } from '../../protocol/socket';
import type { VisitView } from './model';

/** The call as it is drawn. */
export interface CallPane {
  hold(on: boolean): void;
  close(): void;
}

export interface CallHooks {
  onLeave: () => void;
  onOver: (reason: OverReason | 'replaced') => void;
}

export interface CallingParts {
  socket: StaffSocket;
  devices: Pick<Devices, 'open' | 'close' | 'onChange'>;
  /** Draw the call and enter its room. */
  open: (wire: RoomWire, hooks: CallHooks) => CallPane;
  /** This page came into the call or out of it. */
  onChange: () => void;
  /** Camera or microphone may have changed while in the call. */
  onDevices: () => void;
  /** Why the call is over here, where it was not this page's wish. */
  say: (sentence: string) => void;
}

const OVER: Partial<Record<OverReason | 'replaced', string>> = {
  replaced: 'You joined this visit in another window. The call goes on there.',
  left: 'You were out of the call for too long. Join again to come back.',
};

export class Calling {
  private pane: CallPane | null = null;
  /** The room answered on this socket; only before that can an error be about entering it. */
  private entered = false;
  private stops: (() => void)[] = [];

  constructor(
    private readonly visit: string,
    private readonly parts: CallingParts,
  ) {}

  get isIn(): boolean {
    return this.pane !== null;
  }

  /** Into the call at once, camera and microphone opening meanwhile; nothing if this page is in it. */
  join(): void {
    if (this.pane) return;
    const { socket, devices } = this.parts;
    this.entered = false;
    void devices.open();
    this.stops = [socket.onMessage((message) => this.hear(message)), socket.onState((state) => this.watch(state)), devices.onChange(() => this.parts.onDevices())];
    this.pane = this.parts.open(staffWire(socket, this.visit), {
      onLeave: () => this.out(),
      onOver: (reason) => this.over(reason),
    });
    this.parts.onChange();
  }

  /** Ask again for what is missing of camera and microphone. */
  retry(): void {
    void this.parts.devices.open();
  }

  /** Do as the visit's newest snapshot says. */
  follow(visit: VisitView): void {
    if (!this.pane) return;
    // The word that it is over may have come while the socket was lost.
    if (visit.state === 'ended' || visit.state === 'cancelled') return this.close();
    this.pane.hold(visit.patient.state === 'held');
  }

  /** Out of the call without a word to the server. */
  close(): void {
    if (!this.pane) return;
    this.pane.close();
    this.out();
  }

  private hear(message: StaffMessage): void {
    if (message.type === 'room' && message.visit === this.visit) this.entered = true;
    // What is said of signals mends itself.
    if (message.type !== 'error' || this.entered || message.code.startsWith('realtime.')) return;
    this.close();
    this.parts.say(message.sentence);
  }

  private watch(state: SocketState): void {
    if (state === 'lost') this.entered = false;
  }

  private over(reason: OverReason | 'replaced'): void {
    this.out();
    const sentence = OVER[reason];
    if (sentence) this.parts.say(sentence);
  }

  private out(): void {
    for (const stop of this.stops.splice(0)) stop();
    this.pane = null;
    this.parts.devices.close('camera');
    this.parts.devices.close('microphone');
    this.parts.onChange();
  }
}
