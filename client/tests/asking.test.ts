import { describe, expect, it, vi } from 'vitest';

import { Arrivals } from '../src/pages/panel/arrivals';
import { askedOf, asksOfOthers, isTaken } from '../src/pages/panel/asking';
import type { VisitView } from '../src/pages/panel/model';
import { offered } from '../src/pages/panel/offers';
import { compare, groupOf } from '../src/pages/worklist/order';
import { aVisit } from './panel-visit';

type Asked = NonNullable<VisitView['others'][number]['asked']>;

function asking(user: string, changed: Partial<Asked> = {}, visit: Partial<VisitView> = {}): VisitView {
  const asked: Asked = { to: 'take_over', state: 'asked', by: 'me', at: '2026-11-25T11:00:00Z', seen: false, ...changed };
  return { ...aVisit({ visit: 'asked' }), ...visit, others: [{ participant: 'p_2', role: 'clinician', state: 'invited', user, asked }] };
}

describe('what a colleague asks', () => {
  it('is told to whom it is asked and to nobody else', () => {
    const visit = asking('her');

    expect(askedOf(visit, 'her')?.to).toBe('take_over');
    expect(askedOf(visit, 'him')).toBeUndefined();
    expect(asksOfOthers(visit, 'me')).toHaveLength(1);
    expect(asksOfOthers(visit, 'her')).toHaveLength(0);
  });

  it('is over once it is answered, taken back, or the visit is', () => {
    for (const state of ['came', 'declined', 'withdrawn'] as const) expect(askedOf(asking('her', { state }), 'her')).toBeUndefined();

    expect(askedOf(asking('her', {}, { state: 'ended' }), 'her')).toBeUndefined();
  });

  it('may be answered by an account, whose person the EHR does not know, where a visit is handed on', () => {
    expect(askedOf(asking('her'), '*')).toBeDefined();
    expect(askedOf(asking('her', { to: 'join' }), '*')).toBeUndefined();
  });

  it('rings once, until it is seen', () => {
    const set = { alarm: vi.fn<(text: string) => void>(), badge: vi.fn<(count: number) => void>(), ring: vi.fn() };
    const arrivals = new Arrivals(set, 'her');

    arrivals.follow([asking('her')]);
    arrivals.follow([asking('her')]);
    expect(set.alarm.mock.calls).toEqual([['A colleague asks for you.']]);
    expect(set.badge).toHaveBeenLastCalledWith(1);
    arrivals.follow([asking('her', { seen: true })]);

    expect(set.ring).toHaveBeenCalledTimes(1);
    expect(set.badge).toHaveBeenLastCalledWith(0);
  });

  it('stands above everybody who waits on that list, and nowhere else', () => {
    const waits = aVisit({ visit: 'waits', patient: { state: 'waiting', waiting_since: '2026-11-25T10:00:00Z' } });
    const sorted = (user: string): string[] => [waits, asking('her')].sort((one, other) => compare(one, other, user)).map(({ visit }) => visit);

    expect(sorted('her')).toEqual(['asked', 'waits']);
    expect(sorted('him')).toEqual(['waits', 'asked']);
    expect(groupOf(asking('her'), '*')).not.toBe('asked');
  });

  it('says when a colleague has it', () => {
    expect(isTaken(asking('her', { state: 'came' }, { handed_to: 'her' }), 'me')).toBe(true);
    expect(isTaken(asking('her', { state: 'came' }, { handed_to: 'her' }), 'her')).toBe(false);
  });
});

describe('a consult', () => {
  const place = { inCall: false, alone: true, filesNotes: true };

  it('offers to join and to end, and nothing that concerns a patient', () => {
    expect(offered(aVisit({ is_consult: true }), place)).toEqual(['join-visit', 'end-visit']);
    expect(offered(aVisit({ is_consult: true, state: 'in_progress' }), { ...place, inCall: true })).toEqual(['end-visit']);
    expect(offered(aVisit({ is_consult: true, state: 'ended' }), place)).toEqual([]);
  });
});
