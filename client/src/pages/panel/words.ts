/** The clinician's words for states; staff read English. */

import { ENGLISH, type CallTexts } from '../../call/texts';
import { serverNow, timeOf } from './clock';
import type { Details, MessageView, PatientView, VisitView } from './model';
import type { SignName } from './signs';

/** State as colour role, icon and word. */
export interface Saying {
  tone: 'calm' | 'wait' | 'ok' | 'alarm' | 'over';
  sign: SignName;
  word: string;
}

const PATIENT: Record<PatientView['state'], Saying> = {
  invited: { tone: 'calm', sign: 'absent', word: 'Not here yet' },
  opened: { tone: 'calm', sign: 'link', word: 'Opened the link' },
  checking: { tone: 'calm', sign: 'camera', word: 'Testing camera and microphone' },
  waiting: { tone: 'wait', sign: 'chair', word: 'Waiting in the lobby' },
  admitted: { tone: 'ok', sign: 'enter', word: 'Coming in' },
  connected: { tone: 'ok', sign: 'check', word: 'In the visit' },
  held: { tone: 'wait', sign: 'pause', word: 'On hold' },
  reconnecting: { tone: 'alarm', sign: 'again', word: 'Reconnecting' },
  left: { tone: 'over', sign: 'exit', word: 'Left' },
  declined: { tone: 'over', sign: 'cross', word: 'Not admitted' },
};

const VISIT: Partial<Record<VisitView['state'], Saying>> = {
  ended: { tone: 'over', sign: 'stop', word: 'Visit ended' },
  cancelled: { tone: 'over', sign: 'cross', word: 'Cancelled' },
  no_show: { tone: 'over', sign: 'dash', word: 'No-show' },
};

/** They keep their place and are not at the page: whoever admits them now meets nobody. */
const ELSEWHERE: Saying = { tone: 'wait', sign: 'message', word: 'Waiting elsewhere, to be texted' };
const CALLED: Saying = { tone: 'wait', sign: 'message', word: 'Texted that you are ready' };

/** The call's words where they differ for staff. */
export const CALL_TEXTS: CallTexts = {
  ...ENGLISH,
  alone_staff: 'You are in the call. The patient comes in when you admit them.',
  held: 'The patient is on hold. Nobody sees or hears anybody.',
  camera_lost: 'No camera: the others can hear you.',
  microphone_lost: 'No microphone: the others cannot hear you.',
  link_lost: 'You can go on talking. The connection to Housecall is coming back …',
  joined: { ...ENGLISH.joined, clinician: 'A colleague has joined.' },
  gone: { ...ENGLISH.gone, clinician: 'A colleague has left.' },
  roles: { ...ENGLISH.roles, clinician: 'Colleague' },
};

export const CONSULT_TEXTS: CallTexts = { ...CALL_TEXTS, alone_staff: 'You are in the call. Your colleague comes in by themselves.' };

/** What to say of the patient; a visit that is over is said first. */
export function sayingOf(visit: VisitView): Saying {
  const over = VISIT[visit.state];
  if (over) return over;
  if (visit.is_consult) return consultSaying(visit);
  if (visit.patient.state === 'admitted' && !visit.meeting.can_admit) return sentThere(visit);
  const { state, text_me, present, called_at } = visit.patient;
  if (state === 'waiting' && text_me && !present) return called_at ? CALLED : ELSEWHERE;
  return lostOf(PATIENT[state], visit.patient);
}

/** Somebody of whom it is told whether their page is there. */
type Reached = Pick<PatientView, 'state' | 'present' | 'gone_since'> & { text_me?: boolean };

const EXPECTED_AT_THE_PAGE = new Set<PatientView['state']>(['checking', 'waiting', 'admitted', 'held', 'reconnecting']);
// A page that is loaded again is away for a moment, and nobody needs to read of it.
const LOST_AFTER_MS = 3_000;

/** Since when the line to somebody's page is lost; null while it is there, or they are not expected at it. */
export function lostSince({ state, present, gone_since, text_me }: Reached): string | null {
  if (present || text_me || !gone_since || !EXPECTED_AT_THE_PAGE.has(state)) return null;
  return serverNow() - Date.parse(gone_since) >= LOST_AFTER_MS ? gone_since : null;
}

/** What a state is called while the line to the person's page is lost. */
export function lostOf(saying: Saying, person: Reached): Saying {
  if (person.state === 'reconnecting' || !lostSince(person)) return saying;
  return { tone: 'alarm', sign: 'again', word: `${saying.word}, connection lost` };
}

/** Since when the patient's line is lost, and what becomes of it; empty while it is there. */
export function lostLine(patient: Reached, timeZone: string): string {
  const lost = lostSince(patient);
  if (!lost) return '';
  const isBefore = patient.state === 'waiting' || patient.state === 'checking';
  return `Connection lost since ${timeOf(lost, timeZone)}. ${isBefore ? 'Their place is kept for a minute and a half.' : 'They come back into the call by themselves within five minutes.'}`;
}

/** Past our own door; the service has another, which opens from inside only. */
function sentThere(visit: VisitView): Saying {
  const name = serviceName(visit);
  const word = visit.meeting.guest_in_lobby ? `Waiting in the ${name} lobby: admit there` : `Sent to ${name}: admit there`;
  return { tone: 'wait', sign: visit.meeting.guest_in_lobby ? 'chair' : 'enter', word };
}

function consultSaying({ others }: VisitView): Saying {
  const there = others.filter(({ state }) => state === 'connected').length;
  return there > 1 ? { tone: 'ok', sign: 'check', word: 'Colleagues are in the call' } : { tone: 'calm', sign: 'person', word: 'No patient: colleagues meet here' };
}

const SERVICES: Record<string, string> = { teams: 'Teams' };

/** The service that holds the visit, as staff call it. */
export function serviceName({ meeting }: VisitView): string {
  return SERVICES[meeting.service] ?? meeting.service;
}

const FAULTS: Record<string, string> = {
  'meetings.unavailable': 'Teams did not answer in time',
  'meetings.not_there': 'Teams did not answer in time',
  'meetings.policy_missing': 'Teams does not let Housecall make meetings for this clinician',
  'meetings.permission_missing': 'Housecall lacks a permission in Microsoft Graph',
  'meetings.licence_missing': 'the clinician has no Teams licence',
  'meetings.sign_in_refused': 'Microsoft did not accept Housecall’s sign-in',
  'meetings.organiser_unknown': 'the clinician was not found in the directory',
  'visits.chosen_by_staff': 'somebody moved it here',
};

/** What is to be known of where the visit is held; empty for a room of ours that was meant to be one. */
export function meetingLine(visit: VisitView): { text: string; tone?: 'wait' } {
  const { meeting, patient } = visit;
  if (meeting.is_in_page) return meeting.fault ? { text: `Held in a Housecall room: ${FAULTS[meeting.fault] ?? 'Teams could not make the meeting'}. The patient’s link is the same.`, tone: 'wait' } : { text: '' };
  const name = serviceName(visit);
  if (!meeting.is_ready) return { text: `${name} is making the meeting. This takes a few seconds.`, tone: 'wait' };
  if (patient.state === 'admitted' && !meeting.can_admit) return { text: `${name} has a lobby of its own. Housecall cannot open it: admit the patient in ${name}.`, tone: 'wait' };
  return { text: `Held in ${name}. “Admit” sends the patient there; you let them in at its lobby. Patients see your name in ${name}.` };
}

/** What the service keeps from us of who is in its meeting; empty while it tells everything. */
export function untoldLine(visit: VisitView, timeZone: string): string {
  const { told, told_at, is_in_page } = visit.meeting;
  if (is_in_page || told === 'all') return '';
  const name = serviceName(visit);
  const at = told_at ? timeOf(told_at, timeZone) : '';
  if (told === 'part') return `${name} did not tell Housecall everything that happened before ${at}. Who is in the meeting may not be as shown here: look in ${name}.`;
  const since = at ? `${name} has not told Housecall since ${at} who is in the meeting` : `${name} does not tell Housecall who is in the meeting`;
  return `${since}. What is shown here is what was pressed here: look in ${name}.`;
}

const KINDS: Record<string, string> = {
  confirmation: 'Confirmation',
  reminder: 'Reminder',
  changed: 'New time',
  cancelled: 'Cancellation',
  link: 'Link',
  ready: '“Ready for you”',
  invitation: 'Invitation',
  invitation_changed: 'New time',
  invitation_cancelled: 'Cancellation',
  help: 'Answer to HELP',
};

const STATES: Record<string, string> = {
  planned: 'planned',
  queued: 'being sent',
  accepted: 'sent',
  delivered: 'delivered',
  failed: 'not delivered',
  suppressed: 'not sent',
  unknown: 'may have been sent',
};

const REASONS: Record<string, string> = {
  no_consent: 'texting has not been agreed to by the organisation',
  no_number: 'no number to send from is set up',
  no_provider: 'no message service is set up',
  no_mobile: 'the patient has no mobile number on file',
  no_email: 'the patient has no e-mail address on file',
  goes_by_text: 'the patient is texted instead',
  invalid_number: 'the number is not a valid one',
  opted_out: 'the patient does not want to be texted',
  stopped: 'the patient replied STOP',
  deceased: 'the record says the patient has died',
  merged: 'the patient’s record was merged into another',
  not_listed: 'this test connection may text listed numbers only',
  department_not_live: 'this department is not live in the pilot',
  connection_not_working: 'the connection to the EHR is not switched on',
  visit_over: 'the visit is over',
  visit_cancelled: 'the visit was cancelled',
  visit_moved: 'the visit was moved',
  too_late: 'it was too late for it',
  not_wanted: 'reminders were set otherwise',
  address_expired: 'the typed number was forgotten before it could be sent',
  unknown_number: 'the number does not exist',
  blocked_number: 'the carrier blocks our number',
  recipient_blocked: 'the phone blocks our number',
  unreachable: 'the phone could not be reached',
  spam_detected: 'the carrier took it for spam',
  landline: 'the number is a landline',
  other: 'the message service refused it',
  provider_unavailable: 'the message service did not answer',
};

/** Not sent because it was not needed any more: nobody has to do anything. */
const NO_TROUBLE = new Set(['visit_over', 'visit_cancelled', 'visit_moved', 'too_late', 'goes_by_text', 'not_wanted']);

/** What the same reasons mean for an e-mail. */
const MAIL_REASONS: Record<string, string> = {
  opted_out: 'the patient does not want e-mails',
  invalid_number: 'the address is not a valid one',
  unknown_number: 'there is no such mailbox',
  blocked_number: 'the receiving side does not trust our sender',
  unreachable: 'the mailbox takes no mail now',
  spam_detected: 'the receiving side took it for spam',
  not_listed: 'this test connection may write to listed addresses only',
  address_expired: 'the typed address was forgotten before it could be sent',
};

/** One line about a message, with why where it did not go. */
export function messageLine(message: MessageView): string {
  const isMail = message.channel === 'email';
  const kind = `${KINDS[message.kind] ?? message.kind}${isMail ? ' by e-mail' : ''}`;
  const state = STATES[message.state] ?? message.state;
  const because = message.reason ? `: ${isMail ? mailReasonOf(message.reason) : reasonOf(message.reason)}` : '';
  return `${kind} ${state}${because}`;
}

/** Whether the message did not reach the patient. */
export function isTrouble(message: MessageView): boolean {
  if (message.state === 'suppressed') return !NO_TROUBLE.has(message.reason ?? '');
  return message.state === 'failed' || message.state === 'unknown';
}

/** Why somebody will not be texted, in words. */
export function reasonOf(code: string): string {
  return REASONS[code] ?? code.replace(/_/g, ' ');
}

/** Why somebody will not be written to by e-mail, in words. */
export function mailReasonOf(code: string): string {
  return MAIL_REASONS[code] ?? reasonOf(code);
}

/** What to say of a patient whom our messages will not reach as usual; empty if they will. */
export function reachLine(patient: Details['patient']): string {
  const { channels, cannot_text_because: noText, cannot_mail_because: noMail } = patient;
  if (channels === 'email') return noMail ? `Will not be written to because ${mailReasonOf(noMail)}.` : '';
  if (!noText) return '';
  const instead = channels === 'text' ? '' : noMail ? ` No e-mail either: ${mailReasonOf(noMail)}.` : ' E-mails are sent.';
  return `Will not be texted because ${reasonOf(noText)}.${instead}`;
}

/** That an interpreter is needed, and for which language where the EHR says it; empty if not. */
export function interpreterLine(patient: Details['patient']): string {
  if (!patient.needs_interpreter) return '';
  const language = languageOf(patient.language);
  return language ? `Needs an interpreter: ${language}` : 'Needs an interpreter';
}

/** A language's name in English; the code itself where there is none. */
export function languageOf(code: string | null): string {
  if (!code) return '';
  try {
    return new Intl.DisplayNames(['en'], { type: 'language' }).of(code) ?? code;
  } catch {
    return code;
  }
}
