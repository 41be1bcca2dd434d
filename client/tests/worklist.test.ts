import { describe, expect, it, vi } from 'vitest';

import { Names, type Named } from '../src/pages/worklist/names';
import { compare, groupOf, summary } from '../src/pages/worklist/order';
import { waitingLine } from '../src/pages/panel/guests';
import type { GuestView } from '../src/protocol/messages';
import { aVisit } from './panel-visit';

const NOON = '2026-11-25T12:00:00Z';

function waiting(id: string, since: string, acknowledged: boolean): ReturnType<typeof aVisit> {
  const visit = aVisit({ visit: id, state: 'open' });
  return { ...visit, patient: { ...visit.patient, state: 'waiting', waiting_since: since, arrival: { at: since, acknowledged } } };
}

describe('the order of the day', () => {
  it('puts those nobody has seen first, then the longest wait, then who is still to come', () => {
    const seen = waiting('seen', '2026-11-25T11:40:00Z', true);
    const early = waiting('early', '2026-11-25T11:50:00Z', false);
    const late = waiting('late', '2026-11-25T11:55:00Z', false);
    const next = aVisit({ visit: 'next', starts_at: NOON });
    const done = aVisit({ visit: 'done', state: 'ended', starts_at: '2026-11-25T08:00:00Z' });

    const sorted = [done, next, late, seen, early].sort(compare).map((visit) => visit.visit);

    expect(sorted).toEqual(['early', 'late', 'seen', 'next', 'done']);
  });

  it('knows who is in a visit, and that one left alone in it still is', () => {
    const inVisit = aVisit({ state: 'in_progress' });

    expect(groupOf({ ...inVisit, patient: { ...inVisit.patient, state: 'reconnecting' } })).toBe('going-on');
    expect(groupOf({ ...inVisit, patient: { ...inVisit.patient, state: 'left' } })).toBe('going-on');
    expect(groupOf(aVisit({ state: 'no_show' }))).toBe('over');
  });

  it('counts in words and leaves out what there is none of', () => {
    expect(summary([waiting('a', NOON, true), aVisit({}), aVisit({})])).toBe('1 waiting · 2 to come');
    expect(summary([])).toBe('');
  });
});

describe('names for rows in sight', () => {
  it('asks once for all that came into sight together, and not for those that went again', async () => {
    vi.useFakeTimers();
    const asked: string[][] = [];
    const named = new Map<string, Named | null>();
    const ask = async (visits: string[]): Promise<Record<string, Named | null>> => {
      asked.push(visits);
      return { a: { name: 'A', service: null }, c: null };
    };
    const names = new Names(ask, (visit, one) => named.set(visit, one), () => undefined);

    for (const visit of ['a', 'b', 'c']) names.want(visit);
    names.unwant('b');
    await vi.advanceTimersByTimeAsync(100);
    names.want('a');
    await vi.advanceTimersByTimeAsync(100);

    expect(asked).toEqual([['a', 'c']]);
    expect(named).toEqual(new Map([['a', { name: 'A', service: null }], ['c', null]]));
    vi.useRealTimers();
  });

  it('asks again, later and later, while the EHR does not answer, and says so', async () => {
    vi.useFakeTimers();
    const trouble: boolean[] = [];
    const ask = vi.fn().mockRejectedValueOnce(new Error('away')).mockResolvedValue({ a: { name: 'A', service: null } });
    const names = new Names(ask, () => undefined, (is) => trouble.push(is));

    names.want('a');
    await vi.advanceTimersByTimeAsync(100);
    expect(ask).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(7_000);

    expect(ask).toHaveBeenCalledTimes(2);
    expect(trouble).toEqual([true, false]);
    vi.useRealTimers();
  });
});

describe('guests on the list', () => {
  const guest = (state: GuestView['state'], role: GuestView['role'] = 'interpreter', language: string | null = 'da'): GuestView => ({
    participant: `p_${role}`, role, language, state, since: NOON, waiting_since: null, present: true, gone_since: null, device: null, message: null, arrival: null,
  });

  it('are named by role and language while they wait, and not otherwise', () => {
    const visit = aVisit({ guests: [guest('waiting'), guest('waiting', 'family', null), guest('invited')] });

    expect(waitingLine(visit)).toBe('Interpreter (Danish), Family in the lobby');
    expect(waitingLine(aVisit({ guests: [guest('connected')] }))).toBe('');
    expect(waitingLine({ ...visit, state: 'ended' })).toBe('');
  });
});
