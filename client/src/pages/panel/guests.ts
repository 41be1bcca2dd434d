/** How staff speak of interpreters and relatives. */

import type { GuestView, VisitView } from './model';
import { languageOf, type Saying } from './words';

const ROLES: Record<GuestView['role'], string> = { interpreter: 'Interpreter', family: 'Family' };

export function roleName(role: GuestView['role']): string {
  return ROLES[role];
}

export const PERSON_SAYING: Record<GuestView['state'], Saying> = {
  invited: { tone: 'calm', sign: 'absent', word: 'Not here yet' },
  opened: { tone: 'calm', sign: 'link', word: 'Opened the link' },
  checking: { tone: 'calm', sign: 'camera', word: 'Testing camera and microphone' },
  waiting: { tone: 'wait', sign: 'chair', word: 'Waiting in the lobby' },
  admitted: { tone: 'ok', sign: 'enter', word: 'Coming in' },
  connected: { tone: 'ok', sign: 'check', word: 'In the call' },
  held: { tone: 'wait', sign: 'pause', word: 'On hold' },
  reconnecting: { tone: 'alarm', sign: 'again', word: 'Reconnecting' },
  left: { tone: 'over', sign: 'exit', word: 'Left' },
  declined: { tone: 'over', sign: 'cross', word: 'Not admitted' },
};

/** Which of them wait, in one line; empty if none does. */
export function waitingLine(visit: VisitView): string {
  if (visit.state === 'ended' || visit.state === 'cancelled') return '';
  const waiting = visit.guests.filter((guest) => guest.state === 'waiting').map(({ role, language }) => (language ? `${roleName(role)} (${languageOf(language)})` : roleName(role)));
  return waiting.length ? `${waiting.join(', ')} in the lobby` : '';
}

/** Whether the guest waits and nobody has seen it. */
export function isArrived(guest: GuestView): boolean {
  return guest.state === 'waiting' && guest.present && guest.arrival !== null && !guest.arrival.acknowledged;
}

/** What changed of the guests, to be announced; an arrival is told as an alarm instead. */
export function changesOf(visit: VisitView, before: VisitView): string[] {
  return visit.guests.flatMap((guest) => {
    const was = before.guests.find((one) => one.participant === guest.participant);
    const isNews = was !== undefined && was.state !== guest.state && !isArrived(guest);
    return isNews ? [`${roleName(guest.role)}: ${PERSON_SAYING[guest.state].word}`] : [];
  });
}
