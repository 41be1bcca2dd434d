/** A visit's snapshot as the server draws it, with what a test says differently. */

import type { PatientView, VisitView } from '../src/pages/panel/model';

type Different = Partial<Omit<VisitView, 'patient'>> & { patient?: Partial<PatientView> };

export function aVisit({ patient, ...visit }: Different = {}): VisitView {
  return {
    visit: 'v_1', rev: 1, state: 'open', starts_at: '2026-11-24T15:00:00+00:00', ends_at: '2026-11-24T15:15:00+00:00', ordinal: 1, can_restart: false,
    patient: {
      participant: 'p_1', state: 'invited', since: '2026-11-24T14:00:00+00:00', waiting_since: null, first_waiting_at: null, present: false, gone_since: null, text_me: false, called_at: null,
      device: null, message: null, arrival: null, ...patient,
    },
    others: [], handed_to: null, is_consult: false, guests: [], attendees: 0, protected: false, hold_message: null, confirmed_at: null,
    meeting: { service: 'builtin', is_ready: true, is_in_page: true, can_admit: true, can_hold: true, can_send_back: true, hides_clinician: true, fault: null, told: 'all', told_at: null, guest_in_lobby: false },
    ...visit,
  };
}
