/** One other person's picture and sound, their name, and what they have switched off. */

import { element, setText } from '../ui/element';
import { icon } from '../ui/icon';
import type { Peer } from './peer';
import type { Seated } from './seating';
import type { CallTexts } from './texts';

export class Tile {
  readonly root: HTMLElement;
  readonly video: HTMLVideoElement;
  private readonly stream = new MediaStream();
  private readonly label = element('span', { class: 'tile-name' });
  private readonly muted: HTMLElement;
  private readonly blank: HTMLElement;

  constructor(
    private readonly texts: CallTexts,
    private readonly onBlocked: () => void,
  ) {
    this.video = element('video', { 'data-testid': 'remote-video', autoplay: true, playsinline: true });
    this.video.srcObject = this.stream;
    this.muted = element('span', { class: 'tile-muted', hidden: true }, icon('microphone-off'), element('span', { class: 'visually-hidden' }, texts.their_microphone_off));
    this.blank = element('p', { class: 'tile-blank' }, icon('person'), element('span'));
    const foot = element('p', { class: 'tile-foot' }, this.muted, this.label);
    this.root = element('div', { class: 'tile' }, this.video, this.blank, foot);
  }

  /** A track of a connection that was made anew takes the place of the one of its kind. */
  setTrack(track: MediaStreamTrack): void {
    for (const old of this.stream.getTracks()) {
      if (old.kind === track.kind && old !== track) this.stream.removeTrack(old);
    }
    this.stream.addTrack(track);
    void this.play();
  }

  /** Play; a browser that wants a touch first says no, and then one is asked for. */
  async play(): Promise<void> {
    try {
      await this.video.play();
    } catch (error) {
      if ((error as { name?: string }).name === 'NotAllowedError') this.onBlocked();
    }
  }

  update(peer: Peer, name: string): void {
    setText(this.label, name);
    this.root.dataset['state'] = peer.state;
    this.root.dataset['role'] = peer.role;
    this.muted.hidden = peer.status.microphone;
    const isBlank = peer.state !== 'connected' || !(peer.status.camera || peer.status.screen);
    this.blank.hidden = !isBlank;
    setText(this.blank.lastElementChild as HTMLElement, this.wordFor(peer));
  }

  /** Where they are shown: by style alone, since a video that is moved in the page stops for a moment. */
  place(at: number, { isSide, isWhole }: Seated): void {
    this.root.style.order = String(at);
    this.root.classList.toggle('tile-side', isSide);
    this.root.classList.toggle('tile-whole', isWhole);
  }

  /** How loud they speak, 0 to 1. */
  speak(level: number): void {
    this.root.classList.toggle('tile-speaks', level > 0.02);
  }

  close(): void {
    this.video.srcObject = null;
    this.root.remove();
  }

  private wordFor(peer: Peer): string {
    if (peer.state === 'connecting') return this.texts.connecting;
    if (peer.state === 'reconnecting') return this.texts.reconnecting;
    return this.texts.their_camera_off;
  }
}
