/** The visit's messages: the newest in one line, all of them one press away. */

import { element, setText } from '../../ui/element';
import { timeOf } from './clock';
import type { MessageView, TimedMessage } from './model';
import { sign, type SignName } from './signs';
import { isTrouble, messageLine } from './words';

const SIGNS: Record<string, SignName> = { planned: 'clock', queued: 'dots', accepted: 'check', delivered: 'check', failed: 'cross', suppressed: 'dash', unknown: 'alert' };

export class Timeline {
  readonly root: HTMLDetailsElement;
  private readonly newest = element('span', { class: 'line-words' });
  private readonly list = element('ol', { class: 'timeline' });
  private readonly fault = element('p', { class: 'soft', hidden: true }, 'The messages cannot be read now. Close and open this to try again.');

  constructor(
    private readonly timeZone: string,
    private readonly read: () => Promise<TimedMessage[]>,
    private readonly again: (message: string) => Promise<unknown>,
  ) {
    const summary = element('summary', { class: 'line' }, sign('message'), this.newest, element('span', { class: 'soft line-more' }, 'All messages'));
    this.root = element('details', { class: 'more' }, summary, this.list, this.fault);
    this.root.addEventListener('toggle', () => void this.load());
  }

  /** The newest message changed. */
  update(message: MessageView | null): void {
    const line = message ? messageLine(message) : 'No message sent yet';
    if (this.newest.textContent === line) return;
    setText(this.newest, line);
    this.root.classList.toggle('more-alarm', message !== null && isTrouble(message));
    void this.load();
  }

  private async load(): Promise<void> {
    if (!this.root.open) return;
    try {
      const messages = await this.read();
      this.list.replaceChildren(...messages.map((message) => this.row(message)));
      this.fault.hidden = true;
    } catch {
      this.fault.hidden = false;
    }
  }

  private row(message: TimedMessage): HTMLElement {
    const at = message.state === 'planned' ? message.due_at : message.at;
    const row = element('li', { 'data-state': message.state }, sign(SIGNS[message.state] ?? 'dots'), element('span', { class: 'line-words' }, messageLine(message)), element('time', { datetime: at, class: 'soft' }, dayAndTime(at, this.timeZone)));
    if (message.again) row.append(this.offerAgain(message));
    return row;
  }

  private offerAgain(message: TimedMessage): HTMLButtonElement {
    const press = element('button', { type: 'button', class: 'quiet', 'data-testid': 'send-again', 'aria-label': `Send again: ${messageLine(message)}` }, 'Send again');
    press.addEventListener('click', () => {
      press.disabled = true;
      void this.again(message.id).then(() => this.load());
    });
    return press;
  }
}

function dayAndTime(iso: string, timeZone: string): string {
  const day = new Intl.DateTimeFormat('en', { day: 'numeric', month: 'short', timeZone }).format(new Date(iso));
  return `${day}, ${timeOf(iso, timeZone)}`;
}
