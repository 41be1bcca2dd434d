/** One fact about a visit: icon and words; not there while there is nothing to say. */

import { element, setText } from '../../ui/element';
import { sign, type SignName } from './signs';

export class Line {
  readonly root: HTMLElement;
  private readonly words: HTMLElement;

  /** With `isLive`, what it comes to say is told by screen readers. */
  constructor(name: SignName, isLive = false) {
    this.words = element('span', isLive ? { class: 'line-words', role: 'status' } : { class: 'line-words' });
    this.root = element('li', { class: 'line', hidden: true }, sign(name), this.words);
  }

  /** Empty hides the line; a tone marks what somebody should act on. */
  draw(text: string, tone?: 'wait'): void {
    setText(this.words, text);
    this.root.hidden = !text;
    this.root.dataset['tone'] = tone ?? '';
  }
}
