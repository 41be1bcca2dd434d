/** Who is shown large, and in which order: whom one came to see, and the interpreter, who is never made small. */

import type { Role } from '../protocol/messages';

export interface Seated {
  id: string;
  /** Small beside the others. */
  isSide: boolean;
  /** Shown whole, as hands that sign must be. */
  isWhole: boolean;
}

interface Somebody {
  id: string;
  role: Role;
  /** Whether they show their screen. */
  screen: boolean;
}

// Whom each came for, the first first. Everybody else is beside them once there are two of these.
const CAME_FOR: Record<Role, Role[]> = {
  patient: ['clinician', 'interpreter'],
  family: ['clinician', 'interpreter', 'patient'],
  interpreter: ['clinician', 'patient'],
  clinician: ['patient', 'interpreter'],
};
const ORDER: Role[] = ['clinician', 'patient', 'interpreter', 'family'];

/** Everybody's place in the eyes of somebody in `self`'s role; a screen that is shown comes first. */
export function seatAll(here: Somebody[], self: Role): Seated[] {
  const wanted = CAME_FOR[self];
  const isMain = (one: Somebody): boolean => one.screen || wanted.includes(one.role);
  const hasSides = here.filter(isMain).length > 1;
  const rank = (one: Somebody): number => (one.screen ? -1 : wanted.includes(one.role) ? wanted.indexOf(one.role) : wanted.length + ORDER.indexOf(one.role));
  return [...here]
    .sort((a, b) => rank(a) - rank(b))
    .map((one) => ({ id: one.id, isSide: hasSides && !isMain(one), isWhole: one.screen || one.role === 'interpreter' }));
}
