import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { onWake } from '../src/ui/wake';

const page = Object.assign(new EventTarget(), { visibilityState: 'visible' });
const radio = new EventTarget();

beforeEach(() => {
  vi.useFakeTimers();
  page.visibilityState = 'visible';
  vi.stubGlobal('window', new EventTarget());
  vi.stubGlobal('document', page);
  vi.stubGlobal('navigator', { connection: radio });
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

describe('a page wakes', () => {
  it.each<[string, () => EventTarget, string]>([
    ['when the network is back', () => window, 'online'],
    ['when the network goes', () => window, 'offline'],
    ['when it is another network', () => radio, 'change'],
    ['when it was frozen', () => document, 'resume'],
    ['when it is seen again', () => document, 'visibilitychange'],
  ])('%s', (_, target, name) => {
    const hear = vi.fn();
    const stop = onWake(hear);

    target().dispatchEvent(new Event(name));
    stop();
    target().dispatchEvent(new Event(name));

    expect(hear).toHaveBeenCalledTimes(1);
  });

  it('when its clock has jumped, as over a closed lid', () => {
    const hear = vi.fn();
    onWake(hear);

    vi.advanceTimersByTime(60_000);
    expect(hear).not.toHaveBeenCalled();
    vi.setSystemTime(Date.now() + 60_000);
    vi.advanceTimersByTime(2_000);

    expect(hear).toHaveBeenCalledTimes(1);
  });

  it('not while it is hidden and nothing but its clock says so', () => {
    const hear = vi.fn();
    onWake(hear);
    page.visibilityState = 'hidden';

    page.dispatchEvent(new Event('visibilitychange'));
    vi.setSystemTime(Date.now() + 60_000);
    vi.advanceTimersByTime(2_000);

    expect(hear).not.toHaveBeenCalled();
  });
});
