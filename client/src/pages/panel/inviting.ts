/** A link for an interpreter or a relative: made here, then sent, copied or read out. It says a role, never a name. */

import guestLanguages from '../../../../src/housecall/web/guest_languages.json';
import { element, setText } from '../../ui/element';
import { roleName } from './guests';
import type { GuestView, VisitView } from './model';
import { ReadOutPane, type ReadOut } from './readout';
import { sign } from './signs';
import { languageOf } from './words';

export interface InvitingHome {
  timeZone: string;
  /** Whether it is kept where they were written to, so that they are told of changes. */
  tellsThem: boolean;
  /** Make it; gives back the link, or what went wrong in words behind `fault`. */
  invite: (role: GuestView['role'], language: string, to: string) => Promise<{ link: string } | { fault: string }>;
  /** Send it, to where the one before went if `to` is empty; gives back what went wrong, empty if nothing did. */
  send: (participant: string, to: string) => Promise<string>;
  /** The link once more. */
  link: (participant: string) => Promise<{ link: string } | { fault: string }>;
  code: (participant: string) => Promise<ReadOut | string>;
}

// Those with texts of ours first; the others read the pages in the clinic's language, and staff see whom they got.
// The portal reads the same file.
const LANGUAGES: string[] = guestLanguages;

const KEPT = 'Whom you write to is told of a new time and of a cancellation, and is forgotten with the visit.';
const FORGOTTEN = 'Where you write to is forgotten once the link is sent: you tell them of a new time or a cancellation.';

function addressField(id: string): HTMLInputElement {
  return element('input', { type: 'text', class: 'field', id, name: id, autocomplete: 'off', autocapitalize: 'none', spellcheck: 'false', maxlength: '254', 'data-testid': id });
}

/** A link in a field of its own, with a press that copies it. */
function shownLink(link: string): HTMLElement {
  const field = element('input', { type: 'text', class: 'field', readonly: true, 'aria-label': 'The link', 'data-testid': 'guest-link' });
  field.value = link;
  const said = element('span', { class: 'said', role: 'status' });
  const copy = element('button', { type: 'button', class: 'button', 'data-testid': 'copy-guest-link' }, 'Copy');
  copy.addEventListener('click', () => {
    field.select();
    // Without a clipboard, as in some frames, it is selected for the person's own keys.
    const copied = navigator.clipboard?.writeText(link) ?? Promise.reject(new Error('no clipboard'));
    copied.then(() => setText(said, 'Copied.')).catch(() => setText(said, 'Press Ctrl+C to copy it.'));
  });
  return element('div', { class: 'presses' }, field, copy, said);
}

export class InviteForm {
  readonly root: HTMLDetailsElement;
  private readonly language = element('select', { class: 'field', id: 'guest-language', 'data-testid': 'guest-language' });
  private readonly to = addressField('guest-to');
  private readonly roles: HTMLInputElement[];
  private readonly fault = element('p', { class: 'fault', role: 'alert' });
  private readonly made = element('div', { class: 'invited', role: 'status' });
  private readonly submit = element('button', { type: 'submit', class: 'button', 'data-testid': 'make-guest-link' }, 'Make the link');

  constructor(private readonly home: InvitingHome) {
    for (const code of LANGUAGES) this.language.append(element('option', { value: code }, languageOf(code)));
    this.roles = (['interpreter', 'family'] as const).map((role) => element('input', { type: 'radio', name: 'guest-role', value: role, checked: role === 'interpreter', 'data-testid': `guest-role-${role}` }));
    const choices = this.roles.map((radio) => element('label', { class: 'choice-line' }, radio, roleName(radio.value as GuestView['role'])));
    const who = element('fieldset', { class: 'choice-lines' }, element('legend', {}, 'Who'), ...choices);
    const form = element('form', { class: 'invite-form', novalidate: true }, who, element('label', { for: 'guest-language' }, 'Their language'), this.language, element('label', { for: 'guest-to' }, 'Send it to: mobile number or e-mail address, if you like'), element('div', { class: 'presses' }, this.to, this.submit), this.fault);
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      void this.press();
    });
    const summary = element('summary', { class: 'line' }, sign('person'), element('span', { class: 'line-words' }, 'Invite an interpreter or family'));
    const about = element('p', { class: 'soft' }, 'They get a link of their own, wait in a lobby of their own, and are admitted one by one. The link follows the visit when it is moved. ' + (home.tellsThem ? KEPT : FORGOTTEN));
    this.root = element('details', { class: 'more', 'data-testid': 'invite-guest' }, summary, about, form, this.made);
    this.root.addEventListener('toggle', () => {
      if (!this.root.open) this.made.replaceChildren();
    });
  }

  update(visit: VisitView): void {
    this.root.hidden = visit.is_consult || visit.state === 'ended' || visit.state === 'cancelled';
  }

  /** The language that the patient's record says, where an interpreter is needed. */
  suggest(code: string | null): void {
    const primary = code?.split('-')[0]?.toLowerCase() ?? '';
    if (LANGUAGES.includes(primary)) this.language.value = primary;
  }

  private async press(): Promise<void> {
    if (this.submit.getAttribute('aria-disabled') === 'true') return;
    this.submit.setAttribute('aria-disabled', 'true');
    const role = this.roles.find((radio) => radio.checked)?.value as GuestView['role'];
    const to = this.to.value.trim();
    const answer = await this.home.invite(role, this.language.value, to);
    this.submit.removeAttribute('aria-disabled');
    setText(this.fault, 'fault' in answer ? answer.fault : '');
    this.to.setAttribute('aria-invalid', String('fault' in answer && to !== ''));
    if ('fault' in answer) return;
    this.to.value = '';
    const whose = role === 'family' ? 'family' : 'the interpreter';
    this.made.replaceChildren(element('p', {}, to ? `The link for ${whose} is on its way:` : `The link for ${whose}:`), shownLink(answer.link));
  }
}

/** What is one level away of a guest who has a link already. */
export function reachPane(guest: GuestView, home: InvitingHome): HTMLElement {
  const shown = element('div', { class: 'invited' });
  const fault = element('p', { class: 'fault', role: 'alert' });
  const show = element('button', { type: 'button', class: 'button', 'data-testid': 'show-guest-link' }, 'Show the link');
  show.addEventListener('click', () => {
    void home.link(guest.participant).then((answer) => {
      setText(fault, 'fault' in answer ? answer.fault : '');
      if ('link' in answer) shown.replaceChildren(shownLink(answer.link));
    });
  });
  const id = `to-${guest.participant}`;
  const to = addressField(id);
  const said = element('p', { class: 'said', role: 'status' });
  const send = element('button', { type: 'submit', class: 'button', 'data-testid': 'send-guest-link' }, 'Send the link');
  const form = element('form', { novalidate: true }, element('label', { for: id }, home.tellsThem ? 'Mobile number or e-mail address; empty for where it went before' : 'Mobile number or e-mail address'), element('div', { class: 'presses' }, to, send), said);
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    void home.send(guest.participant, to.value.trim()).then((wrong) => {
      setText(fault, wrong);
      setText(said, wrong ? '' : 'The link is on its way.');
      if (!wrong) to.value = '';
    });
  });
  const readOut = new ReadOutPane(home.timeZone, () => home.code(guest.participant));
  return element('div', {}, element('div', { class: 'presses' }, show), shown, form, fault, readOut.root);
}
