/** What a script adds to pages that work without one: the language at once, and the way out of other apps. */

import { isInApp, wayOut } from './platform';

export function enhanceLanding(): void {
  const language = document.querySelector<HTMLSelectElement>('[data-testid="language"]');
  language?.addEventListener('change', () => language.form?.submit());
  const notice = document.getElementById('in-app');
  if (notice && (isInApp(navigator.userAgent) || !navigator.mediaDevices)) offerWayOut(notice);
}

function offerWayOut(notice: HTMLElement): void {
  notice.hidden = false;
  const address = location.origin + location.pathname;
  const open = notice.querySelector<HTMLAnchorElement>('a');
  const way = wayOut(address, navigator.userAgent);
  if (open && way) open.href = way;
  if (open) open.hidden = !way;
  notice.querySelector('button')?.addEventListener('click', () => void copy(address, notice));
}

async function copy(address: string, notice: HTMLElement): Promise<void> {
  const said = notice.querySelector<HTMLElement>('[role="status"]');
  try {
    await navigator.clipboard.writeText(address);
  } catch {
    const field = document.createElement('textarea');
    field.value = address;
    notice.append(field);
    field.select();
    document.execCommand('copy');
    field.remove();
  }
  if (said) said.textContent = said.dataset['copied'] ?? '';
}
