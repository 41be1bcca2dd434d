import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { MediaFault } from '../src/call/media';
import { Arrivals } from '../src/pages/panel/arrivals';
import { blockedText, isForbiddenHere } from '../src/pages/panel/blocked';
import { keep, readKept } from '../src/pages/panel/kept';
import { titleOf } from '../src/pages/panel/page';
import { Activity, reportPresence } from '../src/pages/panel/presence';
import { aVisit } from './panel-visit';

const arrived = (visit = 'v_1', acknowledged = false, at = '2026-11-24T14:58:00+00:00') => aVisit({ visit, patient: { state: 'waiting', arrival: { at, acknowledged } } });

function signs() {
  return { alarm: vi.fn<(text: string) => void>(), badge: vi.fn<(count: number) => void>(), ring: vi.fn() };
}

describe('an arrival', () => {
  it('rings once, however often the visit is drawn', () => {
    const set = signs();
    const arrivals = new Arrivals(set);

    for (let times = 0; times < 3; times += 1) arrivals.follow([arrived()]);

    expect(set.ring).toHaveBeenCalledTimes(1);
    expect(set.alarm.mock.calls).toEqual([['The patient has arrived and is waiting.']]);
    expect(set.badge).toHaveBeenLastCalledWith(1);
  });

  it('is badged until somebody has seen it', () => {
    const set = signs();
    const arrivals = new Arrivals(set);
    arrivals.follow([arrived()]);

    arrivals.follow([arrived('v_1', true)]);

    expect(set.badge).toHaveBeenLastCalledWith(0);
    expect(set.alarm).toHaveBeenLastCalledWith('');
  });

  it('of the same patient later rings again', () => {
    const set = signs();
    const arrivals = new Arrivals(set);

    arrivals.follow([arrived()]);
    arrivals.follow([aVisit({ patient: { state: 'left' } })]);
    arrivals.follow([arrived('v_1', false, '2026-11-24T15:02:00+00:00')]);

    expect(set.ring).toHaveBeenCalledTimes(2);
  });

  it('of several patients is counted', () => {
    const set = signs();

    new Arrivals(set).follow([arrived(), arrived('v_2'), arrived('v_3', true)]);

    expect(set.badge).toHaveBeenLastCalledWith(2);
    expect(set.alarm).toHaveBeenLastCalledWith('2 patients have arrived and are waiting.');
  });

  it('stands in the title', () => {
    expect(titleOf('Video visit', 0)).toBe('Video visit');
    expect(titleOf('Video visit', 2)).toBe('(2) Waiting · Video visit');
  });
});

describe('presence', () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  it('is told every minute, and only a touch by a person counts', () => {
    const sent: unknown[] = [];
    const page = new EventTarget();
    reportPresence({ send: (message) => sent.push(message) > 0 }, page, new Activity());

    vi.advanceTimersByTime(60_000);
    page.dispatchEvent(new Event('pointerdown'));
    vi.advanceTimersByTime(60_000);
    page.dispatchEvent(Object.defineProperty(new Event('keydown'), 'isTrusted', { value: true }));
    vi.advanceTimersByTime(60_000);

    expect(sent).toEqual([60, 120, 60].map((idle_s) => ({ type: 'active', idle_s })));
  });
});

describe('a window without camera', () => {
  const device = (fault: MediaFault | null, opening = false) => ({ fault, opening });
  const frame = { isForbidden: false, alone: false };

  it('says nothing while all is well or still being asked', () => {
    expect(blockedText(device(null), device(null), frame)).toBe('');
    expect(blockedText(device('denied', true), device('denied', true), frame)).toBe('');
  });

  it('says what the patient has of it, why, and the way on', () => {
    expect(blockedText(device('denied'), device('denied'), frame)).toBe(
      'The patient can neither see nor hear you. The browser does not allow camera or microphone here. Allow them at the left of the address, and try again. Or open the visit in its own window.',
    );
    expect(blockedText(device('busy'), device(null), frame)).toMatch(/^The patient can hear you but not see you\. Another program/);
    expect(blockedText(device(null), device('not-found'), frame)).toContain('Citrix');
  });

  it('blames the frame where the frame is to blame, and sends nobody from their own window to another', () => {
    expect(blockedText(device('denied'), device('denied'), { isForbidden: true, alone: false })).toContain('inside the chart');
    expect(blockedText(device('denied'), device('denied'), { isForbidden: false, alone: true })).not.toContain('own window');
  });

  it('asks the browser what the frame allows, where it tells', () => {
    expect(isForbiddenHere({ featurePolicy: { allowsFeature: (name: string) => name === 'camera' } })).toBe(true);
    expect(isForbiddenHere({ featurePolicy: { allowsFeature: () => true } })).toBe(false);
    expect(isForbiddenHere({})).toBe(false);
  });
});

describe('storage in the frame', () => {
  afterEach(() => vi.unstubAllGlobals());

  it('may throw at any touch, and then nothing is kept', () => {
    const denied = { getItem: () => { throw new Error('SecurityError'); }, setItem: () => { throw new Error('SecurityError'); } };
    vi.stubGlobal('localStorage', denied);

    keep('key', 'value');

    expect(readKept('key')).toBeNull();
  });
});
