/** "Text me when it is my turn": asked for in the waiting room, and then the page may be closed. */

import type { StateMessage } from '../../protocol/messages';
import { element, setText } from '../../ui/element';
import type { First } from './first';
import { button } from './page';

export class TextMe {
  readonly ask: HTMLButtonElement;
  readonly pane = element('div', { class: 'lobby-message text-me', role: 'status', hidden: true });
  private readonly stop: HTMLButtonElement;
  private readonly fault = element('p', { class: 'text-me-fault', role: 'alert' });
  private readonly promise: HTMLElement;
  private busy = false;

  constructor(private readonly first: First) {
    const { lobby } = first.texts;
    this.ask = button(lobby.text_me, () => void this.request('text-me'), { 'data-testid': 'text-me' });
    this.stop = button(lobby.text_me_stop, () => void this.request('text-me/stop'), { class: 'button button-quiet', 'data-testid': 'text-me-stop' });
    this.promise = element('div', {}, element('h2', {}, lobby.text_me_heading), element('p', {}, lobby.text_me_text), this.stop);
    this.pane.append(this.promise, this.fault);
    this.ask.hidden = true;
  }

  update(state: Pick<StateMessage, 'can_text' | 'texting'>): void {
    const held = document.activeElement;
    this.ask.hidden = !state.can_text || state.texting;
    this.promise.hidden = !state.texting;
    if (state.texting) setText(this.fault, '');
    this.pane.hidden = !state.texting && !this.fault.textContent;
    // Whoever pressed goes on at what took the button's place.
    if (held === this.ask && this.ask.hidden) this.stop.focus({ preventScroll: true });
    else if (held === this.stop && this.promise.hidden) this.ask.focus({ preventScroll: true });
  }

  private async request(what: string): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    this.ask.setAttribute('aria-disabled', 'true');
    this.complain('');
    const answer = await fetch(`/seat/${this.first.seat}/${what}`, { method: 'POST', credentials: 'same-origin', cache: 'no-store' }).catch(() => null);
    if (!answer?.ok) await this.refused(answer);
    // When it went well the new state comes by the socket, as every change does.
    this.ask.removeAttribute('aria-disabled');
    this.busy = false;
  }

  private async refused(answer: Response | null): Promise<void> {
    const { lobby } = this.first.texts;
    const fault = (await answer?.json().catch(() => null)) as { code?: string; reason?: string } | null;
    this.complain(fault?.code === 'visits.cannot_be_texted' ? lobby.text_me_no : lobby.text_me_later);
  }

  private complain(sentence: string): void {
    setText(this.fault, sentence);
    this.pane.hidden = this.promise.hidden && !sentence;
  }
}
