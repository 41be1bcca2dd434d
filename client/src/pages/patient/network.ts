/** The connection's test: is the socket there, and how long is a round trip. */

import type { Texts } from './first';
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

export class NetworkTest {
  readonly row: Row;
  private stopWatching: (() => void) | null = null;
  private patience: ReturnType<typeof setTimeout> | undefined;
  private round = 0;
  /** Why it is not well; the server knows these words. */
  because: 'offline' | 'slow' | null = null;

  constructor(private readonly socket: Pinger, private readonly texts: Texts['check'], private readonly onResult: () => void) {
    this.row = new Row('network', texts, 'network');
    this.row.draw('running', texts.network_running);
  }

  /** Begin, or begin again. */
  start(): void {
    this.stop();
    this.row.draw('running', this.texts.network_running);
    this.patience = setTimeout(() => this.found('fail'), OPEN_WITHIN_MS);
    this.stopWatching = this.socket.onState(() => this.look());
    this.look();
  }

  stop(): void {
    this.round += 1;
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
    if (times.length) this.found(Math.min(...times) > SLOW_MS ? 'warn' : 'ok');
  }

  private found(result: 'ok' | 'warn' | 'fail'): void {
    clearTimeout(this.patience);
    this.because = result === 'ok' ? null : result === 'warn' ? 'slow' : 'offline';
    const words = { ok: this.texts.network_ok, warn: this.texts.network_warn, fail: this.texts.network_fail };
    this.row.draw(result, words[result]);
    this.onResult();
  }
}
