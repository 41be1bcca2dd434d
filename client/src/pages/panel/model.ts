/** What the panel knows of its visits: the server's snapshots, as they come. No name is among them. */

import type { MessageView, VisitView } from '../../protocol/messages';

export type { GuestView, MessageView, ParticipantState, VisitState, VisitView } from '../../protocol/messages';
export type PatientView = VisitView['patient'];
/** One of the visit's messages in the timeline; `due_at` is when it is to leave, `again` whether it can be sent again. */
export type TimedMessage = MessageView & { id: string; due_at: string; again: boolean };

/** What the server puts into the page. */
export interface First {
  launch: string;
  /** Who this is to colleagues, by the EHR's id; `*` for an account, which the EHR does not know. */
  user: string;
  visits: VisitView[];
  clinic: string;
  time_zone: string;
  /** Whether a visit can be begun now with the patient of this chart, without an appointment. */
  begins: boolean;
  /** The address of the day's list. */
  list: string;
  /** Whether this is the window opened by a hand-over, not the EHR's frame. */
  alone: boolean;
  /** Whether the EHR takes notes from us. */
  files_notes: boolean;
  /** What the clinic wants its clinicians to be reminded of before they admit; empty for nothing. */
  reminder: string;
  /** Whether interpreters and relatives hear of a move or a cancellation by themselves. */
  tells_guests: boolean;
  /** What can be told to whoever waits: sentences by their keys. */
  words: Record<string, string>;
  server_now: string;
}

/** Names and times as the EHR gives them now; kept by this page only. */
export interface Details {
  patient: {
    name: string;
    birth_date: string | null;
    language: string | null;
    needs_interpreter: boolean;
    can_text: boolean;
    cannot_text_because: string | null;
    /** What carries messages on this connection. */
    channels: 'text' | 'email' | 'both' | 'text-else-email';
    cannot_mail_because: string | null;
  };
  clinician: { name: string } | null;
  service: string | null;
  location: string | null;
  starts_at: string;
  ends_at: string;
}

/** What the panel opens with: nothing found, one visit's card, or a choice of several. */
export type Opening = { kind: 'none' } | { kind: 'one'; visit: VisitView } | { kind: 'several'; visits: VisitView[] };

export function opening(candidates: VisitView[]): Opening {
  const [first, ...more] = candidates;
  if (!first) return { kind: 'none' };
  return more.length ? { kind: 'several', visits: candidates } : { kind: 'one', visit: first };
}

type Listener = (visit: VisitView, before: VisitView | undefined) => void;

/** The visits of this launch, newest snapshot of each, and who wants to hear of a change. */
export class Visits {
  private readonly known = new Map<string, VisitView>();
  private readonly listeners: Listener[] = [];

  constructor(first: VisitView[]) {
    for (const visit of first) this.known.set(visit.visit, visit);
  }

  /** Take a snapshot; one that is older than what is known is dropped. */
  take(visit: VisitView): void {
    const before = this.known.get(visit.visit);
    if (before && before.rev > visit.rev) return;
    this.known.set(visit.visit, visit);
    for (const listener of this.listeners) listener(visit, before);
  }

  onChange(listener: Listener): void {
    this.listeners.push(listener);
  }

  get(id: string): VisitView | undefined {
    return this.known.get(id);
  }

  /** By start, then in the order they were begun. */
  all(): VisitView[] {
    return [...this.known.values()].sort((a, b) => Date.parse(a.starts_at) - Date.parse(b.starts_at) || a.ordinal - b.ordinal);
  }

  /** Those to choose from: a visit that ended and was begun again gives way to the new one. */
  candidates(): VisitView[] {
    return this.all().filter((visit) => !this.successorOf(visit));
  }

  /** The newest visit that was begun after this one had ended by a slip; the same appointment, so the same start. */
  successorOf(visit: VisitView): VisitView | undefined {
    if (visit.state !== 'ended') return undefined;
    const isLater = (other: VisitView): boolean => other.ordinal > visit.ordinal && Date.parse(other.starts_at) === Date.parse(visit.starts_at);
    const later = this.all().filter(isLater);
    return later[later.length - 1];
  }
}
