/** What can be pressed on a visit, by where the patient is and whether this page is in the call. */

import { ENGLISH } from '../../call/texts';
import type { ParticipantState, VisitView } from './model';

export type Press =
  | 'send-link'
  | 'join-visit'
  | 'admit'
  | 'call-in'
  | 'resume'
  | 'decline'
  | 'hold'
  | 'send-back'
  | 'end-visit'
  | 'confirm-end'
  | 'keep-open'
  | 'acknowledge'
  | 'restart'
  | 'file-summary'
  | 'open-apart'
  | 'hold-here';

export const LABELS: Record<Press, string> = {
  'send-link': 'Send link',
  'join-visit': 'Join',
  admit: ENGLISH.admit,
  'call-in': 'Text them: ready',
  resume: 'Take off hold',
  decline: 'Do not admit',
  hold: 'Hold',
  'send-back': 'Back to lobby',
  'end-visit': ENGLISH.end,
  'confirm-end': ENGLISH.confirm_end,
  'keep-open': ENGLISH.keep_open,
  acknowledge: 'Seen',
  restart: 'Ended by mistake? Start again',
  'file-summary': 'File summary to chart',
  'open-apart': 'Open in its own window',
  'hold-here': 'Use a Housecall room instead',
};

export interface Place {
  /** Whether this page is in the visit's call. */
  inCall: boolean;
  /** Whether the page has a window of its own already. */
  alone: boolean;
  /** Whether the EHR takes notes from us. */
  filesNotes?: boolean;
}

const OUTSIDE: Record<ParticipantState, Press[]> = {
  invited: ['send-link', 'join-visit'],
  opened: ['join-visit', 'send-link'],
  checking: ['join-visit', 'send-link'],
  waiting: ['admit', 'join-visit', 'decline'],
  admitted: ['join-visit', 'send-back'],
  connected: ['join-visit', 'hold', 'send-back'],
  held: ['resume', 'join-visit'],
  reconnecting: ['join-visit'],
  left: ['send-link', 'join-visit'],
  declined: ['send-link', 'join-visit'],
};

const IN_CALL: Record<ParticipantState, Press[]> = {
  invited: ['send-link', 'end-visit'],
  opened: ['end-visit', 'send-link'],
  checking: ['end-visit', 'send-link'],
  waiting: ['admit', 'decline', 'end-visit'],
  admitted: ['end-visit', 'send-back'],
  connected: ['end-visit', 'hold', 'send-back'],
  held: ['resume', 'end-visit'],
  reconnecting: ['end-visit'],
  left: ['end-visit', 'send-link'],
  declined: ['end-visit', 'send-link'],
};

/** Which presses a visit offers; the first one is the main one. */
export function offered(visit: VisitView, { inCall, alone, filesNotes }: Place): Press[] {
  if (visit.state === 'ended' && visit.is_consult) return [];
  if (visit.state === 'ended') return [...(filesNotes ? ['file-summary' as const] : []), ...(visit.can_restart ? ['restart' as const] : [])];
  if (visit.state === 'cancelled') return [];
  // What was never opened cannot be ended; it passes by itself.
  const canEnd = visit.state === 'open' || visit.state === 'in_progress';
  if (visit.is_consult) return [...(inCall ? [] : ['join-visit' as const]), ...(canEnd ? ['end-visit' as const] : [])];
  const { state, text_me, present } = visit.patient;
  if (state === 'waiting' && text_me && !present) return inCall ? ['call-in', 'end-visit', 'decline'] : ['call-in', 'join-visit', 'decline', 'end-visit'];
  const presses = inCall ? IN_CALL[state] : [...OUTSIDE[state], 'end-visit' as const, ...(alone ? [] : ['open-apart' as const])];
  const possible = presses.filter((press) => canEnd || press !== 'end-visit');
  return visit.meeting.is_in_page ? possible : [...possible.filter((press) => canDo(visit, press)), 'hold-here'];
}

/** Whether the service that holds the visit can do this from here; nobody goes to a meeting that is not made yet. */
function canDo({ meeting }: VisitView, press: Press): boolean {
  if (press === 'hold' || press === 'resume') return meeting.can_hold;
  if (press === 'send-back') return meeting.can_send_back;
  return meeting.is_ready || (press !== 'admit' && press !== 'join-visit');
}
