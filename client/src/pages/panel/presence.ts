/** Tells the server how long nobody has touched the page; only what a person does counts. */

import type { StaffSays } from '../../protocol/messages';

const REPORT_EVERY_MS = 60_000;
const TOUCHES = ['pointerdown', 'pointermove', 'keydown', 'wheel', 'touchstart'] as const;

export class Activity {
  private touchedAt: number;

  constructor(private readonly now: () => number = () => Date.now()) {
    this.touchedAt = now();
  }

  touch(): void {
    this.touchedAt = this.now();
  }

  /** Whole seconds since the last touch. */
  idleS(): number {
    return Math.max(0, Math.floor((this.now() - this.touchedAt) / 1000));
  }
}

/** Report every minute from now on. */
export function reportPresence(socket: { send: (message: StaffSays) => boolean }, page: EventTarget = document, activity = new Activity()): void {
  const touch = (event: Event): void => {
    // What a script makes up is not a person.
    if (event.isTrusted !== false) activity.touch();
  };
  for (const name of TOUCHES) page.addEventListener(name, touch, { passive: true, capture: true });
  setInterval(() => socket.send({ type: 'active', idle_s: activity.idleS() }), REPORT_EVERY_MS);
}
