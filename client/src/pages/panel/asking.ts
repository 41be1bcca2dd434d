/** Who is asked to a visit, by whom, and for what: the one at this page, and the others. */

import type { VisitView } from './model';

export type Wish = 'take_over' | 'join';
export interface Ask {
  participant: string;
  user: string;
  to: Wish;
  state: 'asked' | 'came' | 'declined' | 'withdrawn';
  by: string;
  at: string;
  seen: boolean;
}

/** Whoever came by the organisation's account: the EHR does not know them, so they may be anybody who is asked. */
export const ANYBODY = '*';

function isOver(visit: VisitView): boolean {
  return visit.state === 'ended' || visit.state === 'cancelled';
}

/** All who were asked, in the order they were. */
export function asksOf(visit: VisitView): Ask[] {
  if (isOver(visit)) return [];
  const asks = visit.others.flatMap(({ participant, user, asked }) => (asked ? [{ participant, user, ...asked }] : []));
  return asks.sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
}

/** What this page's clinician is asked and has not answered. */
export function askedOf(visit: VisitView, user: string): Ask | undefined {
  return asksOf(visit).find((ask) => ask.state === 'asked' && (user === ANYBODY ? ask.to === 'take_over' : ask.user === user));
}

/** Whether they have not looked at it yet; with an account nobody can say who looked. */
export function isAskUnseen(visit: VisitView, user: string): boolean {
  return user !== ANYBODY && askedOf(visit, user)?.seen === false;
}

/** What others are asked: as yet without an answer, or declined. */
export function asksOfOthers(visit: VisitView, user: string): Ask[] {
  return asksOf(visit).filter((ask) => (ask.state === 'asked' || ask.state === 'declined') && ask !== askedOf(visit, user) && ask.user !== user);
}

/** Whether a colleague has taken it over from this page's clinician, or from whoever had it. */
export function isTaken(visit: VisitView, user: string): boolean {
  return !isOver(visit) && visit.handed_to !== null && visit.handed_to !== user && user !== ANYBODY;
}
