/** A form marked `data-previewed` is drawn anew while somebody types: the server draws, the page only asks. */

const PAUSE_MS = 250;

export function offerPreviews(root: Document): void {
  for (const form of root.querySelectorAll<HTMLFormElement>('form[data-previewed]')) {
    const target = root.getElementById(form.dataset['previewed'] ?? '');
    if (target) new LivePreview(form, target).watch();
  }
}

class LivePreview {
  private timer: ReturnType<typeof setTimeout> | undefined;
  private asked = 0;

  constructor(
    private readonly form: HTMLFormElement,
    private readonly target: HTMLElement,
  ) {}

  watch(): void {
    this.form.addEventListener('input', () => {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => void this.draw(), PAUSE_MS);
    });
  }

  private async draw(): Promise<void> {
    const turn = ++this.asked;
    const body = new URLSearchParams();
    for (const [name, value] of new FormData(this.form)) if (typeof value === 'string') body.append(name, value);
    body.set('act', 'preview');
    try {
      const answer = await fetch(this.form.action, { method: 'POST', body, headers: { 'X-Part': 'preview' }, credentials: 'same-origin' });
      // An answer that was overtaken would draw older words over newer ones.
      if (answer.ok && turn === this.asked) this.target.innerHTML = await answer.text();
    } catch {
      // The press on "Show as a patient sees it" still works, or says what is wrong.
    }
  }
}
