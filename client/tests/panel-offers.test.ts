import { describe, expect, it } from 'vitest';
import { offered } from '../src/pages/panel/offers';
import type { ParticipantState } from '../src/pages/panel/model';
import { aVisit } from './panel-visit';

const OUTSIDE = { inCall: false, alone: false };
const IN_CALL = { inCall: true, alone: false };
const ALL: ParticipantState[] = ['invited', 'opened', 'checking', 'waiting', 'admitted', 'connected', 'held', 'reconnecting', 'left', 'declined'];

describe('what a visit offers', () => {
  it.each([
    ['invited', 'send-link'],
    ['opened', 'join-visit'],
    ['waiting', 'admit'],
    ['connected', 'join-visit'],
    ['held', 'resume'],
    ['left', 'send-link'],
  ] as const)('the main action is, while the patient is %s: %s', (state, main) => {
    expect(offered(aVisit({ patient: { state } }), OUTSIDE)[0]).toBe(main);
  });

  it('admit and join are both there while the patient waits', () => {
    const presses = offered(aVisit({ patient: { state: 'waiting' } }), OUTSIDE);

    expect(presses).toEqual(expect.arrayContaining(['admit', 'join-visit', 'decline', 'end-visit']));
  });

  it('in the call the patient can be let in and the visit ended, and joining is done', () => {
    expect(offered(aVisit({ patient: { state: 'waiting' } }), IN_CALL)).toEqual(['admit', 'decline', 'end-visit']);
    expect(offered(aVisit({ state: 'in_progress', patient: { state: 'connected' } }), IN_CALL)[0]).toBe('end-visit');
  });

  it.each(ALL)('in the call there is always an end, with the patient %s', (state) => {
    expect(offered(aVisit({ state: 'in_progress', patient: { state } }), IN_CALL)).toContain('end-visit');
  });

  it('a visit that nobody opened cannot be ended', () => {
    expect(offered(aVisit({ state: 'scheduled' }), OUTSIDE)).toEqual(['send-link', 'join-visit', 'open-apart']);
  });

  it('a visit that ended by a slip can be started again, while there is time', () => {
    expect(offered(aVisit({ state: 'ended', can_restart: true }), OUTSIDE)).toEqual(['restart']);
    expect(offered(aVisit({ state: 'ended' }), OUTSIDE)).toEqual([]);
  });

  it('the summary of an ended visit can be filed where the EHR takes it', () => {
    expect(offered(aVisit({ state: 'ended', can_restart: true }), { ...OUTSIDE, filesNotes: true })).toEqual(['file-summary', 'restart']);
    expect(offered(aVisit({ state: 'open' }), { ...OUTSIDE, filesNotes: true })).not.toContain('file-summary');
  });

  it('a cancelled visit offers nothing', () => {
    expect(offered(aVisit({ state: 'cancelled', patient: { state: 'waiting' } }), OUTSIDE)).toEqual([]);
  });

  it('a window of its own is not offered in one', () => {
    expect(offered(aVisit(), { inCall: false, alone: true })).not.toContain('open-apart');
    expect(offered(aVisit(), OUTSIDE)).toContain('open-apart');
  });
});
