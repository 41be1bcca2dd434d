/** How many are before whoever waits, and about when it may be their turn: asked for now and then while they look. */

import { fill } from '../../call/texts';
import { element, setText } from '../../ui/element';
import type { First } from './first';

const EVERY_MS = 30_000;

interface Told {
  ahead?: number;
  /** As people say it there; empty where nothing of the day says so. */
  about?: string;
  late?: boolean;
}

export class Turn {
  readonly root = element('p', { class: 'lobby-turn', role: 'status', 'data-testid': 'lobby-turn', hidden: true });
  private timer: ReturnType<typeof setTimeout> | undefined;
  private closed = false;

  constructor(private readonly first: First) {
    document.addEventListener('visibilitychange', this.looked);
    void this.ask();
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
    document.removeEventListener('visibilitychange', this.looked);
  }

  /** Whoever comes back to the page reads nothing that was true a while ago. */
  private readonly looked = (): void => {
    if (document.visibilityState === 'visible') void this.ask();
  };

  private async ask(): Promise<void> {
    clearTimeout(this.timer);
    const told = await this.read();
    if (this.closed) return;
    if (told) this.draw(told);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      if (document.visibilityState === 'visible') void this.ask();
    }, EVERY_MS);
  }

  /** Nothing where it could not be read: what was said stands until it can. */
  private async read(): Promise<Told | null> {
    const { seat, language } = this.first;
    const answer = await fetch(`/seat/${seat}/turn?language=${language}`, { credentials: 'same-origin', cache: 'no-store' }).catch(() => null);
    return answer?.ok ? ((await answer.json().catch(() => null)) as Told | null) : null;
  }

  private draw({ ahead, about, late }: Told): void {
    const { lobby } = this.first.texts;
    const said: string[] = [];
    if (ahead === 0) said.push(lobby.turn_next);
    if (ahead) said.push(fill(lobby.turn_ahead, { count: String(ahead) }));
    if (about) said.push(fill(lobby.turn_about, { time: about }));
    else if (late) said.push(lobby.turn_late);
    setText(this.root, said.join(' '));
    this.root.hidden = !said.length;
  }
}
