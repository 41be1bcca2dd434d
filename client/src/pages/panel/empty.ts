/** No video appointment near now: what that means, and what to do. */

import { element } from '../../ui/element';
import { sign } from './signs';

const STEPS = [
  'Look in the schedule whether the appointment is booked as a video visit, and for today.',
  'If it was only just booked or changed, wait a moment.',
  'Then open Housecall from the chart again: it looks anew each time.',
];

/** `begin` is the press that begins one now, where that can be done. */
export function emptyPage(begin?: HTMLElement): HTMLElement {
  const steps = element('ol', {}, ...STEPS.map((step) => element('li', {}, step)));
  return element('section', { class: 'card empty' }, sign('clock'), element('h1', { class: 'who' }, 'No video visit near now'), element('p', {}, 'This patient has no video appointment with you around this time.'), ...(begin ? [begin, element('p', { class: 'soft' }, 'Without an appointment: you send the patient a link or read out a code. Nothing is written to the schedule.')] : []), steps);
}
