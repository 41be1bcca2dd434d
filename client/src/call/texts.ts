/** The words of the call, in the reader's language; the catalogue's `call` section has this form. */

import { call } from '../../../src/housecall/web/catalogue/en.json';

export type CallTexts = typeof call;

/** For pages that speak English only, as the staff's do. */
export const ENGLISH: CallTexts = call;

/** A text with its `{fields}` filled in; a value that ends in a full stop ends the sentence, too. */
export function fill(text: string, values: Record<string, string | number>): string {
  return text.replace(/\{(\w+)\}(\.?)/g, (whole, name: string, stop: string) => {
    const value = String(values[name] ?? '');
    return name in values ? value + (value.replace(/\u2069$/, '').endsWith('.') ? '' : stop) : whole;
  });
}
