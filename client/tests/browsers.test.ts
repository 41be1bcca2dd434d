import { describe, expect, it } from 'vitest';
import { browserOf, isNewEnough } from '../src/ui/browsers';

const OF = {
  edge: 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0',
  chrome: 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/86.0.4240.75 Safari/537.36',
  firefox: 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
  safari: 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/13.1 Safari/605.1.15',
  iphone: 'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/120.0 Mobile/15E148 Safari/604.1',
  samsung: 'Mozilla/5.0 (Linux; Android 14; SM-S918B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/25.0 Chrome/121.0.0.0 Mobile Safari/537.36',
  headless: 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/142.0.0.0 Safari/537.36',
  explorer: 'Mozilla/5.0 (Windows NT 10.0; WOW64; Trident/7.0; rv:11.0) like Gecko',
};

describe('a browser', () => {
  it.each([
    ['edge', 'Edge', 142, true],
    ['chrome', 'Chrome', 86, false],
    ['headless', 'Chrome', 142, true],
    ['firefox', 'Firefox', 140, true],
    ['safari', 'Safari', 13, false],
    ['iphone', 'Safari', 17, true],
    ['samsung', 'Samsung Internet', 121, true],
  ] as const)('%s is known, and whether it is new enough', (of, name, version, isNew) => {
    const browser = browserOf(OF[of]);

    expect([browser?.name, browser?.version]).toEqual([name, version]);
    expect(isNewEnough(browser!)).toBe(isNew);
  });

  it('that we do not know is none', () => {
    expect(browserOf(OF.explorer)).toBeNull();
  });
});
