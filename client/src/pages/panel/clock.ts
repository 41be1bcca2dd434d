/** Times as the clinician reads them, on the server's clock. */

/** Milliseconds to add to this machine's clock to get the server's. */
let aheadMs = 0;

export function setServerNow(iso: string): void {
  aheadMs = Date.parse(iso) - Date.now();
}

export function serverNow(): number {
  return Date.now() + aheadMs;
}

/** `3:07`, or `1:02:07` from an hour on; never below zero. */
export function since(iso: string, now: number = serverNow()): string {
  const total = Math.max(0, Math.floor((now - Date.parse(iso)) / 1000));
  const [hours, minutes, seconds] = [Math.floor(total / 3600), Math.floor((total % 3600) / 60), total % 60];
  const tail = String(seconds).padStart(2, '0');
  return hours ? `${hours}:${String(minutes).padStart(2, '0')}:${tail}` : `${minutes}:${tail}`;
}

export function timeOf(iso: string, timeZone: string): string {
  return new Intl.DateTimeFormat('en', { hour: 'numeric', minute: '2-digit', timeZone }).format(new Date(iso));
}

/** From when to when, in the clinic's time. */
export function spanOf(planned: { starts_at: string; ends_at: string }, timeZone: string): string {
  return `${timeOf(planned.starts_at, timeZone)} – ${timeOf(planned.ends_at, timeZone)}`;
}

/** A day without a time, as a birthday. */
export function dateOf(iso: string): string {
  const parts = new Intl.DateTimeFormat('en', { day: '2-digit', month: 'short', year: 'numeric', timeZone: 'UTC' });
  return parts.format(new Date(iso));
}
