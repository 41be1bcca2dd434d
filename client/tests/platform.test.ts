import { describe, expect, it } from 'vitest';
import { isInApp, platformOf, wayOut } from '../src/pages/patient/platform';

const AGENTS = {
  iphone: 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1',
  iphoneChrome: 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/131.0 Mobile/15E148 Safari/604.1',
  iphoneInApp: 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 [FBAN/FBIOS;FBAV/490]',
  iphoneView: 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148',
  mac: 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15',
  android: 'Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36',
  androidView: 'Mozilla/5.0 (Linux; Android 14; Pixel 8 Build/AP2A; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/131.0 Mobile Safari/537.36',
  windows: 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36 Edg/131.0',
  firefox: 'Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0',
};

describe('platforms', () => {
  it.each([
    ['iphone', 0, 'ios_safari'], ['iphoneChrome', 0, 'ios_other'], ['mac', 0, 'safari'], ['mac', 5, 'ios_safari'],
    ['android', 5, 'android'], ['windows', 0, 'chromium'], ['firefox', 0, 'firefox'],
  ] as const)('%s with %d touch points is %s', (agent, touch, expected) => {
    expect(platformOf(AGENTS[agent], touch)).toBe(expected);
  });

  it('a page inside another app is told from a browser', () => {
    const inside = Object.entries(AGENTS).filter(([, agent]) => isInApp(agent)).map(([name]) => name);
    expect(inside).toEqual(['iphoneInApp', 'iphoneView', 'androidView']);
  });

  it('the way out leads to the same link', () => {
    expect(wayOut('https://clinic.example/v/abc', AGENTS.androidView)).toBe('intent://clinic.example/v/abc#Intent;scheme=https;end');
    expect(wayOut('https://clinic.example/v/abc', AGENTS.iphoneInApp)).toBe('x-safari-https://clinic.example/v/abc');
    expect(wayOut('https://clinic.example/v/abc', AGENTS.windows)).toBeNull();
  });
});
