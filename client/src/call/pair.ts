/** A connection made before it is needed: through the relay, without sound or picture, and to nobody named. */

import type { SignalData, WarmInvitation } from '../protocol/messages';
import { Peer, type Outgoing, type PeerHome } from './peer';

export interface PairOptions {
  invitation: Pick<WarmInvitation, 'warm' | 'ice_servers'>;
  send: (data: SignalData) => boolean;
  /** It broke, or never came up. */
  onLost: () => void;
  makeConnection?: PeerHome['makeConnection'] | ((configuration: RTCConfiguration) => RTCPeerConnection);
  bundle?: MediaStream | null;
}

// A relay far away is reached within a second or two; what takes longer is not there.
const UP_WITHIN_MS = 15_000;
const MOST_KBPS = 2_000;

/** Owns the connection until it is claimed or closed; sends no track and no word on it before it is told to begin. */
export class WarmPair {
  readonly id: string;
  private peer: Peer | null;
  private readonly patience: ReturnType<typeof setTimeout>;
  private sent: Outgoing = { audio: null, video: null };

  constructor(private readonly options: PairOptions) {
    this.id = options.invitation.warm;
    this.peer = new Peer('', 'clinician', false, this.home());
    this.peer.warm = this.id;
    this.patience = setTimeout(() => !this.isUp && this.lose(), UP_WITHIN_MS);
  }

  get isUp(): boolean {
    return this.peer?.state === 'connected';
  }

  /** The patient's side begins. */
  offer(): void {
    this.peer?.offer();
  }

  take(data: SignalData): void {
    void this.peer?.take(data);
  }

  /** Let in: this goes out at once, though whoever takes the connection has no page drawn yet. */
  begin(outgoing: Outgoing): void {
    this.sent = outgoing;
    void this.peer?.replaceTracks();
  }

  /** The connection, for good; what it sends from now on is the taker's. */
  claim(): Peer | null {
    const peer = this.peer;
    this.peer = null;
    clearTimeout(this.patience);
    return peer;
  }

  close(): void {
    this.claim()?.close();
  }

  private lose(): void {
    if (!this.peer) return;
    this.close();
    this.options.onLost();
  }

  private home(): PeerHome {
    const { invitation, send, bundle } = this.options;
    // Never anything but the relay's: neither side may learn where the other is.
    const configuration: RTCConfiguration = { iceServers: invitation.ice_servers, iceTransportPolicy: 'relay', bundlePolicy: 'max-bundle' };
    const make = this.options.makeConnection ?? ((given: RTCConfiguration) => new RTCPeerConnection(given));
    return {
      makeConnection: () => make(configuration),
      bundle: () => bundle ?? null,
      outgoing: () => this.sent,
      status: () => null,
      mostKbps: () => MOST_KBPS,
      send: (_, data) => send(data),
      onState: (peer) => peer.state === 'reconnecting' && this.lose(),
      onTrack: () => undefined,
      onStatus: () => undefined,
    };
  }
}
