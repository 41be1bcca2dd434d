/** Who needs the clinician first: the day's visits in groups, and within a group in the order they are to be seen. */

import { isUnseen } from '../panel/arrivals';
import { ANYBODY, askedOf, isAskUnseen } from '../panel/asking';
import type { VisitView } from '../panel/model';

export type Group = 'asked' | 'waiting' | 'going-on' | 'to-come' | 'over';

export const GROUPS: readonly Group[] = ['asked', 'waiting', 'going-on', 'to-come', 'over'];

const OVER = new Set(['ended', 'cancelled', 'no_show']);
const IN_VISIT = new Set(['admitted', 'connected', 'reconnecting', 'held']);

/** `user` is whose list it is: what a colleague asks of them comes before everything. */
export function groupOf(visit: VisitView, user = ''): Group {
  if (user !== ANYBODY && askedOf(visit, user)) return 'asked';
  if (OVER.has(visit.state)) return 'over';
  if (visit.patient.state === 'waiting') return 'waiting';
  return IN_VISIT.has(visit.patient.state) || visit.state === 'in_progress' ? 'going-on' : 'to-come';
}

/** Whoever waits longest comes first, those nobody has seen before the others; all else by its time. */
export function compare(one: VisitView, other: VisitView, user = ''): number {
  const [first, second] = [groupOf(one, user), groupOf(other, user)];
  if (first !== second) return GROUPS.indexOf(first) - GROUPS.indexOf(second);
  if (first === 'asked') return Number(isAskUnseen(other, user)) - Number(isAskUnseen(one, user)) || byTime(one, other);
  if (first === 'waiting') return Number(isUnseen(other)) - Number(isUnseen(one)) || waitingSince(one) - waitingSince(other) || byTime(one, other);
  return first === 'over' ? -byTime(one, other) : byTime(one, other);
}

function waitingSince(visit: VisitView): number {
  return Date.parse(visit.patient.waiting_since ?? visit.starts_at);
}

function byTime(one: VisitView, other: VisitView): number {
  return Date.parse(one.starts_at) - Date.parse(other.starts_at) || (one.visit < other.visit ? -1 : 1);
}

/** How many there are of each, in one line; what there is none of is left out. */
export function summary(visits: Iterable<VisitView>, user = ''): string {
  const counts: Record<Group, number> = { asked: 0, waiting: 0, 'going-on': 0, 'to-come': 0, over: 0 };
  for (const visit of visits) counts[groupOf(visit, user)] += 1;
  const words: Record<Group, string> = { asked: 'asked of you', waiting: 'waiting', 'going-on': 'in a visit', 'to-come': 'to come', over: 'over' };
  return GROUPS.filter((group) => counts[group]).map((group) => `${counts[group]} ${words[group]}`).join(' · ');
}
