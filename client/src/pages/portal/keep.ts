/** A draft's form is kept while it is being typed, so that leaving loses nothing. Without script its buttons keep it. */

import { say } from './copy';

const AFTER_MS = 600;
const KEPT = 'Kept as a draft: you can leave and come back.';
const AWAY = 'Not kept just now. What you typed is still here: press a button to keep it.';

/** Every form with `data-keep` is sent there, with its secrets left out, some moments after each change. */
export function keepDrafts(page: Document): void {
  for (const form of page.querySelectorAll<HTMLFormElement>('form[data-keep]')) new Kept(page, form).watch();
}

class Kept {
  private timer: number | undefined;
  private sending: Promise<void> = Promise.resolve();
  private isOver = false;

  constructor(
    private readonly page: Document,
    private readonly form: HTMLFormElement,
  ) {}

  watch(): void {
    this.form.addEventListener('input', () => this.later());
    // The button that is pressed sends everything itself, with the newest version: nothing may overtake it.
    this.form.addEventListener('submit', (event) => this.give(event));
    window.addEventListener('pagehide', () => this.flush());
    window.addEventListener('pageshow', () => (this.isOver = false));
  }

  private later(): void {
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.send(), AFTER_MS);
  }

  private send(): void {
    this.timer = undefined;
    this.sending = this.sending.then(() => this.post());
  }

  private async post(): Promise<void> {
    if (this.isOver) return;
    try {
      const answer = await fetch(this.address(), {
        method: 'POST',
        body: this.fields(),
        headers: { 'X-Housecall': 'portal' },
      });
      if (answer.ok) this.note((await answer.json()) as { version?: number });
      this.tell(answer.ok ? KEPT : AWAY);
      // Somebody else saved: the button will show both, so nothing more is sent from here.
      if (answer.status === 409) this.isOver = true;
    } catch {
      this.tell(AWAY);
    }
  }

  private give(event: SubmitEvent): void {
    window.clearTimeout(this.timer);
    this.timer = undefined;
    if (this.isOver) return;
    this.isOver = true;
    event.preventDefault();
    const button = event.submitter;
    // A task of its own: while the event is under way a form cannot be submitted again.
    void this.sending.then(() => setTimeout(() => this.form.requestSubmit(button)));
  }

  private flush(): void {
    if (this.timer === undefined || this.isOver) return;
    window.clearTimeout(this.timer);
    this.timer = undefined;
    void fetch(this.address(), {
      method: 'POST',
      body: this.fields(),
      headers: { 'X-Housecall': 'portal' },
      keepalive: true,
    });
  }

  private fields(): URLSearchParams {
    const fields = new URLSearchParams();
    for (const [name, value] of new FormData(this.form)) {
      if (typeof value === 'string' && !this.isSecret(name)) fields.append(name, value);
    }
    return fields;
  }

  private isSecret(name: string): boolean {
    const field = this.form.elements.namedItem(name);
    if (field instanceof HTMLTextAreaElement) return 'secret' in field.dataset;
    return field instanceof HTMLInputElement && field.type === 'password';
  }

  private address(): string {
    return this.form.dataset['keep'] ?? '';
  }

  private note(answer: { version?: number }): void {
    const version = this.form.elements.namedItem('version');
    if (version instanceof HTMLInputElement && answer.version !== undefined) version.value = `${answer.version}`;
  }

  private tell(sentence: string): void {
    const place = this.page.getElementById('kept');
    if (place === null) say(this.page, sentence);
    else if (place.textContent !== sentence) place.textContent = sentence;
  }
}
