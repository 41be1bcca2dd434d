/** The visit in a window of its own: opened at once where allowed, and always as an address to copy. */

import { element, setText } from '../../ui/element';
import { sign } from './signs';

// The server lets an address live this long.
const LIVES_MS = 120_000;

type Opened = { location: { href: string }; close: () => void; opener: unknown };

/** The address as a QR code: an SVG's path in modules, and the square's side. */
export interface Picture {
  path: string;
  size: number;
}

export interface Address {
  url: string;
  picture: Picture;
}

/**
 * Opens the address that `ask` gets. The window is opened before asking, while the press still allows it; gives back the
 * address and whether a window was opened. What `ask` throws is thrown on, with the empty window closed.
 */
export async function openApart<Found extends { url: string }>(ask: () => Promise<Found>, open: () => Opened | null): Promise<Found & { isOpened: boolean }> {
  const opened = tryOpen(open);
  try {
    const address = await ask();
    if (opened) {
      // What we open is our own page, and it has no business with the frame it came from.
      opened.opener = null;
      opened.location.href = address.url;
    }
    return { ...address, isOpened: opened !== null };
  } catch (error) {
    opened?.close();
    throw error;
  }
}

/** Embedded browsers answer a forbidden window with null, or throw. */
function tryOpen(open: () => Opened | null): Opened | null {
  try {
    return open();
  } catch {
    return null;
  }
}

export class ApartPane {
  readonly root: HTMLElement;
  private readonly words = element('p');
  private readonly address = element('input', { type: 'text', class: 'field', readonly: true, 'aria-label': 'Address of the visit' });
  private readonly copied = element('span', { class: 'soft', role: 'status' });
  private readonly picture = element('div', { class: 'picture', 'data-testid': 'handover-picture' });
  private forgetSoon: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    const copy = element('button', { type: 'button', class: 'button' }, 'Copy');
    copy.addEventListener('click', () => void this.copy());
    this.address.addEventListener('focus', () => this.address.select());
    const field = element('div', { class: 'presses' }, this.address, copy);
    this.root = element('div', { class: 'pane', role: 'group', 'aria-label': 'The visit in its own window', hidden: true });
    this.root.append(sign('apart'), element('div', {}, this.words, field, this.copied, this.picture));
  }

  /** Show the address until it is dead. */
  show({ url, picture }: Address, isOpened: boolean): void {
    clearTimeout(this.forgetSoon);
    setText(this.words, isOpened ? 'The visit opens in its own window. If none has come up, copy this address into Edge or Chrome.' : 'This window could not open another one. Copy this address into Edge or Chrome on this computer.');
    this.address.value = url;
    setText(this.copied, 'It works once, within two minutes.');
    this.picture.replaceChildren(drawn(picture), element('p', { class: 'soft' }, 'Or scan it with a phone or tablet.'));
    this.root.hidden = false;
    if (!isOpened) this.address.focus();
    this.forgetSoon = setTimeout(() => this.hide(), LIVES_MS);
  }

  hide(): void {
    clearTimeout(this.forgetSoon);
    this.root.hidden = true;
    this.address.value = '';
    this.picture.replaceChildren();
  }

  /** The clipboard's own interface is off in most frames; the old way needs the field. */
  private async copy(): Promise<void> {
    this.address.select();
    let isDone = true;
    try {
      await navigator.clipboard.writeText(this.address.value);
    } catch {
      isDone = document.execCommand('copy');
    }
    setText(this.copied, isDone ? 'Copied. It works once, within two minutes.' : 'Press Ctrl+C to copy it.');
  }
}

const SVG = 'http://www.w3.org/2000/svg';

/** Dark on white, in dark mode too: cameras read nothing else. */
function drawn({ path, size }: Picture): SVGElement {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', `0 0 ${size} ${size}`);
  svg.setAttribute('role', 'img');
  svg.setAttribute('aria-label', 'The address as a picture to scan');
  const modules = document.createElementNS(SVG, 'path');
  modules.setAttribute('d', path);
  svg.append(modules);
  return svg;
}
