/** Numbers on their way are followed until they are there. Without script the page shows them when it is loaded anew. */

const EVERY_MS = 1000;
const UNDER_WAY = '[data-testid="number"][data-state="requested"], [data-testid="number"][data-state="provisioning"]';

/** The list is asked for again while a number of it is on its way. */
export function followNumbers(page: Document): void {
  const list = page.querySelector<HTMLElement>('[data-follow]');
  if (list !== null) new Followed(page, list).watch();
}

class Followed {
  private shown: string;

  constructor(
    private readonly page: Document,
    private readonly list: HTMLElement,
  ) {
    this.shown = states(list);
  }

  watch(): void {
    // A code that is being typed must not be taken away under the fingers.
    if (this.list.querySelector(UNDER_WAY) === null || this.list.querySelector('input') !== null) return;
    setTimeout(() => void this.look(), EVERY_MS);
  }

  private async look(): Promise<void> {
    try {
      const answer = await fetch(this.list.dataset['follow'] ?? '', { headers: { 'X-Housecall': 'portal' } });
      if (answer.ok) this.show(await answer.text());
    } catch {
      // The next look may find the way again.
    }
    this.watch();
  }

  private show(html: string): void {
    const fresh = new DOMParser().parseFromString(html, 'text/html');
    if (states(fresh) === this.shown) return;
    this.shown = states(fresh);
    this.list.replaceChildren(...fresh.body.childNodes);
    const there = [...this.list.querySelectorAll<HTMLElement>('[data-number]')].map((one) => one.dataset['number'] ?? '');
    for (const number of there) this.offer(number);
    this.say(this.list.querySelector('[data-state="failed"]') === null);
  }

  private offer(number: string): void {
    for (const choice of this.page.querySelectorAll<HTMLSelectElement>('select[data-testid="link-number"]')) {
      if ([...choice.options].some((option) => option.value === number)) continue;
      choice.add(new Option(number, number));
    }
  }

  private say(isWell: boolean): void {
    const place = this.page.getElementById('number-said');
    if (place === null) return;
    const isMoving = this.list.querySelector(UNDER_WAY) !== null;
    place.textContent = isMoving ? 'The number is on its way.' : isWell ? 'The number works.' : 'A number could not be had.';
  }
}

function states(within: ParentNode): string {
  return [...within.querySelectorAll<HTMLElement>('[data-testid="number"]')]
    .map((one) => `${one.dataset['id']}=${one.dataset['state']}`)
    .join(' ');
}
