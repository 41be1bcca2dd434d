/** RTCPeerConnection as far as negotiation goes: states, rollback, glare, ICE restarts; no media. */

type Handler<T = unknown> = ((event: T) => void) | null;
let certificates = 0;

export class FakeTrack {
  enabled = true;
  readyState: 'live' | 'ended' = 'live';
  muted = false;
  onended: Handler = null;
  onmute: Handler = null;
  onunmute: Handler = null;
  constructor(readonly kind: 'audio' | 'video') {}
  stop(): void {
    this.readyState = 'ended';
  }
}

class FakeTransceiver {
  direction = 'sendrecv';
  /** Whether both sides know it as a line; one that only we added does not match an offer's (RFC 8829, 5.10). */
  negotiated = false;
  receiver: { track: FakeTrack };
  sender: { track: FakeTrack | null; replaceTrack: (track: FakeTrack | null) => Promise<void> };
  constructor(readonly kind: 'audio' | 'video', track: FakeTrack | null) {
    this.receiver = { track: new FakeTrack(kind) };
    const sender = { track, replaceTrack: async (next: FakeTrack | null) => void (sender.track = next) };
    this.sender = sender;
  }
}

export class FakeConnection {
  static all: FakeConnection[] = [];
  signalingState = 'stable';
  connectionState = 'new';
  localDescription: RTCSessionDescription | null = null;
  remoteDescription: RTCSessionDescription | null = null;
  onnegotiationneeded: Handler = null;
  onicecandidate: Handler = null;
  ontrack: Handler = null;
  onconnectionstatechange: Handler = null;
  candidates: RTCIceCandidateInit[] = [];
  restarts = 0;
  closed = false;
  private readonly certificate = `sha-256 ${++certificates}`;
  private readonly transceivers: FakeTransceiver[] = [];
  private needed = false;

  constructor(readonly configuration: RTCConfiguration) {
    FakeConnection.all.push(this);
  }

  addTransceiver(what: FakeTrack | 'audio' | 'video'): FakeTransceiver {
    const isKind = typeof what === 'string';
    const made = new FakeTransceiver(isKind ? what : what.kind, isKind ? null : what);
    this.transceivers.push(made);
    this.need();
    return made;
  }

  getTransceivers(): FakeTransceiver[] {
    return this.transceivers;
  }

  createDataChannel(): { readyState: string; send: () => void; onopen: null; onmessage: null } {
    return { readyState: 'connecting', send: () => undefined, onopen: null, onmessage: null };
  }

  setConfiguration(): void {}

  restartIce(): void {
    this.restarts += 1;
    this.need();
  }

  async setLocalDescription(): Promise<void> {
    await Promise.resolve();
    if (this.closed) throw new Error('closed');
    const type = this.signalingState === 'have-remote-offer' ? 'answer' : 'offer';
    this.localDescription = { type, sdp: this.sdp() } as RTCSessionDescription;
    this.signalingState = type === 'offer' ? 'have-local-offer' : 'stable';
    this.needed = false;
  }

  async setRemoteDescription(description: { type: string; sdp: string }): Promise<void> {
    await Promise.resolve();
    if (this.closed) throw new Error('closed');
    if (description.type === 'answer' && this.signalingState !== 'have-local-offer') throw new Error('InvalidStateError');
    const lines = description.sdp.split('\n').filter((line) => line.startsWith('m='));
    if (description.type === 'offer') {
      const known = this.transceivers.filter((one) => one.negotiated).length;
      for (const line of lines.slice(known)) this.transceivers.push(new FakeTransceiver(line.slice(2) as 'audio' | 'video', null));
      for (const one of this.transceivers.slice(-lines.length)) one.negotiated = true;
    } else for (const one of this.transceivers) one.negotiated = true;
    this.remoteDescription = description as RTCSessionDescription;
    this.signalingState = description.type === 'offer' ? 'have-remote-offer' : 'stable';
  }

  async addIceCandidate(candidate: RTCIceCandidateInit): Promise<void> {
    if (!this.remoteDescription) throw new Error('InvalidStateError');
    this.candidates.push(candidate);
  }

  close(): void {
    this.closed = true;
    this.signalingState = 'closed';
  }

  /** What ICE and DTLS came to. */
  become(state: string): void {
    this.connectionState = state;
    this.onconnectionstatechange?.({});
  }

  find(candidate: string): void {
    this.onicecandidate?.({ candidate: { toJSON: () => ({ candidate }) } });
  }

  private need(): void {
    if (this.needed) return;
    this.needed = true;
    queueMicrotask(() => {
      if (this.needed && this.signalingState === 'stable') this.onnegotiationneeded?.({});
    });
  }

  private sdp(): string {
    return [`a=fingerprint:${this.certificate}`, ...this.transceivers.map((one) => `m=${one.kind}`)].join('\n');
  }
}
