/** A socket that stays: says hello, keeps itself alive, and comes back after a loss. No DOM, no pages. */

import type { Hello, SharedMessage, ToServer } from './messages';

export const SUBPROTOCOL = 'housecall.v1';

/** Where the socket stands; `ended` is for good. */
export type SocketState = 'connecting' | 'open' | 'lost' | 'ended';
/** Why it ended: a newer tab, a cookie that is good no more, a fault of ours, or our own wish. */
export type Ending = 'replaced' | 'not-signed-in' | 'fault' | 'closed';

/** The part of a browser's WebSocket that is used, so that tests can bring their own. */
export interface Wire {
  readonly readyState: number;
  onopen: ((event: Event) => void) | null;
  onmessage: ((event: MessageEvent) => void) | null;
  onclose: ((event: CloseEvent) => void) | null;
  onerror: ((event: Event) => void) | null;
  send(text: string): void;
  close(code?: number): void;
}

export interface SocketOptions<In> {
  /** Absolute (`wss://…`) or a path on our own host. */
  url: string;
  parse: (text: string) => In | null;
  /** The tab's own random id; one is made if none is given. */
  tab?: string;
  open?: (url: string, protocol: string) => Wire;
  random?: () => number;
}

const ENDINGS: Record<number, Ending> = { 4400: 'fault', 4401: 'not-signed-in', 4409: 'replaced' };
const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 8_000;
const TOO_MANY_WAIT_MS = 5_000;
const RESTART_SPREAD_MS = 2_000;
const PING_EVERY_MS = 20_000;
// A server that answers at all does so well within this; a dead radio link otherwise takes minutes to show.
const PONG_WITHIN_MS = 8_000;
// When there is a reason to doubt the line, its person should not wait so long.
const DOUBTED_PONG_WITHIN_MS = 4_000;
const OPEN_WITHIN_MS = 10_000;
const OPEN = 1;

type Timer = ReturnType<typeof setTimeout>;
type Listener<T> = (value: T) => void;

/** Speaks `housecall.v1` and reconnects by itself until it has ended; messages are not kept while it is lost. */
export class HousecallSocket<In extends { type: string }, Out extends { type: string }> {
  state: SocketState = 'connecting';
  ending: Ending | null = null;
  readonly tab: string;
  private wire: Wire | null = null;
  private wasOpen = false;
  private attempts = 0;
  private pings = 0;
  private moveInMs: number | null = null;
  private retry: Timer | undefined;
  private heartbeat: Timer | undefined;
  private patience: Timer | undefined;
  private readonly waitingPings = new Map<number, Listener<number | null>>();
  private readonly hearers = new Set<Listener<In>>();
  private readonly watchers = new Set<Listener<SocketState>>();
  private readonly random: () => number;

  constructor(private readonly options: SocketOptions<In>) {
    this.random = options.random ?? Math.random;
    this.tab = options.tab ?? makeTab();
  }

  /** Begin; once is enough. */
  connect(): void {
    if (this.wire || this.state === 'ended') return;
    clearTimeout(this.retry);
    this.become('connecting');
    const open = this.options.open ?? ((url, protocol) => new WebSocket(absolute(url), protocol));
    const wire = open(this.options.url, SUBPROTOCOL);
    this.wire = wire;
    this.patience = setTimeout(() => this.drop(wire), OPEN_WITHIN_MS);
    wire.onopen = () => this.opened(wire);
    wire.onmessage = (event) => this.heard(wire, String(event.data));
    wire.onclose = (event) => this.closed(wire, event.code);
    wire.onerror = null;
  }

  /** Send now; false when there is no open socket, and then it was not sent. */
  send(message: Out | ToServer): boolean {
    if (this.state !== 'open' || this.wire?.readyState !== OPEN) return false;
    this.wire.send(JSON.stringify(message));
    return true;
  }

  /** Hear messages; gives back how to stop. */
  onMessage(listener: Listener<In>): () => void {
    this.hearers.add(listener);
    return () => this.hearers.delete(listener);
  }

  /** Hear where the socket stands; gives back how to stop. */
  onState(listener: Listener<SocketState>): () => void {
    this.watchers.add(listener);
    return () => this.watchers.delete(listener);
  }

  /** The network may be another one, or the page is seen again: do not wait, and find out whether an open socket still lives. */
  nudge(): void {
    if (this.state === 'lost') this.connect();
    else if (this.state === 'open') this.beat(DOUBTED_PONG_WITHIN_MS);
  }

  /** One round trip in milliseconds; null when there was no answer. */
  measure(withinMs: number = PONG_WITHIN_MS): Promise<number | null> {
    const n = ++this.pings;
    const begun = performance.now();
    return new Promise((resolve) => {
      if (!this.send({ type: 'ping', n })) return resolve(null);
      const timer = setTimeout(() => settle(null), withinMs);
      const settle = (at: number | null): void => {
        clearTimeout(timer);
        this.waitingPings.delete(n);
        resolve(at === null ? null : at - begun);
      };
      this.waitingPings.set(n, settle);
    });
  }

  /** Close for good. */
  close(): void {
    this.end('closed');
  }

  private opened(wire: Wire): void {
    if (wire !== this.wire) return;
    clearTimeout(this.patience);
    this.state = 'open';
    const hello: Hello = { type: 'hello', v: 1, tab: this.tab, resume: this.wasOpen };
    wire.send(JSON.stringify(hello));
    this.wasOpen = true;
    this.heartbeat = setInterval(() => this.beat(), PING_EVERY_MS);
    for (const watcher of [...this.watchers]) watcher('open');
  }

  private beat(withinMs?: number): void {
    const wire = this.wire;
    void this.measure(withinMs).then((took) => {
      if (took === null && wire && wire === this.wire) this.drop(wire);
    });
  }

  private heard(wire: Wire, text: string): void {
    if (wire !== this.wire) return;
    const message = this.options.parse(text);
    if (!message) return;
    // Only an answer shows that the server takes us; a handshake alone may be a proxy's.
    this.attempts = 0;
    const pong = asShared(message, 'pong');
    if (pong) return this.waitingPings.get(pong.n)?.(performance.now());
    const moving = asShared(message, 'moving');
    if (moving) this.moveSoon(wire, moving.in_ms);
    for (const hearer of [...this.hearers]) hearer(message);
  }

  private moveSoon(wire: Wire, inMs: number): void {
    this.moveInMs = inMs;
    setTimeout(() => {
      if (wire !== this.wire) return;
      this.drop(wire);
      this.connect();
    }, inMs);
  }

  /** Let go of a socket that may never say that it closed. */
  private drop(wire: Wire): void {
    wire.onclose = null;
    wire.close();
    this.closed(wire, 1006);
  }

  private closed(wire: Wire, code: number): void {
    if (wire !== this.wire) return;
    this.letGo();
    const ending = ENDINGS[code];
    if (ending) return this.end(ending);
    const wait = this.waitAfter(code);
    this.attempts += 1;
    this.moveInMs = null;
    this.retry = setTimeout(() => this.connect(), wait);
    this.become('lost');
  }

  private waitAfter(code: number): number {
    if (this.moveInMs !== null) return this.moveInMs;
    if (code === 1012) return this.random() * RESTART_SPREAD_MS;
    if (code === 4429) return TOO_MANY_WAIT_MS;
    const wait = Math.min(FIRST_WAIT_MS * 2 ** this.attempts, LONGEST_WAIT_MS);
    return wait * (0.5 + this.random() / 2);
  }

  private letGo(): void {
    clearTimeout(this.patience);
    clearInterval(this.heartbeat);
    if (this.wire) this.wire.onopen = this.wire.onmessage = this.wire.onclose = null;
    this.wire = null;
    for (const settle of [...this.waitingPings.values()]) settle(null);
  }

  private end(ending: Ending): void {
    clearTimeout(this.retry);
    const wire = this.wire;
    this.letGo();
    wire?.close(1000);
    this.ending ??= ending;
    this.become('ended');
  }

  private become(state: SocketState): void {
    if (this.state === state && state !== 'lost') return;
    this.state = state;
    for (const watcher of [...this.watchers]) watcher(state);
  }
}

function asShared<T extends SharedMessage['type']>(message: { type: string }, type: T): Extract<SharedMessage, { type: T }> | null {
  return message.type === type ? (message as Extract<SharedMessage, { type: T }>) : null;
}

function makeTab(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

function absolute(url: string): string {
  if (/^wss?:/.test(url)) return url;
  const here = new URL(url, location.href);
  here.protocol = here.protocol === 'http:' ? 'ws:' : 'wss:';
  return here.href;
}
