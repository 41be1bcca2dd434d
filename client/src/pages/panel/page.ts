/** The page around the visits: what is told to screen readers, the banner above, the title, and what stands below. */

import { element, setText } from '../../ui/element';
import { sign, type SignName } from './signs';

export type Tone = 'wait' | 'alarm';

export interface Banner {
  tone: Tone;
  sign: SignName;
  text: string;
  /** Something to press, where there is something to do. */
  press?: { word: string; act: () => void };
}

/** The socket is lost, and comes back by itself. */
export const LOST: Banner = { tone: 'wait', sign: 'again', text: 'Reconnecting. What you see may be some moments old.' };

// A short loss mends itself before anybody must read about it.
const LOST_AFTER_MS = 1_500;

export class Page {
  readonly main = byId('panel');
  private readonly announcer = byId('announcer');
  private readonly alarms = byId('alarm');
  private readonly banner = element('div', { class: 'banner', role: 'status' });
  private readonly title = document.title;
  private lostSoon: ReturnType<typeof setTimeout> | undefined;

  constructor(clinic: string, foot: HTMLElement[]) {
    this.main.before(this.banner);
    this.main.after(element('footer', { class: 'panel-foot' }, element('span', {}, clinic), ...foot));
  }

  /** Put this in the place of what was shown. */
  show(root: HTMLElement): void {
    this.main.replaceChildren(root);
  }

  /** Told by screen readers when they come to it. */
  announce(text: string): void {
    setText(this.announcer, text);
  }

  /** Told by screen readers at once; empty takes it back, so that the same can be told again. */
  alarm(text: string): void {
    setText(this.alarms, text);
  }

  /** How many wait unseen, in the tab's title. */
  badge(count: number): void {
    document.title = titleOf(this.title, count);
  }

  /** Say above the visits what concerns them all; null takes it away. */
  say(banner: Banner | null): void {
    clearTimeout(this.lostSoon);
    this.lostSoon = undefined;
    this.banner.dataset['tone'] = banner?.tone ?? '';
    this.banner.replaceChildren(...(banner ? this.draw(banner) : []));
  }

  /** The same, unless it is over in a moment. */
  saySoon(banner: Banner): void {
    // Every try that fails says so again; the first of them counts.
    this.lostSoon ??= setTimeout(() => this.say(banner), LOST_AFTER_MS);
  }

  private draw({ sign: name, text, press }: Banner): Node[] {
    const words = element('p', {}, text);
    if (!press) return [sign(name), words];
    const button = element('button', { type: 'button', class: 'button' }, press.word);
    button.addEventListener('click', press.act);
    return [sign(name), words, button];
  }
}

/** `(2) Waiting · Video visit`: readable in a tab a finger wide. */
export function titleOf(title: string, waiting: number): string {
  return waiting ? `(${waiting}) Waiting · ${title}` : title;
}

function byId(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (!found) throw new Error(`The page has no #${id}`);
  return found;
}
