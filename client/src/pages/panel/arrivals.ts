/** Who has arrived and was not seen yet: told once for each arrival, badged until acknowledged. */

import { askedOf, isAskUnseen } from './asking';
import { isArrived } from './guests';
import type { VisitView } from './model';

/** What an arrival sets off. */
export interface ArrivalSigns {
  alarm: (text: string) => void;
  badge: (count: number) => void;
  ring: () => void;
}

/** Whether the patient waits and nobody has seen it. */
export function isUnseen(visit: VisitView): boolean {
  const { state, arrival, text_me, present } = visit.patient;
  return state === 'waiting' && arrival !== null && !arrival.acknowledged && (present || !text_me);
}

/** Whether anybody waits whom nobody has seen, an interpreter or relative too. */
export function hasUnseen(visit: VisitView): boolean {
  return arrivalsOf(visit).length > 0;
}

interface Arrival {
  key: string;
  who: 'patient' | 'interpreter' | 'family' | 'colleague';
}

const WORDS: Record<Exclude<Arrival['who'], 'colleague'>, string> = { patient: 'The patient', interpreter: 'The interpreter', family: 'A family member' };

const ASKED = 'A colleague asks for you.';

function asksOf(visit: VisitView, user: string): Arrival[] {
  return isAskUnseen(visit, user) ? [{ key: `${visit.visit} asked ${askedOf(visit, user)?.at ?? ''}`, who: 'colleague' }] : [];
}

function arrivalsOf(visit: VisitView): Arrival[] {
  const patient: Arrival[] = isUnseen(visit) ? [{ key: `${visit.visit} ${visit.patient.arrival?.at ?? ''}`, who: 'patient' }] : [];
  const guests = visit.guests.filter(isArrived).map((guest) => ({ key: `${guest.participant} ${guest.arrival?.at ?? ''}`, who: guest.role }));
  return [...patient, ...guests];
}

function sentenceOf(all: Arrival[]): string {
  const unseen = all.filter(({ who }) => who !== 'colleague');
  const asked = all.length > unseen.length ? ASKED : '';
  return [asked, arrivedOf(unseen)].filter(Boolean).join(' ');
}

function arrivedOf(unseen: Arrival[]): string {
  const [one, ...more] = unseen;
  if (!one || one.who === 'colleague') return '';
  if (!more.length) return `${WORDS[one.who]} has arrived and is waiting.`;
  const people = unseen.every(({ who }) => who === 'patient') ? 'patients' : 'people';
  return `${unseen.length} ${people} have arrived and are waiting.`;
}

export class Arrivals {
  private readonly told = new Set<string>();

  /** `user` is who looks: a colleague's asking is told to them alone. */
  constructor(private readonly signs: ArrivalSigns, private readonly user = '') {}

  /** Look at all visits as they stand; one arrival rings once, however often it is seen. */
  follow(visits: VisitView[]): void {
    const unseen = visits.flatMap((visit) => [...asksOf(visit, this.user), ...arrivalsOf(visit)]);
    this.signs.badge(unseen.length);
    if (!unseen.length) return this.signs.alarm('');
    const fresh = unseen.filter(({ key }) => !this.told.has(key));
    if (!fresh.length) return;
    for (const { key } of fresh) this.told.add(key);
    this.signs.alarm(sentenceOf(unseen));
    this.signs.ring();
  }
}
