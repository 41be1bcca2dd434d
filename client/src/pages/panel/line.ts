/** One fact about a visit: icon and words; not there while there is nothing to say. */

import { element, setText } from '../../ui/element';
import { sign, type SignName } from './signs';

export class Line {
  readonly root: HTMLElement;
  private readonly words = element('span', { class: 'line-words' });

  constructor(name: SignName) {
    this.root = element('li', { class: 'line', hidden: true }, sign(name), this.words);
  }

  /** Empty hides the line; a tone marks what somebody should act on. */
  draw(text: string, tone?: 'wait'): void {
    setText(this.words, text);
    this.root.hidden = !text;
    this.root.dataset['tone'] = tone ?? '';
  }
}
