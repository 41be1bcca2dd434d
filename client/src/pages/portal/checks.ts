/** Tests one check after the other's start, each in its place, and looks at the reader's own browser. */

const NEEDS: [string, () => boolean][] = [
  ['A secure page', () => window.isSecureContext],
  ['Camera and microphone', () => Boolean(navigator.mediaDevices?.getUserMedia)],
  ['Calls between browsers (WebRTC)', () => 'RTCPeerConnection' in window],
  ['Live connections (WebSocket)', () => 'WebSocket' in window],
  ['Sharing the screen', () => Boolean(navigator.mediaDevices && 'getDisplayMedia' in navigator.mediaDevices)],
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
  list.replaceChildren(...NEEDS.map(([name, has]) => line(page, name, has())));
  card.hidden = false;
}

function line(page: Document, name: string, has: boolean): HTMLElement {
  const item = page.createElement('li');
  item.dataset['state'] = has ? 'ok' : 'fail';
  item.textContent = `${has ? '✓' : '✗'} ${name}${has ? '' : ': not in this browser'}`;
  return item;
}
