/** Who has arrived and was not seen yet: told once for each arrival, badged until acknowledged. */

import type { VisitView } from './model';

/** What an arrival sets off. */
export interface ArrivalSigns {
  alarm: (text: string) => void;
  badge: (count: number) => void;
  ring: () => void;
}

/** Whether somebody waits whom nobody has seen. */
export function isUnseen(visit: VisitView): boolean {
  const { state, arrival, text_me, present } = visit.patient;
  return state === 'waiting' && arrival !== null && !arrival.acknowledged && (present || !text_me);
}

export class Arrivals {
  private readonly told = new Set<string>();

  constructor(private readonly signs: ArrivalSigns) {}

  /** Look at all visits as they stand; one arrival rings once, however often it is seen. */
  follow(visits: VisitView[]): void {
    const unseen = visits.filter(isUnseen);
    this.signs.badge(unseen.length);
    if (!unseen.length) return this.signs.alarm('');
    const fresh = unseen.filter((visit) => !this.told.has(keyOf(visit)));
    if (!fresh.length) return;
    for (const visit of fresh) this.told.add(keyOf(visit));
    this.signs.alarm(unseen.length > 1 ? `${unseen.length} patients have arrived and are waiting.` : 'The patient has arrived and is waiting.');
    this.signs.ring();
  }
}

function keyOf(visit: VisitView): string {
  return `${visit.visit} ${visit.patient.arrival?.at ?? ''}`;
}
