/** The page around the screens: one at a time, its heading focused, changes told, the title kept true. */

import { element, setText } from '../../ui/element';
import type { First } from './first';

export type ScreenName = 'opening' | 'check' | 'lobby' | 'call' | 'notice';

export interface Screen {
  name: ScreenName;
  root: HTMLElement;
  /** What the browser's tab says. */
  title: string;
  /** Called when another screen takes its place. */
  close?: () => void;
}

// A short loss mends itself before anybody must read about it.
const LOST_AFTER_MS = 1_500;

export class Page {
  screen: Screen | null = null;
  private readonly main = document.getElementById('visit') as HTMLElement;
  private readonly announcer = element('div', { class: 'visually-hidden', role: 'status', 'aria-live': 'polite' });
  private readonly alarm = element('div', { class: 'visually-hidden', role: 'alert' });
  private readonly banner = element('p', { class: 'banner', role: 'status', hidden: true });
  private lostSoon: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly first: First) {
    document.body.append(this.announcer, this.alarm);
    this.main.before(this.banner);
  }

  /** Put `screen` in the place of the one before. */
  show(screen: Screen): void {
    const isFirst = this.screen === null;
    this.screen?.close?.();
    this.screen = screen;
    document.body.dataset['screen'] = screen.name;
    document.title = `${screen.title} · ${this.first.clinic}`;
    this.main.replaceChildren(screen.root);
    window.scrollTo(0, 0);
    // On the very first screen the reader begins at the top, where the clinic's name is.
    const heading = screen.root.querySelector<HTMLElement>('h1');
    if (heading && !isFirst) heading.focus({ preventScroll: true });
  }

  /** Told by screen readers when they come to it. */
  announce(text: string): void {
    setText(this.announcer, text);
  }

  /** Told by screen readers at once. */
  alert(text: string): void {
    setText(this.alarm, text);
  }

  /** Say that the connection is lost, unless it is back in a moment; null takes it away. */
  lost(text: string | null): void {
    clearTimeout(this.lostSoon);
    if (text === null) {
      this.banner.hidden = true;
      setText(this.banner, '');
      return;
    }
    this.lostSoon = setTimeout(() => this.say(text), LOST_AFTER_MS);
  }

  /** Say something above the screen until it is taken away. */
  say(text: string): void {
    clearTimeout(this.lostSoon);
    this.banner.hidden = false;
    setText(this.banner, text);
  }
}

/** A screen's heading; it takes the focus when the screen comes. */
export function heading(text: string): HTMLElement {
  return element('h1', { tabindex: '-1' }, text);
}

export function button(text: string, press: () => void, attributes: Record<string, string> = {}): HTMLButtonElement {
  const made = element('button', { type: 'button', class: 'button', ...attributes }, text);
  made.addEventListener('click', press);
  return made;
}
