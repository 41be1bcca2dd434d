/** Tells the server that the tests have begun and what they found; again after a loss, never twice the same. */

import type { ParticipantState, PatientMessage, PatientSays } from '../../protocol/messages';
import type { HousecallSocket } from '../../protocol/socket';
import type { Results } from './check';

const TOGETHER_MS = 300;

export class Telling {
  private wanted = false;
  private state: ParticipantState | null = null;
  private found: Results | null = null;
  private told = '';
  private soon: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly socket: HousecallSocket<PatientMessage, PatientSays>) {
    socket.onState((state) => {
      if (state !== 'open') this.state = null;
    });
  }

  /** The tests are on the screen. */
  checking(): void {
    this.wanted = true;
    this.tell();
  }

  /** What was found so far; several at once make one message. */
  results(results: Results): void {
    this.found = results;
    clearTimeout(this.soon);
    this.soon = setTimeout(() => this.tell(), TOGETHER_MS);
  }

  /** The server's word on where the person is. */
  follow(state: ParticipantState): void {
    this.state = state;
    this.tell();
  }

  private tell(): void {
    // The page knows its state before it has a socket: what could not be sent is still to be told.
    if (this.wanted && this.state === 'opened') this.wanted = !this.socket.send({ type: 'checking' });
    const listens = this.state === 'opened' || this.state === 'checking' || this.state === 'waiting';
    const text = JSON.stringify(this.found);
    if (!this.found || !listens || text === this.told) return;
    if (this.socket.send({ type: 'check', ...this.found })) this.told = text;
  }
}
