/** The way into a meeting that another service holds: opened at once where allowed, and always as links. */

import { element, setText } from '../../ui/element';
import { sign } from './signs';

export class MeetingPane {
  readonly root: HTMLElement;
  private readonly words = element('p');
  private readonly web = element('a', { class: 'button', target: '_blank', rel: 'noopener noreferrer', 'data-testid': 'meeting-web' });
  private readonly app = element('a', { class: 'button', rel: 'noreferrer', 'data-testid': 'meeting-app' });

  constructor() {
    const links = element('div', { class: 'presses' }, this.web, this.app);
    this.root = element('div', { class: 'pane', role: 'group', 'aria-label': 'The meeting', 'data-testid': 'meeting-pane', hidden: true });
    this.root.append(sign('apart'), element('div', {}, this.words, links));
  }

  show(name: string, { web, app }: { web: string; app: string }, isOpened: boolean): void {
    const opens = `${name} opens in its own window.`;
    setText(this.words, isOpened ? `${opens} If none has come up, press one of these.` : `This window could not open another one. Press one of these.`);
    setText(this.web, `${name} in the browser`);
    setText(this.app, `${name} app`);
    this.web.href = web;
    this.app.href = app;
    this.root.hidden = false;
    if (!isOpened) this.web.focus();
  }

  hide(): void {
    this.root.hidden = true;
  }
}
