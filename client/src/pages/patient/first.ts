/** What the server puts into the page: this seat, the clinic, and the texts in the reader's language. */

import type { StateMessage } from '../../protocol/messages';
import type catalogue from '../../../../src/housecall/web/catalogue/en.json';

type Catalogue = typeof catalogue;
export type Texts = Pick<Catalogue, 'page' | 'notice' | 'check' | 'mend' | 'lobby' | 'after' | 'elsewhere' | 'survey' | 'call'>;

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
  // Arabic's own digits are not what the rest of the page shows.
  const locale = first.language === 'ar' ? 'ar-u-nu-latn' : first.language;
  return new Intl.NumberFormat(locale, { style: 'unit', unit: 'minute', unitDisplay: 'long' }).format(count);
}
