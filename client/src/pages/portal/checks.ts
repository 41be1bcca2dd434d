/** Tests one check after the other's start, each in its place, and looks at the reader's own browser. */

import { browserOf, isNewEnough, OLDEST } from '../../ui/browsers';

/** What a call needs, whether it is there, and how it is mended. */
const NEEDS: [string, () => boolean, string][] = [
  ['A secure page', () => window.isSecureContext, 'open the portal by its https address'],
  ['Camera and microphone', () => Boolean(navigator.mediaDevices?.getUserMedia), 'use a browser of its own, not one inside another program'],
  ['Calls between browsers (WebRTC)', () => 'RTCPeerConnection' in window, 'a policy or an extension may have switched it off: ask whoever manages this computer'],
  ['Live connections (WebSocket)', () => 'WebSocket' in window, 'update the browser'],
  ['Sharing the screen', () => Boolean(navigator.mediaDevices && 'getDisplayMedia' in navigator.mediaDevices), 'use a browser on a computer'],
];

/** Every check that is still pending on the page is tested, and its result put in its place. */
export async function runChecks(page: Document): Promise<void> {
  const pending = [...page.querySelectorAll<HTMLElement>('[data-check][data-state="pending"]')];
  showBrowser(page);
  await Promise.all(pending.map(runCheck));
  const state = page.getElementById('checks-state');
  const failed = page.querySelectorAll('[data-check][data-state="fail"]').length;
  if (state && pending.length) state.textContent = `All tested: ${failed === 0 ? 'nothing failed' : `${failed} failed`}.`;
}

async function runCheck(place: HTMLElement): Promise<void> {
  try {
    const answer = await fetch(`/portal/checks/${place.dataset['check'] ?? ''}`, { headers: { Accept: 'text/html' } });
    if (!answer.ok) throw new Error(String(answer.status));
    const piece = new DOMParser().parseFromString(await answer.text(), 'text/html').querySelector('[data-check]');
    if (piece) place.replaceWith(document.adoptNode(piece));
  } catch {
    place.dataset['state'] = 'fail';
    const sign = place.querySelector('.outcome');
    if (sign) sign.textContent = '✗ Not tested: reload this page';
  }
}

function showBrowser(page: Document): void {
  const list = page.getElementById('own-browser-list');
  const card = page.getElementById('own-browser-card');
  if (!list || !card) return;
  list.replaceChildren(age(page), ...NEEDS.map(([name, has, mend]) => line(page, name, has() ? '' : `not in this browser: ${mend}`)));
  card.hidden = false;
}

/** Whether our pages are built for a browser as old as this. */
function age(page: Document): HTMLElement {
  const browser = browserOf(navigator.userAgent);
  const needed = `Chrome or Edge ${OLDEST.chrome}, Firefox ${OLDEST.firefox}, or Safari ${OLDEST.safari}, or a later one`;
  const item = browser ? line(page, `${browser.name} ${browser.version}`, isNewEnough(browser) ? '' : `too old: update it; it takes ${needed}`) : line(page, 'A browser that is known', `this one is not: use ${needed}`);
  item.dataset['testid'] = 'browser-age';
  return item;
}

/** Without a fault it is as it should be. */
function line(page: Document, name: string, fault: string): HTMLElement {
  const item = page.createElement('li');
  item.dataset['state'] = fault ? 'fail' : 'ok';
  item.textContent = fault ? `✗ ${name}: ${fault}.` : `✓ ${name}`;
  return item;
}
