/** Asks for the names of rows that are in sight, a few at a time; an EHR that does not answer is asked again later. */

export interface Named {
  name: string;
  service: string | null;
}

const AT_ONCE = 25;
// Rows scroll into sight one after the other; one request takes those of the same moment.
const GATHER_MS = 60;
const FIRST_WAIT_MS = 3_000;
const LONGEST_WAIT_MS = 60_000;

export class Names {
  private readonly known = new Map<string, Named | null>();
  private readonly wanted = new Set<string>();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private waitMs = FIRST_WAIT_MS;
  private asking = false;
  private stopped = false;

  constructor(
    private readonly ask: (visits: string[]) => Promise<Record<string, Named | null>>,
    /** Null: the EHR does not show this patient to this clinician. */
    private readonly onName: (visit: string, named: Named | null) => void,
    /** Whether names can be had at present. */
    private readonly onTrouble: (is: boolean) => void,
  ) {}

  /** This row is in sight. */
  want(visit: string): void {
    if (this.known.has(visit)) return;
    this.wanted.add(visit);
    this.soon(GATHER_MS);
  }

  /** The row is out of sight before its name was asked for. */
  unwant(visit: string): void {
    this.wanted.delete(visit);
  }

  get(visit: string): Named | null {
    return this.known.get(visit) ?? null;
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
  }

  private soon(inMs: number): void {
    if (this.timer !== undefined || this.asking || this.stopped) return;
    this.timer = setTimeout(() => void this.round(), inMs);
  }

  private async round(): Promise<void> {
    this.timer = undefined;
    const batch = [...this.wanted].slice(0, AT_ONCE);
    if (!batch.length) return;
    this.asking = true;
    const found = await this.ask(batch).catch(() => null);
    this.asking = false;
    this.onTrouble(found === null);
    if (found) this.take(batch, found);
    this.waitMs = found ? FIRST_WAIT_MS : Math.min(this.waitMs * 2, LONGEST_WAIT_MS);
    if (this.wanted.size) this.soon(found ? 0 : this.waitMs);
  }

  private take(batch: string[], found: Record<string, Named | null>): void {
    for (const visit of batch) {
      this.wanted.delete(visit);
      this.known.set(visit, found[visit] ?? null);
      this.onName(visit, found[visit] ?? null);
    }
  }
}
