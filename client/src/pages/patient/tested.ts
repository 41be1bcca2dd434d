/** What this browser remembers by itself: that everything worked here, and when. Nothing says for whom or for which visit. */

const KEY = 'hc-tested';
// What worked longer ago says little of today: systems and permissions change.
const GOOD_FOR_MS = 30 * 24 * 60 * 60 * 1000;

/** Remember a test that is over; one in which something was wrong is not built on. */
export function noteTest(works: boolean, now = Date.now()): void {
  try {
    if (works) localStorage.setItem(KEY, String(now));
    else localStorage.removeItem(KEY);
  } catch {
    // A browser that keeps nothing is tested each time.
  }
}

/** When everything worked in this browser; null when it did not, or too long ago. */
export function lastGoodTest(now = Date.now()): Date | null {
  try {
    const at = Number(localStorage.getItem(KEY) ?? NaN);
    return at <= now && now - at < GOOD_FOR_MS ? new Date(at) : null;
  } catch {
    return null;
  }
}
