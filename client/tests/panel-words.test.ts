import { describe, expect, it } from 'vitest';
import type { VisitView } from '../src/pages/panel/model';
import { sayingOf, untoldLine } from '../src/pages/panel/words';
import { aVisit } from './panel-visit';

function inTeams(meeting: Partial<VisitView['meeting']>): VisitView {
  return aVisit({ meeting: { ...aVisit().meeting, service: 'teams', is_in_page: false, can_admit: false, ...meeting } });
}

const AT = '2026-11-24T14:05:00+00:00';

describe('what Teams keeps from us', () => {
  it.each([
    [{ told: 'all', told_at: null }, ''],
    [{ told: 'part', told_at: AT }, 'Teams did not tell Housecall everything that happened before 2:05 PM. Who is in the meeting may not be as shown here: look in Teams.'],
    [{ told: 'none', told_at: AT }, 'Teams has not told Housecall since 2:05 PM who is in the meeting. What is shown here is what was pressed here: look in Teams.'],
    [{ told: 'none', told_at: null }, 'Teams does not tell Housecall who is in the meeting. What is shown here is what was pressed here: look in Teams.'],
  ] as const)('is said of %j', (meeting, said) => {
    expect(untoldLine(inTeams(meeting), 'UTC')).toBe(said);
  });

  it('is no matter in a room of ours', () => {
    expect(untoldLine(aVisit({ meeting: { ...aVisit().meeting, told: 'none' } }), 'UTC')).toBe('');
  });
});

describe('a patient on the way to Teams', () => {
  it.each([
    [false, 'Sent to Teams: admit there'],
    [true, 'Waiting in the Teams lobby: admit there'],
  ])('is to be admitted there, which the state itself says; in its lobby: %s', (guest_in_lobby, word) => {
    const visit = inTeams({ guest_in_lobby });
    visit.patient.state = 'admitted';

    expect(sayingOf(visit).word).toBe(word);
  });
});
