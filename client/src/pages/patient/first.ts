/** What the server puts into the page: this seat, the clinic, and the texts in the reader's language. */

import type { StateMessage } from '../../protocol/messages';
import type catalogue from '../../../../src/housecall/web/catalogue/en.json';

type Catalogue = typeof catalogue;
export type Texts = Pick<Catalogue, 'page' | 'notice' | 'check' | 'mend' | 'ahead' | 'lobby' | 'after' | 'elsewhere' | 'survey' | 'call'>;

const DAY_MS = 24 * 60 * 60 * 1000;

export interface First {
  seat: string;
  /** As what the reader takes part. */
  role: 'patient' | 'interpreter' | 'family';
  clinic: string;
  /** As people dial it; empty when the clinic gave none. */
  phone: string;
  /** The number as an address; empty as above. */
  dial: string;
  language: string;
  /** The clinic's own words for when the visit is over; empty when it wrote none. */
  closed: string;
  /** When the waiting room opens, as people say it there. */
  opens: string;
  /** When the visit is, where that is days ahead and this can only be a rehearsal; else empty. */
  ahead: string;
  /** How things stood when the page was made; the socket's own word replaces it. */
  state: StateMessage;
  texts: Texts;
  /** What the clinic may say to whoever waits: sentences by their keys, in the reader's language. */
  words: Record<string, string>;
}

/** The first values, on a page that has them. */
export function readFirst(): First | null {
  const block = document.getElementById('first');
  return block?.textContent ? (JSON.parse(block.textContent) as First) : null;
}

/** `3 minutes`, with the plural that the language has for it. */
export function minutes(count: number, first: First): string {
  return new Intl.NumberFormat(localeOf(first), { style: 'unit', unit: 'minute', unitDisplay: 'long' }).format(count);
}

/** Today, yesterday, or the day itself. */
export function dayOf(at: Date, first: First, now = new Date()): string {
  const midnight = (moment: Date): number => new Date(moment.getFullYear(), moment.getMonth(), moment.getDate()).getTime();
  // Rounded: a day on which the clocks change has 23 or 25 hours.
  const past = Math.round((midnight(now) - midnight(at)) / DAY_MS);
  if (past <= 1) return new Intl.RelativeTimeFormat(localeOf(first), { numeric: 'auto' }).format(-Math.max(0, past), 'day');
  return new Intl.DateTimeFormat(localeOf(first), { weekday: 'long', day: 'numeric', month: 'long' }).format(at);
}

function localeOf({ language }: First): string {
  // Arabic's own digits are not what the rest of the page shows.
  return language === 'ar' ? 'ar-u-nu-latn' : language;
}
