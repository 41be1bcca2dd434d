/** The screen of the first test, with the way on that never waits for it. */

import { element, setText } from '../../ui/element';
import type { DeviceCheck } from './check';
import type { Texts } from './first';
import { button, heading, type Screen } from './page';

/** Where the test stands on the person's way. */
export interface Occasion {
  /** What the press says that leads on, and what it is called in tests. */
  word: string;
  mark: 'enter-lobby' | 'done-testing';
  /** Said to whom tested here before and had everything work: their test is short. Empty for all others. */
  worked: string;
}

export class Checking implements Screen {
  readonly name = 'check';
  readonly root: HTMLElement;
  readonly title: string;
  private readonly texts: Texts['check'];
  private readonly summary = element('p', { class: 'check-summary', role: 'status' });
  private readonly enter: HTMLButtonElement;
  /** Holds the test of whom need not look at it; it opens by itself when something fails. */
  private readonly folded: HTMLDetailsElement | null = null;
  private readonly head: HTMLElement;

  constructor(readonly check: DeviceCheck, texts: Texts, private readonly occasion: Occasion, enter: () => void) {
    this.texts = texts.check;
    this.title = this.texts.heading;
    this.enter = button(occasion.word, enter, { class: 'button button-main button-wide', 'data-testid': occasion.mark });
    if (occasion.worked) this.folded = element('details', { class: 'check-folded', 'data-testid': 'short-check' }, element('summary', {}, texts.ahead.look), check.root);
    this.head = heading(occasion.worked ? texts.ahead.ready_heading : this.title);
    this.root = element('section', { class: 'checking' }, this.head, this.summary, this.folded ?? check.root, element('div', { class: 'way-on' }, this.enter));
  }

  /** The press was taken and its answer is on the way. */
  entering(on: boolean): void {
    this.enter.setAttribute('aria-disabled', String(on));
    setText(this.enter, on ? this.texts.entering : this.occasion.word);
  }

  /** Sum up what was found so far. */
  sumUp(): void {
    if (this.folded && this.check.fails && !this.check.isRunning) this.unfold(this.folded);
    if (this.check.isAsking) setText(this.summary, this.texts.asking);
    else if (this.isShort) setText(this.summary, this.occasion.worked);
    else if (this.check.isRunning) setText(this.summary, '');
    else setText(this.summary, this.check.works ? this.texts.ready : this.texts.partly);
  }

  /** Whether what was found before still stands: nobody has to speak up for the microphone again. */
  get isShort(): boolean {
    return this.occasion.worked !== '' && !this.check.fails && !this.check.works;
  }

  private unfold(folded: HTMLDetailsElement): void {
    if (this.head.textContent === this.title) return;
    setText(this.head, this.title);
    folded.open = true;
  }

  close(): void {
    this.check.stop();
  }
}
