/** Two short notes when somebody arrives, where the browser lets a page sound; can be switched off. */

import { audioContext, note } from '../../call/meter';
import { element } from '../../ui/element';
import { keep, readKept } from './kept';
import { sign } from './signs';

const KEY = 'housecall.arrival-sound';
// A context that may run says so within this; one that may not would otherwise sound at some later press.
const START_WITHIN_MS = 250;

export class Chime {
  readonly button = element('button', { type: 'button', class: 'quiet', 'data-testid': 'sound' });
  private on = readKept(KEY) !== 'off';

  constructor() {
    this.button.addEventListener('click', () => this.toggle());
    this.draw();
  }

  /** Sound once, or not at all: never late. */
  ring(): void {
    const context = this.on ? audioContext() : null;
    if (!context) return;
    if (context.state === 'running') return chime(context);
    void context.resume().catch(() => undefined);
    setTimeout(() => {
      if (context.state === 'running') chime(context);
    }, START_WITHIN_MS);
  }

  private toggle(): void {
    this.on = !this.on;
    keep(KEY, this.on ? 'on' : 'off');
    this.draw();
    // A press also is what lets the page sound from now on; the sound says so.
    this.ring();
  }

  private draw(): void {
    this.button.replaceChildren(sign(this.on ? 'bell' : 'bell-off'), this.on ? 'Arrival sound is on' : 'Arrival sound is off');
    this.button.setAttribute('aria-pressed', String(this.on));
  }
}

function chime(context: AudioContext): void {
  [659, 880].forEach((pitch, place) => note(context, pitch, context.currentTime + place * 0.18));
}
