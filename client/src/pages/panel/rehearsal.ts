/** What somebody's own test of their devices found, as staff read it: ready, or what will fail and why; and when it was. */

import { dayName } from './clock';
import type { Device, DeviceTest } from '../../protocol/messages';
import type { VisitView } from './model';

const DEVICES: readonly Device[] = ['camera', 'microphone', 'speaker', 'network'];

/** Why there is no picture or sound; `{what}` is the camera, the microphone or both. */
const MEDIA: Record<string, string> = {
  denied: '{what} blocked in the browser',
  dismissed: '{what} not allowed yet',
  system: '{what} blocked in the phone’s or computer’s settings',
  'not-found': 'no {what}',
  busy: '{what} used by another app',
  insecure: 'link opened at an address that is not secure',
  unsupported: 'a browser that cannot use the {what}',
  'in-app': 'link opened in an app’s own browser',
  lost: '{what} unplugged or switched off',
  unknown: '{what} does not start',
  dark: '{what} gives no picture',
  silent: '{what} silent',
};

const NETWORK: Record<string, string> = { offline: 'no connection', slow: 'slow connection', relay: 'no way to our relay' };

/** What can be done about it while the person is not here yet. */
const MENDING = 'Their page says how to mend it: send the link again, or offer a phone call.';

/** One line on the test; empty when there was none. */
export function deviceLine(test: DeviceTest | null, timeZone: string): string {
  if (!test) return '';
  const when = test.at ? ` (tested ${dayName(test.at, timeZone)})` : '';
  const failing = causes(test, 'fail');
  if (failing) return `Will fail because: ${failing}${when}`;
  const weak = causes(test, 'warn');
  if (weak) return `May be weak: ${weak}${when}`;
  const untested = DEVICES.slice(0, 2).filter((device) => test[device] !== 'ok');
  return untested.length ? `Not tested: ${untested.join(' and ')}${when}` : `Ready: camera and microphone work${when}`;
}

/** The same for whoever can still do something about it. */
export function rehearsalLine({ patient }: VisitView, timeZone: string): string {
  const line = deviceLine(patient.device, timeZone);
  const isAway = patient.state === 'invited' || patient.state === 'opened' || patient.state === 'left';
  return isAway && patient.device && causes(patient.device, 'fail') ? `${line}. ${MENDING}` : line;
}

/** Whether something will be missing or weak. */
export function hasDeviceTrouble(test: DeviceTest | null): boolean {
  return test !== null && DEVICES.some((device) => test[device] === 'fail' || test[device] === 'warn');
}

function causes(test: DeviceTest, result: 'fail' | 'warn'): string {
  const because = test.because ?? {};
  const bad = DEVICES.filter((device) => test[device] === result);
  const media = bad.filter((device) => device === 'camera' || device === 'microphone');
  const kinds = [...new Set(media.map((device) => because[device] ?? 'unknown'))];
  const said = kinds.map((kind) => {
    const what = media.filter((device) => (because[device] ?? 'unknown') === kind).join(kind === 'not-found' ? ' or ' : ' and ');
    return (MEDIA[kind] ?? MEDIA['unknown']!).replace('{what}', what);
  });
  if (bad.includes('speaker')) said.push('no sound heard');
  if (bad.includes('network')) said.push(NETWORK[because.network ?? ''] ?? (result === 'fail' ? 'no connection' : 'weak connection'));
  return said.join('; ');
}
