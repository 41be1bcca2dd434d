/** Tries the way that a call takes: from this browser through the relay and back, with nothing of anybody in it. */

export interface RelayFinding {
  reached: boolean;
  /** Of what was sent, in percent. */
  lost: number;
  roundTripMs: number;
  kbps: number;
}

const UP_WITHIN_MS = 10_000;
const PROBES = 50;
const PROBE_EVERY_MS = 15;
// An answer that takes longer than this is of no use in a conversation.
const LATE_MS = 1_000;
const LOAD_MS = 1_000;
// Two million bits a second, as much as a call of ours sends at most.
const LOAD_BYTES = 1_200;
const LOAD_EVERY_MS = 5;
const MOST_WAITING_BYTES = 64 * 1024;

const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

const UNREACHED: RelayFinding = { reached: false, lost: 100, roundTripMs: 0, kbps: 0 };

/** Null where there is no relay to try, or where it could not be asked for. */
export async function tryRelay(seat: string, signal: AbortSignal): Promise<RelayFinding | null> {
  const answer = await fetch(`/seat/${seat}/relay`, { credentials: 'same-origin', cache: 'no-store', signal }).catch(() => null);
  const told = answer?.ok ? ((await answer.json().catch(() => null)) as { ice_servers?: RTCIceServer[] } | null) : null;
  if (!told?.ice_servers?.length || signal.aborted || typeof RTCPeerConnection !== 'function') return null;
  const loop = new Loop(told.ice_servers);
  signal.addEventListener('abort', () => loop.close());
  try {
    return (await loop.open()) ? await loop.measure() : UNREACHED;
  } catch {
    return null;
  } finally {
    loop.close();
  }
}

/** Two connections in this page that meet at the relay. */
class Loop {
  private readonly near: RTCPeerConnection;
  private readonly far: RTCPeerConnection;
  private readonly channel: RTCDataChannel;
  private readonly sentAt: number[] = [];
  private readonly tookMs: number[] = [];
  private loaded = 0;

  constructor(iceServers: RTCIceServer[]) {
    const configuration: RTCConfiguration = { iceServers, iceTransportPolicy: 'relay' };
    this.near = new RTCPeerConnection(configuration);
    this.far = new RTCPeerConnection(configuration);
    this.near.onicecandidate = ({ candidate }) => candidate && void this.far.addIceCandidate(candidate).catch(() => undefined);
    this.far.onicecandidate = ({ candidate }) => candidate && void this.near.addIceCandidate(candidate).catch(() => undefined);
    // What is lost stays lost, as with sound and picture.
    this.channel = this.near.createDataChannel('try', { ordered: false, maxRetransmits: 0 });
    this.channel.onmessage = ({ data }) => this.returned(String(data));
    this.far.ondatachannel = ({ channel }) => {
      channel.binaryType = 'arraybuffer';
      channel.onmessage = ({ data }) => {
        if (typeof data === 'string') channel.send(data);
        else this.loaded += (data as ArrayBuffer).byteLength;
      };
    };
  }

  /** Whether the two have met in time. */
  async open(): Promise<boolean> {
    await this.near.setLocalDescription(await this.near.createOffer());
    await this.far.setRemoteDescription(this.near.localDescription!);
    await this.far.setLocalDescription(await this.far.createAnswer());
    await this.near.setRemoteDescription(this.far.localDescription!);
    if (this.channel.readyState === 'open') return true;
    return Promise.race([
      new Promise<boolean>((met) => {
        this.channel.onopen = () => met(true);
        this.near.oniceconnectionstatechange = () => this.near.iceConnectionState === 'failed' && met(false);
      }),
      pause(UP_WITHIN_MS).then(() => false),
    ]);
  }

  async measure(): Promise<RelayFinding> {
    for (let number = 0; number < PROBES; number += 1) {
      this.sentAt.push(performance.now());
      this.channel.send(String(number));
      await pause(PROBE_EVERY_MS);
    }
    for (let waited = 0; waited < LATE_MS && this.tookMs.length < PROBES; waited += 20) await pause(20);
    const times = [...this.tookMs].sort((one, other) => one - other);
    const lost = Math.round((100 * (PROBES - times.length)) / PROBES);
    return { reached: true, lost, roundTripMs: times[Math.floor(times.length / 2)] ?? LATE_MS, kbps: await this.load() };
  }

  close(): void {
    this.near.close();
    this.far.close();
  }

  private returned(data: string): void {
    const sent = this.sentAt[Number(data)];
    if (sent !== undefined) this.tookMs.push(performance.now() - sent);
  }

  private async load(): Promise<number> {
    const piece = new Uint8Array(LOAD_BYTES);
    const from = performance.now();
    let sent = 0;
    while (performance.now() - from < LOAD_MS) {
      // By the clock and not by the timer, which old phones stretch.
      const due = Math.floor((performance.now() - from) / LOAD_EVERY_MS);
      for (; sent < due && this.channel.bufferedAmount < MOST_WAITING_BYTES; sent += 1) this.channel.send(piece);
      await pause(LOAD_EVERY_MS);
    }
    return Math.round((this.loaded * 8) / (performance.now() - from));
  }
}
