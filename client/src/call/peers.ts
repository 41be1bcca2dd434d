/** The mesh: one connection to each of up to three others. It lives through the loss of the socket. */

import type { PeerEntry, Role, RoomDetails, SignalData } from '../protocol/messages';
import { Peer, type Outgoing, type PeerHome, type PeerStatus } from './peer';

export interface PeersOptions {
  details: RoomDetails;
  send: (to: string, data: SignalData) => boolean;
  onChange: () => void;
  onTrack: (peer: Peer, track: MediaStreamTrack) => void;
  /** The connection made before admission that leads to them: by its name, where the server or they gave one. */
  claimWarm?: (who: { role: Role; warm: string | undefined }, isNamed: boolean) => Peer | null;
  makeConnection?: (configuration: RTCConfiguration) => RTCPeerConnection;
  bundle?: MediaStream | null;
}

// What one camera's uplink is shared by: full quality for one other, less for each of more.
const MOST_KBPS: Record<number, number> = { 1: 2_000, 2: 1_000, 3: 600 };

/** Everybody else in the room; says when somebody comes, goes, connects or drops. */
export class Peers {
  readonly self: string;
  private details: RoomDetails;
  private readonly peers = new Map<string, Peer>();
  private outgoing: Outgoing = { audio: null, video: null };
  private status: PeerStatus = { camera: false, microphone: false, screen: false };
  private readonly home: PeerHome;

  constructor(private readonly options: PeersOptions) {
    this.details = options.details;
    this.self = options.details.self;
    const make = options.makeConnection ?? ((configuration) => new RTCPeerConnection(configuration));
    this.home = {
      makeConnection: () => make(this.configuration()),
      bundle: () => options.bundle ?? null,
      outgoing: () => this.outgoing,
      status: () => this.status,
      mostKbps: () => MOST_KBPS[this.peers.size] ?? 600,
      send: options.send,
      onState: () => options.onChange(),
      onTrack: options.onTrack,
      onStatus: () => options.onChange(),
    };
  }

  all(): Peer[] {
    return [...this.peers.values()];
  }

  get(id: string): Peer | undefined {
    return this.peers.get(id);
  }

  /** Who the server says is in the room. The newcomer offers to each; who is connected already is left as is. */
  reconcile(details: RoomDetails): void {
    this.details = details;
    for (const peer of this.peers.values()) peer.connection.setConfiguration?.(this.configuration());
    for (const entry of details.peers) this.meet(entry);
    const listed = new Set(details.peers.map((entry) => entry.peer));
    for (const peer of this.all()) {
      // One who is not listed may just have lost the socket, as we did: the picture goes on while it comes.
      if (!listed.has(peer.id) && peer.state !== 'connected') this.remove(peer.id);
    }
    this.options.onChange();
  }

  /** Somebody came in; the offer comes from them, unless a connection to them was made before. */
  add(id: string, role: Role, warm?: string): Peer {
    const known = this.peers.get(id);
    if (known) {
      known.role = role;
      return known;
    }
    const made = this.adopt(id, role, warm) ?? new Peer(id, role, this.self < id, this.home);
    this.peers.set(id, made);
    this.retune();
    this.options.onChange();
    return made;
  }

  remove(id: string): void {
    const peer = this.peers.get(id);
    if (!peer) return;
    this.peers.delete(id);
    peer.close();
    this.retune();
    this.options.onChange();
  }

  /** A signal from somebody; one we did not know yet may speak before they are announced. */
  take(from: string, data: SignalData): Promise<void> {
    const peer = this.peers.get(from) ?? this.add(from, 'clinician');
    if ('warm' in data) return Promise.resolve(this.agree(peer, data.warm));
    return peer.take(data);
  }

  /** What everybody gets from now on. */
  async show(outgoing: Outgoing, status: PeerStatus): Promise<void> {
    this.outgoing = outgoing;
    this.status = status;
    await Promise.all(this.all().map((peer) => peer.replaceTracks()));
    for (const peer of this.all()) peer.tellStatus();
  }

  /** Mend what is not connected, now. */
  wake(): void {
    for (const peer of this.all()) peer.look();
  }

  close(): void {
    for (const id of [...this.peers.keys()]) this.remove(id);
  }

  private meet(entry: PeerEntry): void {
    const isKnown = this.peers.has(entry.peer);
    const peer = this.add(entry.peer, entry.role, entry.warm);
    if (!isKnown && !peer.warm) peer.offer();
  }

  /** A connection made before admission is theirs from now on, and they hear which. */
  private adopt(id: string, role: Role, warm: string | undefined, isNamed = false): Peer | null {
    const peer = this.options.claimWarm?.({ role, warm }, isNamed) ?? null;
    if (!peer?.warm) return null;
    peer.connection.setConfiguration?.(this.configuration());
    peer.moveTo(this.home, { id, role, polite: this.self < id });
    this.options.send(id, { warm: peer.warm });
    return peer;
  }

  /** They use the connection of that warm-up with us: so do we, or say by an offer that we have it no more. */
  private agree(peer: Peer, warm: string): void {
    if (peer.warm === warm || peer.state === 'connected') return;
    const adopted = this.adopt(peer.id, peer.role, warm, true);
    if (adopted) {
      peer.close();
      this.peers.set(adopted.id, adopted);
      this.options.onChange();
    } else if (!peer.hasBegun) peer.offer();
  }

  private retune(): void {
    for (const peer of this.all()) void peer.tune();
  }

  private configuration(): RTCConfiguration {
    return {
      iceServers: this.details.ice_servers,
      iceTransportPolicy: this.details.relay_only ? 'relay' : 'all',
      bundlePolicy: 'max-bundle',
    };
  }
}
