/** The patient's end of the warm-up: made when the server asks, dropped when the waiting is over, seen by nobody. */

import { assertNever, type PatientMessage } from '../protocol/messages';
import { WarmPair, type PairOptions } from './pair';
import type { Outgoing, Peer } from './peer';
import type { PatientSocket } from './wire';

type Parts = Pick<PairOptions, 'makeConnection' | 'bundle'>;

const KEEPS = new Set(['waiting', 'admitted', 'connected', 'reconnecting']);

export class WarmGuest {
  private pair: WarmPair | null = null;

  constructor(
    private readonly socket: Pick<PatientSocket, 'send' | 'onMessage' | 'onState'>,
    private readonly parts: Parts = {},
  ) {
    socket.onMessage((message) => this.hear(message));
    // The server has forgotten it, too.
    socket.onState((state) => state !== 'open' && this.drop());
  }

  /** The person was let in: picture and sound leave on the connection that the server named, while the page is drawn. */
  begin(warm: string | undefined, outgoing: Outgoing): void {
    if (this.pair?.id === warm && this.pair?.isUp) this.pair.begin(outgoing);
  }

  /** The connection to whom the server named, if it stands. */
  claim(warm: string | undefined): Peer | null {
    const pair = this.pair;
    if (!pair || pair.id !== warm || !pair.isUp) return null;
    this.pair = null;
    return pair.claim();
  }

  private hear(message: PatientMessage): void {
    switch (message.type) {
      case 'warm':
        this.drop();
        this.pair = this.make(message);
        return this.pair.offer();
      case 'warm-signal':
        if (this.pair?.id === message.warm) this.pair.take(message.data);
        return;
      case 'cold':
        if (this.pair?.id === message.warm) this.drop();
        return;
      case 'state':
        if (!KEEPS.has(message.state)) this.drop();
        return;
      case 'over':
      case 'replaced':
        return this.drop();
      case 'admitted':
      case 'elsewhere':
      case 'peer-joined':
      case 'peer-left':
      case 'signal':
      case 'moving':
      case 'pong':
      case 'error':
        return;
      default:
        return assertNever(message);
    }
  }

  private make(invitation: Extract<PatientMessage, { type: 'warm' }>): WarmPair {
    const { warm } = invitation;
    return new WarmPair({
      invitation,
      send: (data) => this.socket.send({ type: 'warm-signal', warm, data }),
      onLost: () => this.socket.send({ type: 'cool', warm }),
      ...this.parts,
    });
  }

  private drop(): void {
    this.pair?.close();
    this.pair = null;
  }
}
