/** The screens besides lobby and call: each says what is so, what to do next, and has one main press at most. */

import { fill } from '../../call/texts';
import type { ElsewhereMessage, LobbyState } from '../../protocol/messages';
import { element } from '../../ui/element';
import type { First } from './first';
import { button, heading, type Screen } from './page';
import { Survey } from './survey';

interface Notice {
  title: string;
  text: string;
  marks: Record<string, string>;
  press?: { word: string; mark: string; act: () => void };
  /** Who has nothing else to press can phone. */
  call?: First;
}

function noticeScreen({ title, text, marks, press, call }: Notice): Screen {
  const root = element('section', { class: 'notice', ...marks }, heading(title), element('p', {}, text));
  if (press) root.append(button(press.word, press.act, { class: 'button button-main button-wide', 'data-testid': press.mark }));
  if (call) root.append(...callLink(call));
  return { name: 'notice', root, title };
}

/** How to phone the clinic; nothing where it gave no number. */
export function callLink({ dial, phone, texts }: First): HTMLElement[] {
  return dial ? [element('a', { class: 'button button-wide', href: dial }, fill(texts.page.call, { phone: isolated(phone) }))] : [];
}

/** The visit ended; said both after the call and to whom waited. */
export function overScreen(first: First, wasInCall: boolean): Screen {
  const { texts } = first;
  const title = wasInCall ? texts.after.ended_heading : texts.notice.over_heading;
  const screen = noticeScreen({ title, text: wasInCall ? texts.after.ended_text : texts.notice.over_text, marks: { 'data-testid': 'visit-over', 'data-reason': 'ended' }, call: first });
  if (first.closed) screen.root.querySelector('p')?.after(element('p', { class: 'own-words', 'data-testid': 'closed-text' }, first.closed));
  if (wasInCall && first.role === 'patient') screen.root.append(new Survey(first).root);
  return inLobby(screen, 'over');
}

export function cancelledScreen(first: First): Screen {
  const { texts } = first;
  return inLobby(noticeScreen({ title: texts.notice.cancelled_heading, text: texts.notice.cancelled_text, marks: {}, call: first }), 'cancelled');
}

/** The clinic took the link back, which concerns guests only. */
export function withdrawnScreen(first: First): Screen {
  const { texts } = first;
  return inLobby(noticeScreen({ title: texts.notice.withdrawn_heading, text: texts.notice.withdrawn_text, marks: {}, call: first }), 'withdrawn');
}

export function movedScreen(first: First): Screen {
  const { texts } = first;
  return inLobby(noticeScreen({ title: texts.notice.moved_heading, text: texts.notice.moved_text, marks: {}, call: first }), 'moved');
}

export function earlyScreen(first: First): Screen {
  const { texts } = first;
  const text = fill(texts.lobby.early_text, { time: first.opens });
  return inLobby(noticeScreen({ title: texts.lobby.early_heading, text, marks: {} }), 'early');
}

export function declinedScreen(first: First, ask: () => void): Screen {
  const { texts } = first;
  const press = { word: texts.lobby.ask_again, mark: 'ask-again', act: ask };
  return inLobby(noticeScreen({ title: texts.lobby.declined_heading, text: texts.lobby.declined_text, marks: {}, press, call: first }), 'declined');
}

export function leftScreen(first: First, comeBack: () => void): Screen {
  const { texts } = first;
  const press = { word: texts.after.come_back, mark: 'come-back', act: comeBack };
  const marks = { 'data-testid': 'visit-over', 'data-reason': 'left' };
  return noticeScreen({ title: texts.after.left_heading, text: texts.after.left_text, marks, press });
}

const SERVICES: Record<string, string> = { teams: 'Microsoft Teams' };

/** The visit is held on another service's page: what will be there, and the way to it. */
export function elsewhereScreen(first: First, { service, url, browser_only }: ElsewhereMessage, onGo: () => void): Screen {
  const { texts } = first;
  const title = texts.elsewhere.heading;
  const name = SERVICES[service] ?? service;
  const root = element('section', { class: 'notice', 'data-testid': 'elsewhere' }, heading(title), element('p', {}, fill(texts.elsewhere.text, { service: name })));
  if (!browser_only) root.append(element('p', {}, texts.elsewhere.choose));
  const go = element('a', { class: 'button button-main button-wide', href: url, rel: 'noreferrer', 'data-testid': 'go-to-meeting' }, texts.elsewhere.go);
  go.addEventListener('click', onGo);
  root.append(go);
  return { name: 'notice', root, title };
}

/** A newer tab has the seat; taking it back is the same press as on the landing page. */
export function replacedScreen(first: First): Screen {
  const { texts } = first;
  const screen = noticeScreen({ title: texts.after.replaced_heading, text: texts.after.replaced_text, marks: { 'data-testid': 'replaced' } });
  const take = element('button', { type: 'submit', class: 'button button-main button-wide', 'data-testid': 'use-here' }, texts.after.use_here);
  screen.root.append(element('form', { method: 'post', action: location.pathname }, take));
  return screen;
}

/** This page cannot go on, as its cookie is good no more; the link tells how things stand. */
export function closedScreen(first: First): Screen {
  const { texts } = first;
  const screen = noticeScreen({ title: texts.notice.closed_heading, text: texts.notice.closed_text, marks: { 'data-testid': 'closed' } });
  screen.root.append(element('a', { class: 'button button-main button-wide', href: location.pathname }, texts.notice.open_again));
  return screen;
}

function inLobby(screen: Screen, state: LobbyState): Screen {
  const root = element('div', { 'data-testid': 'lobby', 'data-state': state }, screen.root);
  return { ...screen, root };
}

/** A number kept in its own direction inside an Arabic text. */
function isolated(phone: string): string {
  return `\u2068${phone}\u2069`;
}
