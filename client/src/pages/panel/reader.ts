/** Reads names from the EHR, quietly again and again while it does not answer. */

import type { Details } from './model';

const FIRST_WAIT_MS = 3_000;
const LONGEST_WAIT_MS = 60_000;

export class DetailsReader {
  /** The last good answer; a later failure does not take it back. */
  details: Details | null = null;
  private waitMs = FIRST_WAIT_MS;
  private again: ReturnType<typeof setTimeout> | undefined;
  private round = 0;

  constructor(
    private readonly read: () => Promise<Details>,
    /** Null: the EHR does not answer, and nothing is known yet. */
    private readonly onDetails: (details: Details | null) => void,
  ) {}

  /** Read now, as at first or after the visit was moved. */
  async start(): Promise<void> {
    const round = (this.round += 1);
    clearTimeout(this.again);
    try {
      const details = await this.read();
      if (round !== this.round) return;
      this.details = details;
      this.waitMs = FIRST_WAIT_MS;
      this.onDetails(details);
    } catch {
      if (round === this.round) this.later();
    }
  }

  stop(): void {
    this.round += 1;
    clearTimeout(this.again);
  }

  private later(): void {
    if (!this.details) this.onDetails(null);
    this.again = setTimeout(() => void this.start(), this.waitMs);
    this.waitMs = Math.min(this.waitMs * 2, LONGEST_WAIT_MS);
  }
}
