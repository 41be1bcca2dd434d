/** The connection's test: is the socket there, how long is a round trip, and does the way that a call takes let enough through. */

import type { Texts } from './first';
import { tryRelay, type RelayFinding } from './relay';
import { Row } from './row';

/** The part of the socket that is needed. */
export interface Pinger {
  readonly state: string;
  measure(): Promise<number | null>;
  onState(listener: () => void): () => void;
}

const PINGS = 3;
const SLOW_MS = 600;
const OPEN_WITHIN_MS = 5_000;
// Below these a picture stands still and sound breaks off.
const LEAST_KBPS = 300;
const MOST_LOST_PERCENT = 5;

export class NetworkTest {
  readonly row: Row;
  private stopWatching: (() => void) | null = null;
  private patience: ReturnType<typeof setTimeout> | undefined;
  private round = 0;
  private trying = new AbortController();
  /** Why it is not well; the server knows these words. */
  because: 'offline' | 'slow' | 'relay' | null = null;

  constructor(private readonly socket: Pinger, private readonly seat: string, private readonly texts: Texts['check'], private readonly onResult: () => void) {
    this.row = new Row('network', texts, 'network');
    this.row.draw('running', texts.network_running);
  }

  /** Begin, or begin again. */
  start(): void {
    this.stop();
    this.row.draw('running', this.texts.network_running);
    this.patience = setTimeout(() => this.found('fail', 'offline'), OPEN_WITHIN_MS);
    this.stopWatching = this.socket.onState(() => this.look());
    this.look();
  }

  stop(): void {
    this.round += 1;
    this.trying.abort();
    clearTimeout(this.patience);
    this.stopWatching?.();
    this.stopWatching = null;
  }

  private look(): void {
    if (this.socket.state === 'open') void this.measure();
    else if (this.row.result === 'ok' || this.row.result === 'warn') this.row.draw('running', this.texts.network_running);
  }

  private async measure(): Promise<void> {
    const round = ++this.round;
    const times: number[] = [];
    for (let count = 0; count < PINGS; count += 1) {
      const took = await this.socket.measure();
      if (round !== this.round) return;
      if (took !== null) times.push(took);
    }
    if (!times.length) return;
    clearTimeout(this.patience);
    this.trying.abort();
    this.trying = new AbortController();
    const relay = await tryRelay(this.seat, this.trying.signal);
    if (round !== this.round) return;
    if (relay && !relay.reached) return this.found('fail', 'relay');
    const isSlow = Math.min(...times) > SLOW_MS || (relay !== null && isThin(relay));
    this.found(isSlow ? 'warn' : 'ok', isSlow ? 'slow' : null);
  }

  private found(result: 'ok' | 'warn' | 'fail', because: NetworkTest['because']): void {
    clearTimeout(this.patience);
    this.because = because;
    const fail = because === 'relay' ? this.texts.network_blocked : this.texts.network_fail;
    const words = { ok: this.texts.network_ok, warn: this.texts.network_warn, fail };
    this.row.draw(result, words[result]);
    this.onResult();
  }
}

function isThin({ lost, roundTripMs, kbps }: RelayFinding): boolean {
  return lost > MOST_LOST_PERCENT || roundTripMs > SLOW_MS || kbps < LEAST_KBPS;
}
