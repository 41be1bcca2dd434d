import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ActFailed, Acts } from '../src/pages/panel/acts';
import { openApart } from '../src/pages/panel/apart';
import type { Details } from '../src/pages/panel/model';
import { DetailsReader } from '../src/pages/panel/reader';
import { aVisit } from './panel-visit';

const acts = new Acts('l_1');
const answering = (status: number, body: string) => vi.fn<typeof fetch>(async () => new Response(body, { status }));
const failure = async (asked: Promise<unknown>): Promise<ActFailed> => (await asked.then(() => null, (error: unknown) => error)) as ActFailed;

beforeEach(() => vi.useFakeTimers());
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe('an act', () => {
  it('is one POST to this launch, marked as ours, and answers the visit', async () => {
    const fetch = answering(200, JSON.stringify(aVisit({ rev: 8 })));
    vi.stubGlobal('fetch', fetch);

    const view = await acts.do('v_1', 'send-link', { to: '+4512345678' });

    const [address, request] = fetch.mock.calls[0]!;
    expect([address, request?.method, request?.body]).toEqual(['/panel/l_1/visits/v_1/send-link', 'POST', '{"to":"+4512345678"}']);
    expect(request?.headers).toMatchObject({ 'X-Housecall': 'panel', 'Content-Type': 'application/json' });
    expect(view.rev).toBe(8);
  });

  it("fails with the server's own code and sentence", async () => {
    vi.stubGlobal('fetch', answering(409, JSON.stringify({ code: 'visits.visit_over', sentence: 'This visit is over.' })));

    const error = await failure(acts.do('v_1', 'admit'));

    expect([error.code, error.message]).toEqual(['visits.visit_over', 'This visit is over.']);
  });

  it('fails in words also where a proxy answered', async () => {
    vi.stubGlobal('fetch', answering(502, '<html>Bad gateway</html>'));

    const error = await failure(acts.do('v_1', 'admit'));

    expect(error).toBeInstanceOf(ActFailed);
    expect([error.code, error.message]).toEqual(['http.502', 'That did not work. Try again.']);
  });

  it('fails in words where the network is away', async () => {
    vi.stubGlobal('fetch', vi.fn(async () => Promise.reject(new TypeError('Failed to fetch'))));

    expect((await failure(acts.do('v_1', 'admit'))).code).toBe('network');
  });

  it('does not hang for ever', async () => {
    vi.stubGlobal('fetch', vi.fn((_: string, request: RequestInit) => new Promise((_, fail) => request.signal?.addEventListener('abort', () => fail(new Error('aborted'))))));

    const asked = failure(acts.do('v_1', 'admit'));
    await vi.advanceTimersByTimeAsync(20_000);

    expect((await asked).code).toBe('timeout');
  });
});

describe('names from the EHR', () => {
  const details = { patient: { name: 'A' } } as Details;

  it('are read again, ever more slowly, while it does not answer', async () => {
    const shown: unknown[] = [];
    const read = vi.fn<() => Promise<Details>>().mockRejectedValueOnce(new Error('away')).mockRejectedValueOnce(new Error('away')).mockResolvedValue(details);
    const reader = new DetailsReader(read, (found) => shown.push(found));

    await reader.start();
    await vi.advanceTimersByTimeAsync(3_000);
    await vi.advanceTimersByTimeAsync(5_999);
    expect(read).toHaveBeenCalledTimes(2);
    await vi.advanceTimersByTimeAsync(1);

    expect(shown).toEqual([null, null, details]);
  });

  it('once known are not taken back', async () => {
    const shown: unknown[] = [];
    const read = vi.fn<() => Promise<Details>>().mockResolvedValueOnce(details).mockRejectedValue(new Error('away'));
    const reader = new DetailsReader(read, (found) => shown.push(found));
    await reader.start();

    await reader.start();
    reader.stop();

    expect(shown).toEqual([details]);
    expect(reader.details).toBe(details);
  });

  it('are not asked for any more once the card is gone', async () => {
    const read = vi.fn<() => Promise<Details>>().mockRejectedValue(new Error('away'));
    const reader = new DetailsReader(read, () => undefined);
    await reader.start();

    reader.stop();
    await vi.advanceTimersByTimeAsync(120_000);

    expect(read).toHaveBeenCalledTimes(1);
  });
});

describe('a window of its own', () => {
  const aWindow = () => ({ location: { href: '' }, close: vi.fn(), opener: {} as unknown });
  const picture = { path: 'M0 0h1v1h-1z', size: 29 };
  const ask = async () => ({ url: 'https://here/h/code', picture });

  it('is opened within the press, before the address is asked for, and without a way back to the frame', async () => {
    const order: string[] = [];
    const opened = aWindow();

    const answer = await openApart(async () => (order.push('ask'), ask()), () => (order.push('open'), opened));

    expect([order, answer.isOpened, opened.location.href, opened.opener]).toEqual([['open', 'ask'], true, 'https://here/h/code', null]);
  });

  it('that is blocked still gives the address to copy', async () => {
    expect(await openApart(ask, () => null)).toEqual({ url: 'https://here/h/code', picture, isOpened: false });
    expect((await openApart(ask, () => { throw new Error('no windows here'); })).isOpened).toBe(false);
  });

  it('is closed again where there is no address', async () => {
    const opened = aWindow();

    const error = await failure(openApart(async () => Promise.reject(new ActFailed('network', '…')), () => opened));

    expect(error.code).toBe('network');
    expect(opened.close).toHaveBeenCalled();
  });
});
