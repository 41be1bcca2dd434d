/** Tells the server that the tests have begun and what they found; again after a loss, never twice the same. */

import type { DeviceFindings, ParticipantState, PatientMessage, PatientSays } from '../../protocol/messages';
import type { HousecallSocket } from '../../protocol/socket';

const TOGETHER_MS = 300;

export class Telling {
  private wanted = false;
  private state: ParticipantState | null = null;
  private found: DeviceFindings | null = null;
  private told = '';
  private soon: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly socket: HousecallSocket<PatientMessage, PatientSays>) {
    socket.onState((state) => {
      if (state !== 'open') this.state = null;
    });
  }

  /** The tests are on the screen; what they find is news, even if it is the same as before. */
  checking(): void {
    this.found = null;
    this.told = '';
    this.wanted = true;
    this.tell();
  }

  /** What was found so far; several at once make one message. */
  results(findings: DeviceFindings): void {
    // Looked at many times a second: what was found already is no news, and would put off the telling for ever.
    if (JSON.stringify(findings) === JSON.stringify(this.found)) return;
    this.found = findings;
    clearTimeout(this.soon);
    this.soon = setTimeout(() => this.tell(), TOGETHER_MS);
  }

  /** Do not wait for more. */
  atOnce(): void {
    clearTimeout(this.soon);
    this.tell();
  }

  /** The server's word on where the person is. */
  follow(state: ParticipantState): void {
    this.state = state;
    this.tell();
  }

  private tell(): void {
    // The page knows its state before it has a socket: what could not be sent is still to be told.
    if (this.wanted && (this.state === 'opened' || this.state === 'invited')) this.wanted = !this.socket.send({ type: 'checking' });
    const listens = this.state === 'opened' || this.state === 'checking' || this.state === 'waiting';
    const text = JSON.stringify(this.found);
    if (!this.found || !listens || text === this.told) return;
    if (this.socket.send({ type: 'check', ...this.found })) this.told = text;
  }
}
