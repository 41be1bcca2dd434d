/** One connection to one other person: perfect negotiation, ICE restarts, and a new start when nothing else helps. */

import { beginAt } from './bitrate';
import type { Role, SignalData } from '../protocol/messages';

/** `connecting` before the first picture, `reconnecting` after a loss. */
export type PeerState = 'connecting' | 'connected' | 'reconnecting';

/** What somebody says of their own devices, browser to browser. */
export interface PeerStatus {
  camera: boolean;
  microphone: boolean;
  screen: boolean;
}

export interface Outgoing {
  audio: MediaStreamTrack | null;
  video: MediaStreamTrack | null;
}

/** What a connection needs of the mesh it belongs to. */
export interface PeerHome {
  makeConnection: () => RTCPeerConnection;
  /** Ties sound and picture together for the receiver; null where tests have none. */
  bundle: () => MediaStream | null;
  outgoing: () => Outgoing;
  /** Null while nothing is to be said. */
  status: () => PeerStatus | null;
  mostKbps: () => number;
  send: (to: string, data: SignalData) => boolean;
  onState: (peer: Peer) => void;
  onTrack: (peer: Peer, track: MediaStreamTrack) => void;
  onStatus: (peer: Peer, status: PeerStatus) => void;
}

type Description = { type: RTCSdpType; sdp: string };

// Wi-Fi to mobile takes a second or two; only then is a loss worth new candidates.
const RESTART_AFTER_MS = 2_000;
const WATCH_EVERY_MS = 4_000;
// So many restarts without success mean that the other side's connection is not the one we think.
const MOST_RESTARTS = 3;
// Enough for the camera's whole picture in the first frame, which a browser's own 300 is not; too much is measured in a second.
const BEGIN_KBPS = 600;
const SLOWEST_KBPS = 300;

/** Owns one RTCPeerConnection at a time; refuses to give up until it is closed. */
export class Peer {
  state: PeerState = 'connecting';
  status: PeerStatus = { camera: true, microphone: true, screen: false };
  connection: RTCPeerConnection;
  private channel: RTCDataChannel | null = null;
  private candidates: (RTCIceCandidateInit | null)[] = [];
  private making = false;
  private ignoring = false;
  private closed = false;
  private restarts = 0;
  private queue: Promise<void> = Promise.resolve();
  private restartSoon: ReturnType<typeof setTimeout> | undefined;
  private readonly watch: ReturnType<typeof setInterval>;

  /** The warm-up that this connection was made in. */
  warm: string | null = null;

  constructor(
    public id: string,
    public role: Role,
    private polite: boolean,
    private home: PeerHome,
  ) {
    this.connection = this.make();
    this.watch = setInterval(() => this.look(), WATCH_EVERY_MS);
  }

  /** Make the offer: sound, picture and the status channel are in it from the start, so nothing is negotiated later. */
  offer(): void {
    const { audio, video } = this.home.outgoing();
    const bundle = this.home.bundle();
    const init: RTCRtpTransceiverInit = { direction: 'sendrecv', streams: bundle ? [bundle] : [] };
    this.connection.addTransceiver(audio ?? 'audio', init);
    // Said now, because an encoder that is told later begins again.
    this.connection.addTransceiver(video ?? 'video', { ...init, sendEncodings: [{ maxBitrate: this.home.mostKbps() * 1000 }] });
    this.openChannel();
  }

  /** Take a signal; one after the other, in the order they came. */
  take(data: SignalData): Promise<void> {
    this.queue = this.queue.then(() => (this.closed ? undefined : this.handle(data))).catch(() => undefined);
    return this.queue;
  }

  /** Send what is there now; no negotiation. */
  async replaceTracks(): Promise<void> {
    const outgoing = this.home.outgoing();
    // The picture first, and none waits for the other: the page may be drawn between two promises.
    const lines = [...this.connection.getTransceivers()].reverse();
    await Promise.all(
      lines.map(async ({ receiver, sender }) => {
        const track = receiver.track.kind === 'audio' ? outgoing.audio : outgoing.video;
        if (sender.track !== track) await sender.replaceTrack(track).catch(() => undefined);
      }),
    );
  }

  tellStatus(): void {
    const status = this.home.status();
    if (status && this.channel?.readyState === 'open') this.channel.send(JSON.stringify(status));
  }

  /** Belong to another mesh: the connection goes on, and what is to be sent goes onto the lines it has. */
  moveTo(home: PeerHome, who: { id: string; role: Role; polite: boolean }): void {
    this.home = home;
    this.id = who.id;
    this.role = who.role;
    this.polite = who.polite;
    void this.replaceTracks();
    for (const { receiver } of this.connection.getTransceivers()) home.onTrack(this, receiver.track);
    this.tellStatus();
    void this.tune();
  }

  /** Whether an offer was made or taken already. */
  get hasBegun(): boolean {
    return this.connection.getTransceivers().length > 0;
  }

  /** The network or the socket is back: mend now instead of at the next look. */
  look(): void {
    if (this.closed || this.state === 'connected') return;
    const { signalingState, localDescription, connectionState } = this.connection;
    if (signalingState === 'have-local-offer' && localDescription) this.describe(localDescription);
    else if (connectionState === 'failed' || connectionState === 'disconnected') this.restart();
  }

  close(): void {
    this.closed = true;
    clearInterval(this.watch);
    this.letGo(this.connection);
  }

  /** Keep the picture within what the others leave of the uplink. */
  async tune(): Promise<void> {
    for (const { sender, receiver } of this.connection.getTransceivers()) {
      if (receiver.track.kind !== 'video' || !sender.getParameters) continue;
      const parameters = sender.getParameters();
      const [encoding] = parameters.encodings ?? [];
      if (!encoding || encoding.maxBitrate === this.home.mostKbps() * 1000) continue;
      encoding.maxBitrate = this.home.mostKbps() * 1000;
      await sender.setParameters(parameters).catch(() => undefined);
    }
  }

  private make(): RTCPeerConnection {
    const made = this.home.makeConnection();
    made.onnegotiationneeded = () => void this.negotiate(made);
    made.onicecandidate = ({ candidate }) => {
      if (made === this.connection) this.home.send(this.id, { candidate: candidate ? candidate.toJSON() : null });
    };
    made.ontrack = ({ track }) => {
      if (made === this.connection) this.home.onTrack(this, track);
    };
    made.onconnectionstatechange = () => {
      if (made === this.connection) this.follow(made.connectionState);
    };
    return made;
  }

  private letGo(connection: RTCPeerConnection): void {
    clearTimeout(this.restartSoon);
    connection.onnegotiationneeded = connection.onicecandidate = connection.ontrack = connection.onconnectionstatechange = null;
    if (this.channel) this.channel.onmessage = this.channel.onopen = null;
    this.channel = null;
    connection.close();
  }

  /** A connection as new, in the place of one that cannot be mended or is unknown to the other side. */
  private startAnew(): void {
    this.warm = null;
    this.letGo(this.connection);
    this.candidates = [];
    this.making = this.ignoring = false;
    this.connection = this.make();
    this.become(this.state === 'connecting' ? 'connecting' : 'reconnecting');
  }

  private async negotiate(connection: RTCPeerConnection): Promise<void> {
    try {
      this.making = true;
      await connection.setLocalDescription();
      if (connection === this.connection && connection.localDescription) this.describe(connection.localDescription);
    } catch {
      // The state moved on meanwhile; the event comes again when an offer is still needed.
    } finally {
      if (connection === this.connection) this.making = false;
    }
  }

  private describe(description: RTCSessionDescription): void {
    this.home.send(this.id, { description: { type: description.type, sdp: description.sdp } });
  }

  private async handle(data: SignalData): Promise<void> {
    if ('description' in data) await this.takeDescription(data.description);
    else if ('candidate' in data) await this.takeCandidate(data.candidate);
  }

  private async takeDescription(description: Description): Promise<void> {
    const isOffer = description.type === 'offer';
    if (isOffer && this.isFromAnotherPage(description)) this.startAnew();
    const collides = isOffer && (this.making || this.connection.signalingState !== 'stable');
    this.ignoring = !this.polite && collides;
    if (this.ignoring) return this.insist();
    // Rolling back would leave our own transceivers behind as extra lines: before the first answer begin anew instead.
    if (collides && !this.connection.remoteDescription) this.startAnew();
    if (!isOffer && this.connection.signalingState !== 'have-local-offer') return;
    const connection = this.connection;
    const kbps = Math.min(BEGIN_KBPS, Math.max(SLOWEST_KBPS, this.home.mostKbps() / 2));
    await connection.setRemoteDescription({ ...description, sdp: beginAt(description.sdp, kbps) });
    await this.addWaitingCandidates(connection);
    if (isOffer) await this.answer(connection);
  }

  /** Both offered, and ours stands; it may have been said before the other was there to hear it. */
  private insist(): void {
    const { remoteDescription, localDescription } = this.connection;
    if (!remoteDescription && localDescription) this.describe(localDescription);
  }

  private async answer(connection: RTCPeerConnection): Promise<void> {
    const { audio, video } = this.home.outgoing();
    const bundle = this.home.bundle();
    await Promise.all(
      connection.getTransceivers().map(async (transceiver) => {
        const track = transceiver.receiver.track.kind === 'audio' ? audio : video;
        transceiver.direction = 'sendrecv';
        if (bundle) transceiver.sender.setStreams?.(bundle);
        if (transceiver.sender.track !== track) await transceiver.sender.replaceTrack(track);
      }),
    );
    this.openChannel();
    await connection.setLocalDescription();
    if (connection === this.connection && connection.localDescription) this.describe(connection.localDescription);
  }

  private async takeCandidate(candidate: RTCIceCandidateInit | null): Promise<void> {
    if (this.ignoring) return;
    if (!this.connection.remoteDescription) {
      this.candidates.push(candidate);
      return;
    }
    await addCandidate(this.connection, candidate);
  }

  private async addWaitingCandidates(connection: RTCPeerConnection): Promise<void> {
    for (const candidate of this.candidates.splice(0)) await addCandidate(connection, candidate);
  }

  /** The other page was loaded again: its certificate is new, and our connection leads nowhere. */
  private isFromAnotherPage(offer: Description): boolean {
    const known = this.connection.remoteDescription?.sdp;
    return known !== undefined && fingerprint(known) !== fingerprint(offer.sdp);
  }

  private openChannel(): void {
    if (this.channel) return;
    const channel = this.connection.createDataChannel('status', { negotiated: true, id: 0 });
    this.channel = channel;
    channel.onopen = () => this.tellStatus();
    channel.onmessage = ({ data }) => {
      const status = readStatus(String(data));
      if (!status) return;
      this.status = status;
      this.home.onStatus(this, status);
    };
  }

  private follow(state: RTCPeerConnectionState): void {
    clearTimeout(this.restartSoon);
    if (state === 'connected') {
      this.restarts = 0;
      this.become('connected');
      void this.tune();
    } else if (state === 'disconnected') {
      this.become('reconnecting');
      // The impolite one first: one restart is enough.
      this.restartSoon = setTimeout(() => this.restart(), RESTART_AFTER_MS * (this.polite ? 2 : 1));
    } else if (state === 'failed') {
      this.become(this.state === 'connecting' ? 'connecting' : 'reconnecting');
      this.restart();
    }
  }

  private restart(): void {
    if (this.closed || this.connection.signalingState !== 'stable') return;
    this.restarts += 1;
    if (this.restarts <= MOST_RESTARTS) return this.connection.restartIce();
    this.restarts = 0;
    this.startAnew();
    this.offer();
  }

  private become(state: PeerState): void {
    if (this.state === state) return;
    this.state = state;
    this.home.onState(this);
  }
}

/** The certificate's fingerprint in a description: it names one connection of one page. */
export function fingerprint(sdp: string): string {
  return /^a=fingerprint:(.*)$/m.exec(sdp)?.[1]?.trim() ?? '';
}

async function addCandidate(connection: RTCPeerConnection, candidate: RTCIceCandidateInit | null): Promise<void> {
  try {
    // Not every browser takes null for the end of candidates; none needs to be told.
    if (candidate) await connection.addIceCandidate(candidate);
  } catch {
    // One of a connection that was thrown away; those of the present one follow.
  }
}

function readStatus(text: string): PeerStatus | null {
  try {
    const said = JSON.parse(text) as Record<string, unknown>;
    return { camera: said['camera'] === true, microphone: said['microphone'] === true, screen: said['screen'] === true };
  } catch {
    return null;
  }
}
