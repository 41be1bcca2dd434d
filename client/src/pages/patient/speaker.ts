/** The speaker's test: three notes, and the person says whether they came. Unanswered it counts as not tested. */

import { playTone } from '../../call/meter';
import type { Texts } from './first';
import { button } from './page';
import { Row } from './row';

export class SpeakerTest {
  readonly row: Row;
  private readonly play: HTMLButtonElement;
  private readonly heard: HTMLButtonElement;
  private readonly notHeard: HTMLButtonElement;

  constructor(private readonly texts: Texts['check'], private readonly onResult: () => void) {
    this.row = new Row('speaker', texts, 'speaker');
    this.play = button(texts.play, () => void this.sound());
    this.heard = button(texts.heard, () => this.answer('ok'), { hidden: '' });
    this.notHeard = button(texts.not_heard, () => this.answer('fail'), { hidden: '' });
    this.row.extra.append(this.play, this.heard, this.notHeard);
    this.row.draw('skipped', texts.speaker_skipped);
  }

  private async sound(): Promise<void> {
    this.row.draw('skipped', this.texts.speaker_running);
    const played = await playTone();
    this.play.textContent = this.texts.play_again;
    if (!played) return this.answer('fail');
    this.row.draw('skipped', this.texts.speaker_warn);
    this.heard.hidden = this.notHeard.hidden = false;
  }

  private answer(result: 'ok' | 'fail'): void {
    const hadFocus = document.activeElement === this.heard || document.activeElement === this.notHeard;
    this.heard.hidden = this.notHeard.hidden = true;
    if (hadFocus) this.play.focus();
    this.row.draw(result, result === 'ok' ? this.texts.speaker_ok : this.texts.speaker_fail);
    this.onResult();
  }
}
