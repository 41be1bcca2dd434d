/** Copy buttons: hidden until this script is there to do what they say. */

const SAID_FOR_MS = 2000;

/** Every button with `data-copy` copies the field it names, and says so. */
export function offerCopies(page: Document): void {
  for (const button of page.querySelectorAll<HTMLButtonElement>('button[data-copy]')) {
    const field = page.getElementById(button.dataset['copy'] ?? '');
    if (!(field instanceof HTMLInputElement || field instanceof HTMLTextAreaElement)) continue;
    button.hidden = false;
    button.addEventListener('click', () => void copy(page, button, field));
  }
}

async function copy(
  page: Document,
  button: HTMLButtonElement,
  field: HTMLInputElement | HTMLTextAreaElement,
): Promise<void> {
  // Selected as well: where the clipboard is not allowed, the keyboard's own copy works at once.
  field.select();
  const copied = await writeText(page, field.value);
  const words = button.textContent;
  button.textContent = copied ? 'Copied' : 'Press Ctrl+C';
  say(page, copied ? 'Copied.' : 'The text is selected. Copy it with the keyboard.');
  setTimeout(() => (button.textContent = words), SAID_FOR_MS);
}

async function writeText(page: Document, text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return page.execCommand('copy');
  }
}

/** A screen reader hears the sentence. */
export function say(page: Document, sentence: string): void {
  let place = page.getElementById('said');
  if (place === null) {
    place = page.createElement('p');
    place.id = 'said';
    place.className = 'visually-hidden';
    place.setAttribute('role', 'status');
    page.body.append(place);
  }
  place.textContent = sentence;
}
