/** The oldest browsers that our pages are built for, and which one this is. */

/** Phones from 2020 on: their owners are our oldest patients. */
export const OLDEST = { chrome: 87, firefox: 88, safari: 14 } as const;

type Engine = keyof typeof OLDEST;

export interface Browser {
  name: string;
  version: number;
  engine: Engine;
}

// In this order: each of these says that it is one of those after it, too.
const NAMES: [string, Engine, RegExp][] = [
  ['Edge', 'chrome', /\bEdg(?:A|iOS)?\/(\d+)/],
  ['Opera', 'chrome', /\bOPR\/(?:\d+).*/],
  ['Samsung Internet', 'chrome', /\bSamsungBrowser\/(?:\d+).*/],
  ['Firefox', 'firefox', /\bFirefox\/(\d+)/],
  ['Chrome', 'chrome', /\b(?:Headless)?Chrome\/(\d+)/],
  ['Safari', 'safari', /\bVersion\/(\d+).*\bSafari\//],
];

/** By what it says of itself; null for one that we do not know. On iPhones every browser is the system's own inside. */
export function browserOf(userAgent: string): Browser | null {
  const ios = /\b(?:iPhone|iPad|iPod)\b.*\bOS (\d+)_/.exec(userAgent);
  for (const [name, engine, pattern] of NAMES) {
    const found = pattern.exec(userAgent);
    if (!found) continue;
    if (ios) return { name, version: Number(ios[1]), engine: 'safari' };
    const version = found[1] ?? /\bChrome\/(\d+)/.exec(userAgent)?.[1];
    return version ? { name, version: Number(version), engine } : null;
  }
  return ios ? { name: 'Safari', version: Number(ios[1]), engine: 'safari' } : null;
}

/** Whether our pages are built for it. */
export function isNewEnough(browser: Browser): boolean {
  return browser.version >= OLDEST[browser.engine];
}
