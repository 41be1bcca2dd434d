/** Whether a connection is weak, from the browser's own counts. */

import type { Peer } from './peer';

/** Counts since the connection began. */
interface Counts {
  lost: number;
  received: number;
  rttMs: number;
}

const WEAK_LOSS_PCT = 6;
const WEAK_RTT_MS = 600;
// Below this a percentage says nothing.
const FEWEST_PACKETS = 30;

/** Remembers the last counts of each connection and judges what came since. */
export class Quality {
  private readonly before = new Map<string, Counts>();

  /** Whether any of `peers` is weak now. */
  async isWeak(peers: Peer[]): Promise<boolean> {
    let weak = false;
    for (const peer of peers) {
      if (peer.state !== 'connected') continue;
      const counts = read(await peer.connection.getStats());
      const before = this.before.get(peer.id);
      this.before.set(peer.id, counts);
      if (isWeak(counts, before)) weak = true;
    }
    return weak;
  }
}

/** Judges one connection; without earlier counts only by its delay. */
export function isWeak(now: Counts, before: Counts | undefined): boolean {
  if (now.rttMs > WEAK_RTT_MS) return true;
  if (!before) return false;
  // Duplicates make the count of lost packets go back (RFC 3550).
  const lost = Math.max(0, now.lost - before.lost);
  const expected = lost + Math.max(0, now.received - before.received);
  return expected >= FEWEST_PACKETS && (100 * lost) / expected > WEAK_LOSS_PCT;
}

function read(report: RTCStatsReport): Counts {
  const counts: Counts = { lost: 0, received: 0, rttMs: 0 };
  report.forEach((one: { type: string; packetsLost?: number; packetsReceived?: number; nominated?: boolean; currentRoundTripTime?: number }) => {
    if (one.type === 'inbound-rtp') {
      counts.lost += one.packetsLost ?? 0;
      counts.received += one.packetsReceived ?? 0;
    }
    if (one.type === 'candidate-pair' && one.nominated) counts.rttMs = (one.currentRoundTripTime ?? 0) * 1000;
  });
  return counts;
}
