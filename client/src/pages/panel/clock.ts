/** Times as the clinician reads them, on the server's clock. */

const DAY_MS = 24 * 60 * 60 * 1000;

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

/** The same with its day, where that is not today. */
export function planOf(planned: { starts_at: string; ends_at: string }, timeZone: string, now: number = serverNow()): string {
  const [at, span] = [Date.parse(planned.starts_at), spanOf(planned, timeZone)];
  if (dayNumber(at, timeZone) === dayNumber(now, timeZone)) return span;
  return `${new Intl.DateTimeFormat('en', { weekday: 'short', day: 'numeric', month: 'short', timeZone }).format(at)}, ${span}`;
}

/** `today`, `yesterday`, `Mon` within the week, else `12 Nov`: days as the clinic counts them. */
export function dayName(iso: string, timeZone: string, now: number = serverNow()): string {
  const at = Date.parse(iso);
  const past = dayNumber(now, timeZone) - dayNumber(at, timeZone);
  if (past <= 0) return 'today';
  if (past === 1) return 'yesterday';
  const how: Intl.DateTimeFormatOptions = past < 7 ? { weekday: 'short' } : { day: 'numeric', month: 'short' };
  return new Intl.DateTimeFormat('en-GB', { ...how, timeZone }).format(at);
}

function dayNumber(moment: number, timeZone: string): number {
  return Date.parse(new Intl.DateTimeFormat('en-CA', { timeZone }).format(moment)) / DAY_MS;
}

/** A day without a time, as a birthday. */
export function dateOf(iso: string): string {
  const parts = new Intl.DateTimeFormat('en', { day: '2-digit', month: 'short', year: 'numeric', timeZone: 'UTC' });
  return parts.format(new Date(iso));
}
