/** What to say where the EHR's window gives no camera or microphone, and the way on: a window of its own. */

import type { DeviceView, MediaFault } from '../../call/media';
import { element, setText } from '../../ui/element';
import { sign } from './signs';

const WHY: Record<MediaFault, string> = {
  denied: 'The browser does not allow camera or microphone here. Allow them at the left of the address, and try again.',
  dismissed: 'The browser’s question was closed. Try again, and press Allow.',
  system: 'This computer’s privacy settings keep the browser from camera or microphone. Change them there.',
  'not-found': 'No device was found here. Plug one in.',
  busy: 'Another program, such as Teams, has the device. Close it there, and try again.',
  insecure: 'This address is not secure, so the browser keeps camera and microphone off. Tell your IT support.',
  unsupported: 'This window cannot use camera or microphone.',
  lost: 'A device was unplugged or switched off. Plug it in again.',
  unknown: 'The device did not start. Try again.',
};

const FRAME = 'The window inside the chart gives Housecall no camera or microphone.';
const APART = 'Or open the visit in its own window.';
const APART_ON_CITRIX = 'On a virtual desktop (Citrix), open the visit in the browser of the computer in front of you.';

type Seen = Pick<DeviceView, 'fault' | 'opening'>;

export interface Where {
  /** The page around the frame withholds camera or microphone. */
  isForbidden: boolean;
  /** There is no other window to go to: this is it. */
  alone: boolean;
}

/** What is missing, why, and what to do; empty when nothing is. */
export function blockedText(camera: Seen, microphone: Seen, where: Where): string {
  const noCamera = !camera.opening && camera.fault !== null;
  const noMicrophone = !microphone.opening && microphone.fault !== null;
  const fault = noMicrophone ? microphone.fault : noCamera ? camera.fault : null;
  if (!fault) return '';
  const isFrame = where.isForbidden && fault !== 'lost';
  return [effectOf(noCamera, noMicrophone), isFrame ? FRAME : WHY[fault], where.alone ? '' : wayOut(fault, isFrame)].join(' ').trim();
}

function wayOut(fault: MediaFault, isFrame: boolean): string {
  if (isFrame) return 'Open the visit in its own window.';
  return fault === 'not-found' ? APART_ON_CITRIX : APART;
}

function effectOf(noCamera: boolean, noMicrophone: boolean): string {
  if (noCamera && noMicrophone) return 'The patient can neither see nor hear you.';
  return noCamera ? 'The patient can hear you but not see you.' : 'The patient can see you but not hear you.';
}

type Policy = { allowsFeature: (name: string) => boolean };

/** Whether the page around the frame withholds camera or microphone; false where the browser does not tell. */
export function isForbiddenHere(page: object = document): boolean {
  const policy = (page as { featurePolicy?: Policy }).featurePolicy;
  return policy ? !(policy.allowsFeature('camera') && policy.allowsFeature('microphone')) : false;
}

export class BlockedPane {
  readonly root: HTMLElement;
  private readonly words = element('p');

  constructor(retry: () => void, openApart: (() => void) | null) {
    const again = element('button', { type: 'button', class: 'button' }, 'Try again');
    again.addEventListener('click', retry);
    const presses = element('div', { class: 'presses' });
    if (openApart) {
      const apart = element('button', { type: 'button', class: 'button button-main' }, sign('apart'), 'Open in its own window');
      apart.addEventListener('click', openApart);
      presses.append(apart);
    }
    presses.append(again);
    this.root = element('div', { class: 'pane pane-alarm', role: 'alert', hidden: true }, sign('camera-off'), element('div', {}, this.words, presses));
  }

  /** Show these words; empty hides. */
  say(text: string): void {
    setText(this.words, text);
    this.root.hidden = !text;
  }
}
