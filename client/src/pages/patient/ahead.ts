/** The end of a test that was made days ahead: what works, when the visit is, and that there is nothing to wait for. */

import { fill } from '../../call/texts';
import { element } from '../../ui/element';
import { allWork, type Results } from './check';
import type { First, Texts } from './first';
import { button, heading, type Screen } from './page';
import { callLink } from './screens';

/** `results` are null where an earlier test found that all works. */
export function aheadScreen(first: First, results: Results | null, again: () => void): Screen {
  const { ahead } = first.texts;
  const works = results === null || allWork(results);
  const title = works ? ahead.ready_heading : ahead.partly_heading;
  const root = element('section', { class: 'notice', 'data-testid': 'rehearsed', 'data-result': works ? 'ready' : 'partly' }, heading(title));
  if (works) root.append(element('p', {}, ahead.ready_text));
  else root.append(...faults(results, first.texts.check).map((text) => element('p', { class: 'rehearsed-fault' }, text)), element('p', {}, ahead.partly_text));
  root.append(element('p', { class: 'rehearsed-next' }, fill(ahead.next, { time: first.ahead, opens: first.opens })));
  root.append(button(ahead.again, again, { class: works ? 'button button-wide' : 'button button-main button-wide', 'data-testid': 'test-again' }));
  if (!works) root.append(...callLink(first));
  root.append(element('p', { class: 'rehearsed-close soft' }, ahead.close));
  return { name: 'notice', root, title };
}

/** The test's own sentences on what is wrong or was not found out. */
function faults(results: Results, texts: Texts['check']): string[] {
  const { camera, microphone, speaker, network } = results;
  const said = [
    camera === 'ok' ? '' : texts[`camera_${camera}`],
    microphone === 'ok' ? '' : microphone === 'skipped' ? texts.microphone_warn : texts[`microphone_${microphone}`],
    speaker === 'fail' ? texts.speaker_fail : '',
    network === 'warn' || network === 'fail' ? texts[`network_${network}`] : '',
  ];
  return said.filter(Boolean);
}
