/** What the clinician does: one POST each, answered with the visit as it stands then. */

import type { Address } from './apart';
import type { Colleague } from './colleagues';
import type { Details, TimedMessage, VisitView } from './model';
import type { ReadOut } from './readout';

export interface Ways {
  web: string;
  app: string;
  visit: VisitView;
}

export class ActFailed extends Error {
  constructor(
    readonly code: string,
    sentence: string,
  ) {
    super(sentence);
  }
}

// Longer than the slowest EHR we wait for; a press must not hang for ever.
const ANSWER_WITHIN_MS = 20_000;

/** The panel's addresses on the server; everything is asked of this launch and no other. */
export class Acts {
  constructor(private readonly launch: string) {}

  do(visit: string, act: string, body: object = {}): Promise<VisitView> {
    return this.ask<VisitView>(`visits/${visit}/${act}`, body);
  }

  handover(visit: string): Promise<Address> {
    return this.ask<Address>(`visits/${visit}/handover`, {});
  }

  readOutCode(visit: string): Promise<ReadOut> {
    return this.ask<ReadOut>(`visits/${visit}/read-out-code`, {});
  }

  /** A link for an interpreter or relative, and the visit as it stands then. */
  invite(visit: string, role: string, language: string, to: string): Promise<{ participant: string; link: string; visit: VisitView }> {
    return this.ask(`visits/${visit}/people`, { role, language, to });
  }

  guestLink(visit: string, participant: string): Promise<{ link: string }> {
    return this.ask(`visits/${visit}/people/${participant}/link`, {});
  }

  guestCode(visit: string, participant: string): Promise<ReadOut> {
    return this.ask(`visits/${visit}/people/${participant}/read-out-code`, {});
  }

  /** A visit now with the patient of this chart. */
  beginNow(): Promise<{ visit: string }> {
    return this.ask('instant', {});
  }

  /** Clinicians of the EHR whose name begins so. */
  colleagues(name: string): Promise<Colleague[]> {
    return this.ask('colleagues', { name });
  }

  /** The names of the visit's colleagues by their EHR ids. */
  colleagueNames(visit: string): Promise<Record<string, string>> {
    return this.ask(`visits/${visit}/colleagues/names`, {});
  }

  /** The ways into a meeting that another service holds: in the browser, and in its app. */
  meeting(visit: string): Promise<Ways> {
    return this.ask<Ways>(`visits/${visit}/meeting`, {});
  }

  details(visit: string): Promise<Details> {
    return this.ask<Details>(`visits/${visit}/details`);
  }

  messages(visit: string): Promise<TimedMessage[]> {
    return this.ask(`visits/${visit}/messages`);
  }

  private ask<T>(path: string, body?: object): Promise<T> {
    return ask<T>(`/panel/${this.launch}/${path}`, body);
  }
}

/** What the server answers; with `body` it is a POST. Throws ActFailed with a sentence for the person. */
export async function ask<T>(address: string, body?: object): Promise<T> {
  const patience = new AbortController();
  const timer = setTimeout(() => patience.abort(), ANSWER_WITHIN_MS);
  try {
    return await answerOf<T>(address, requestOf(patience.signal, body));
  } catch (error) {
    if (error instanceof ActFailed) throw error;
    if (patience.signal.aborted) throw new ActFailed('timeout', 'The server took too long. Look at the state above before you press again.');
    throw new ActFailed('network', 'The server cannot be reached. Check the network, and look at the state above before you press again.');
  } finally {
    clearTimeout(timer);
  }
}

async function answerOf<T>(address: string, request: RequestInit): Promise<T> {
  const answer = await fetch(address, request);
  if (answer.ok) return (await answer.json()) as T;
  const fault = (await answer.json().catch(() => ({}))) as { code?: string; sentence?: string };
  throw new ActFailed(fault.code ?? `http.${answer.status}`, fault.sentence ?? 'That did not work. Try again.');
}

function requestOf(signal: AbortSignal, body?: object): RequestInit {
  const headers: Record<string, string> = { 'X-Housecall': 'panel', Accept: 'application/json' };
  const request: RequestInit = { headers, credentials: 'same-origin', cache: 'no-store', signal };
  if (body === undefined) return request;
  return { ...request, method: 'POST', body: JSON.stringify(body), headers: { ...headers, 'Content-Type': 'application/json' } };
}
