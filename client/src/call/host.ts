/** The clinician's end of the warm-up, for one visit: asked for while somebody looks and the patient waits. */

import type { StaffMessage, VisitView } from '../protocol/messages';
import type { SocketState } from '../protocol/socket';
import { WarmPair, type PairOptions } from './pair';
import type { Peer } from './peer';
import type { StaffSocket } from './wire';

type Parts = Pick<PairOptions, 'makeConnection' | 'bundle'>;

// The patient may be warm with a colleague, or on a page that changes: asked again, but not in a hurry.
const AGAIN_AFTER_MS = 15_000;
const SOON_MS = 1_000;
// Between the press and the patient's page being in the room.
const KEPT_AFTER_ADMISSION_MS = 10_000;
// Whoever looks something up elsewhere is back within a minute.
const UNSEEN_FOR_MS = 60_000;
const IN_ROOM = new Set(['admitted', 'connected', 'reconnecting']);

type Timer = ReturnType<typeof setTimeout>;

export class WarmHost {
  private pair: WarmPair | null = null;
  private view: VisitView | null = null;
  private isOffered = false;
  private isLooked = false;
  private again: Timer | undefined;
  private away: Timer | undefined;
  private later: Timer | undefined;
  private readonly stops: (() => void)[];

  constructor(
    private readonly visit: string,
    private readonly socket: Pick<StaffSocket, 'state' | 'send' | 'onMessage' | 'onState'>,
    private readonly parts: Parts = {},
  ) {
    this.stops = [socket.onMessage((message) => this.hear(message)), socket.onState((state) => this.followSocket(state))];
  }

  /** Whether the server offers warm-ups at all; it says so in each welcome. */
  offered(is: boolean): void {
    this.isOffered = is;
    this.judge();
  }

  /** Whether somebody looks at the visit on this page. */
  looked(is: boolean): void {
    clearTimeout(this.away);
    if (is) this.isLooked = true;
    else
      this.away = setTimeout(() => {
        this.isLooked = false;
        this.judge();
      }, UNSEEN_FOR_MS);
    this.judge();
  }

  /** Do as the visit's newest snapshot says. */
  follow(view: VisitView): void {
    this.view = view;
    this.judge();
  }

  /** The connection to the patient; by its name where they gave one, else only if it stands. */
  claim(warm: string | undefined, isNamed: boolean): Peer | null {
    const pair = this.pair;
    if (!pair || (isNamed ? pair.id !== warm : !pair.isUp)) return null;
    this.pair = null;
    // Nothing is taken back from now on: the patient's page may be about to use it.
    clearTimeout(this.again);
    clearTimeout(this.later);
    this.again = this.later = undefined;
    return pair.claim();
  }

  close(): void {
    for (const stop of this.stops.splice(0)) stop();
    this.cool();
    clearTimeout(this.away);
  }

  private get isWanted(): boolean {
    const { view } = this;
    const waits = view !== null && view.patient.state === 'waiting' && view.patient.present && (view.state === 'open' || view.state === 'in_progress');
    return waits && this.isOffered && this.isLooked && this.socket.state === 'open';
  }

  private judge(): void {
    const state = this.view?.patient.state ?? '';
    if (this.isWanted) {
      clearTimeout(this.later);
      this.later = undefined;
      if (!this.pair && this.again === undefined) this.ask();
    } else if (this.pair && IN_ROOM.has(state)) {
      this.later ??= setTimeout(() => this.cool(), KEPT_AFTER_ADMISSION_MS);
    } else this.cool();
  }

  private ask(): void {
    this.socket.send({ type: 'warm', visit: this.visit });
    this.askAgain(AGAIN_AFTER_MS);
  }

  private askAgain(afterMs: number): void {
    clearTimeout(this.again);
    this.again = setTimeout(() => {
      this.again = undefined;
      this.judge();
    }, afterMs);
  }

  private hear(message: StaffMessage): void {
    if (message.type !== 'warm' && message.type !== 'warm-signal' && message.type !== 'cold') return;
    if (message.visit !== this.visit) return;
    if (message.type === 'warm') {
      this.pair?.close();
      this.pair = this.make(message);
    } else if (this.pair?.id !== message.warm) return;
    else if (message.type === 'warm-signal') this.pair.take(message.data);
    else {
      this.drop();
      this.askAgain(SOON_MS);
    }
  }

  private make(invitation: Extract<StaffMessage, { type: 'warm' }>): WarmPair {
    const { visit, warm } = invitation;
    return new WarmPair({
      invitation,
      send: (data) => this.socket.send({ type: 'warm-signal', visit, warm, data }),
      onLost: () => {
        this.pair = null;
        this.socket.send({ type: 'cool', visit });
        this.askAgain(AGAIN_AFTER_MS);
      },
      ...this.parts,
    });
  }

  private followSocket(state: SocketState): void {
    if (state === 'open') return;
    // The server forgets it with the socket; a new one begins after the next welcome.
    this.isOffered = false;
    this.drop();
    clearTimeout(this.again);
    this.again = undefined;
  }

  private drop(): void {
    this.pair?.close();
    this.pair = null;
  }

  /** Let go of it, and of the wish for it. */
  private cool(): void {
    const asked = this.pair !== null || this.again !== undefined;
    this.drop();
    clearTimeout(this.again);
    clearTimeout(this.later);
    this.again = this.later = undefined;
    if (asked) this.socket.send({ type: 'cool', visit: this.visit });
  }
}
