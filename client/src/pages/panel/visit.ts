/** One visit, open on the panel: its card, its call, and what the presses do. */

import { WarmHost } from '../../call/host';
import { Devices } from '../../call/media';
import { openCall, type CallOptions } from '../../call/view';
import type { StaffSocket } from '../../call/wire';
import { assertNever, type Role } from '../../protocol/messages';
import { ActFailed, type Acts } from './acts';
import { ApartPane, openApart } from './apart';
import { BlockedPane, blockedText, isForbiddenHere } from './blocked';
import { Calling } from './calling';
import { Card } from './card';
import { ColleaguesPane, type Answer, type ColleaguesHome } from './colleagues';
import { InviteForm, reachPane, type InvitingHome } from './inviting';
import { LinkForm } from './linkform';
import type { Details, VisitView, Visits } from './model';
import { offered, type Place, type Press } from './offers';
import { PeoplePane, type GuestAct } from './people';
import { DetailsReader } from './reader';
import { ReadOutPane, type ReadOut } from './readout';
import { TellForm } from './tellform';
import { MeetingPane } from './meeting';
import { Timeline } from './timeline';
import { CALL_TEXTS, CONSULT_TEXTS, serviceName } from './words';

/** What a visit needs of the panel around it. */
export interface VisitHome {
  acts: Acts;
  /** Who this is to colleagues. */
  user: string;
  socket: StaffSocket;
  visits: Visits;
  timeZone: string;
  alone: boolean;
  filesNotes: boolean;
  /** What the clinic reminds its clinicians of before they admit. */
  reminder: string;
  tellsGuests: boolean;
  /** What can be told to whoever waits: sentences by their keys. */
  words: Record<string, string>;
  /** Every failed request passes here; one of a session that is over concerns the whole panel. */
  onFailure: (error: ActFailed) => void;
  /** The page came into this visit's call or out of it. */
  onCall: (isIn: boolean) => void;
  /** The visit was begun again: this one takes its place. */
  onRestart: (visit: VisitView) => void;
}

const NUMBER_FAULTS = /number|mobile|listed/;

export class OpenVisit {
  readonly card: Card;
  private readonly place: Place;
  private readonly devices = new Devices();
  private readonly calling: Calling;
  private readonly warm: WarmHost;
  private readonly reader: DetailsReader;
  private readonly timeline: Timeline;
  private readonly apart = new ApartPane();
  private readonly meeting = new MeetingPane();
  private readonly blocked: BlockedPane;
  private readonly linkForm = new LinkForm((to) => this.sendTo(to), () => this.mailLink());
  private readonly people: PeoplePane;
  private readonly inviteForm: InviteForm;
  private readonly colleagues: ColleaguesPane;
  private readonly tellForm: TellForm;
  private readonly readOut: ReadOutPane;

  constructor(private visit: VisitView, private readonly home: VisitHome) {
    const { acts, socket, timeZone, alone, filesNotes, reminder } = home;
    this.place = { inCall: false, alone, filesNotes };
    this.readOut = new ReadOutPane(timeZone, () => this.makeCode());
    this.tellForm = new TellForm(home.words, (key) => this.tell(key));
    this.warm = new WarmHost(visit.visit, socket, { bundle: new MediaStream() });
    this.blocked = new BlockedPane(() => this.calling.retry(), alone ? null : () => void this.openApart());
    this.timeline = new Timeline(timeZone, () => acts.messages(visit.visit), (message) => this.act('send-link', `messages/${message}/again`));
    this.reader = new DetailsReader(() => acts.details(visit.visit).catch((error: unknown) => this.failed(error)), (details) => this.show(details));
    const inviting = this.inviting();
    this.inviteForm = new InviteForm(inviting);
    this.people = new PeoplePane({ act: (participant, act) => this.actOnGuest(participant, act), reach: (guest) => reachPane(guest, inviting) }, timeZone);
    this.colleagues = new ColleaguesPane(this.asking());
    this.card = new Card(visit, timeZone, this.place, (press) => this.press(press), { reminder, panes: [this.colleagues.asked, this.colleagues.others, this.people.root, this.blocked.root, this.apart.root, this.meeting.root], more: [this.tellForm.root, this.timeline.root, this.linkForm.root, this.readOut.root, this.colleagues.form, this.inviteForm.root] });
    this.calling = new Calling(visit.visit, {
      socket,
      devices: this.devices,
      open: (wire, hooks) => {
        const actions = [this.card.doing];
        const claimWarm: CallOptions['claimWarm'] = ({ role, warm }, isNamed) => (role === 'patient' || isNamed ? this.warm.claim(warm, isNamed) : null);
        return openCall(this.card.stage, { wire, devices: this.devices, role: 'staff', texts: visit.is_consult ? CONSULT_TEXTS : CALL_TEXTS, nameOf: (role) => this.nameOf(role), actions, claimWarm, onState: (state) => this.card.hearCall(state === 'reconnecting'), ...hooks });
      },
      onChange: () => this.moved(),
      onDevices: () => this.judgeDevices(),
      say: (sentence) => this.card.complain(sentence),
    });
    this.draw();
    this.warm.follow(visit);
    this.look();
    document.addEventListener('visibilitychange', this.look);
    if (visit.is_consult) this.colleagues.focus();
    // Of a consult there is nobody to read about.
    else void this.reader.start();
  }

  /** Whether a connection may be made before the patient is let in. */
  warmsUp(is: boolean): void {
    // Of a meeting that another service holds, no browser here is a part.
    this.warm.offered(is && this.visit.meeting.is_in_page);
  }

  get id(): string {
    return this.visit.visit;
  }

  /** A newer snapshot of it. */
  update(visit: VisitView): void {
    const isMoved = visit.starts_at !== this.visit.starts_at || visit.ends_at !== this.visit.ends_at;
    this.visit = visit;
    this.calling.follow(visit);
    if (visit.meeting.is_in_page || visit.state === 'ended') this.meeting.hide();
    this.warm.follow(visit);
    this.card.update(visit);
    this.draw();
    if (isMoved) void this.reader.start();
  }

  tick(): void {
    this.card.tick();
    this.people.tick();
  }

  /** The session is over: the EHR is not asked any more. */
  stopReading(): void {
    this.reader.stop();
  }

  /** Off the page, out of the call. */
  close(): void {
    this.calling.close();
    document.removeEventListener('visibilitychange', this.look);
    this.warm.close();
    this.stopReading();
    this.apart.hide();
    this.devices.closeAll();
  }

  /** A call in this page is looked at from anywhere. */
  private readonly look = (): void => this.warm.looked(document.visibilityState === 'visible' || this.calling.isIn);

  private draw(): void {
    this.timeline.update(this.visit.patient.message);
    this.people.update(this.visit);
    this.colleagues.update(this.visit);
    this.inviteForm.update(this.visit);
    this.timeline.root.hidden = this.visit.is_consult;
    this.tellForm.update(this.visit);
    this.readOut.root.hidden = this.linkForm.root.hidden;
    this.linkForm.root.hidden = !offered(this.visit, this.place).includes('send-link');
  }

  private press(press: Press): void {
    this.card.complain('');
    switch (press) {
      case 'send-link':
        return void this.sendLink();
      case 'join-visit':
        return this.visit.meeting.is_in_page ? this.calling.join() : void this.goThere();
      case 'admit':
        // Both at once: whoever is let in should not wait for our camera.
        if (this.visit.meeting.is_in_page) this.calling.join();
        // Once: a second window there would be a second of us.
        else if (this.meeting.root.hidden) void this.goThere();
        return void this.act(press);
      case 'hold-here':
        this.meeting.hide();
        return void this.act(press);
      case 'call-in':
      case 'resume':
      case 'decline':
      case 'hold':
      case 'send-back':
      case 'acknowledge':
        return void this.act(press);
      case 'end-visit':
        return this.card.ask(true);
      case 'confirm-end':
        return void this.act(press, 'end');
      case 'keep-open':
        return this.card.ask(false);
      case 'restart':
        return void this.restart();
      case 'file-summary':
        return void this.fileSummary();
      case 'open-apart':
        return void this.openApart();
      default:
        return assertNever(press);
    }
  }

  /** To the service that holds the visit: its window is opened while the press still allows it. */
  private async goThere(): Promise<void> {
    const name = serviceName(this.visit);
    try {
      const found = await openApart(
        async () => {
          const ways = await this.home.acts.meeting(this.id);
          this.home.visits.take(ways.visit);
          return { ...ways, url: ways.web };
        },
        () => window.open('about:blank', '_blank'),
      );
      this.meeting.show(name, found, found.isOpened);
    } catch (error) {
      if (!(error instanceof ActFailed)) throw error;
      this.home.onFailure(error);
      this.card.complain(error.message);
    }
  }

  /** Do it, and show how the visit stands then; gives back why it failed, or null. */
  private async act(press: Press, name: string = press, body: object = {}): Promise<ActFailed | null> {
    this.card.busy(press, true);
    try {
      this.home.visits.take(await this.home.acts.do(this.id, name, body));
      if (press === 'confirm-end') this.card.ask(false);
      return null;
    } catch (error) {
      if (!(error instanceof ActFailed)) throw error;
      this.home.onFailure(error);
      this.card.complain(error.message);
      return error;
    } finally {
      this.card.busy(press, false);
    }
  }

  private async sendLink(): Promise<void> {
    const fault = await this.act('send-link');
    if (!fault) this.card.say('The link is on its way to the patient.');
    else if (NUMBER_FAULTS.test(fault.code)) this.linkForm.offer();
  }

  private async sendTo(to: string): Promise<string> {
    const fault = await this.act('send-link', 'send-link', { to });
    // Said at the field, not twice.
    this.card.complain('');
    if (!fault) this.card.say('The link is on its way to what you typed.');
    return fault?.message ?? '';
  }

  private async mailLink(): Promise<string> {
    const fault = await this.act('send-link', 'send-link', { by: 'email' });
    this.card.complain('');
    if (!fault) this.card.say('The link is on its way by e-mail.');
    return fault?.message ?? '';
  }

  private async tell(key: string): Promise<string> {
    const fault = await this.act('acknowledge', 'tell', { key });
    this.card.complain('');
    if (!fault) this.card.say('The patient reads it now.');
    return fault?.message ?? '';
  }

  private show(details: Details | null): void {
    this.card.show(details);
    if (details?.patient.needs_interpreter) this.inviteForm.suggest(details.patient.language);
  }

  private inviting(): InvitingHome {
    const { acts, visits, timeZone, tellsGuests: tellsThem } = this.home;
    const told = <T>(asked: Promise<T>): Promise<T | { fault: string }> => this.answered(asked).then((answer) => (typeof answer === 'string' ? { fault: answer } : answer));
    return {
      timeZone,
      tellsThem,
      invite: async (role, language, to) => {
        const answer = await told(acts.invite(this.id, role, language, to));
        if ('visit' in answer) visits.take(answer.visit);
        return answer;
      },
      send: (participant, to) => this.take(acts.do(this.id, `people/${participant}/send`, { to })),
      link: (participant) => told(acts.guestLink(this.id, participant)),
      code: (participant) => this.answered(acts.guestCode(this.id, participant)),
    };
  }

  private asking(): ColleaguesHome {
    const { acts, user, timeZone } = this.home;
    return {
      user,
      timeZone,
      find: (name) => this.answered(acts.colleagues(name)),
      names: () => acts.colleagueNames(this.id).catch(() => ({})),
      ask: (to, wish) => this.take(acts.do(this.id, 'colleagues', { to, wish })),
      withdraw: (participant) => this.take(acts.do(this.id, `colleagues/${participant}/withdraw`)),
      answer: (answer) => this.answerColleague(answer),
    };
  }

  /** Whoever takes over a patient who is in the room already comes into it with the same press. */
  private async answerColleague(answer: Answer): Promise<string> {
    const isIn = this.visit.state === 'in_progress';
    const fault = answer === 'join' ? '' : await this.take(this.home.acts.do(this.id, `colleagues/${answer}`));
    if (!fault && (answer === 'join' || (answer === 'take-over' && isIn))) this.press('join-visit');
    return fault;
  }

  private actOnGuest(participant: string, act: GuestAct): Promise<string> {
    // As with the patient: whoever is let in should meet somebody.
    if (act === 'admit' && this.visit.meeting.is_in_page) this.calling.join();
    return this.take(this.home.acts.do(this.id, `people/${participant}/${act}`));
  }

  /** Show how the visit stands then; gives back what went wrong, in words, empty if nothing did. */
  private async take(asked: Promise<VisitView>): Promise<string> {
    const answer = await this.answered(asked);
    if (typeof answer === 'string') return answer;
    this.home.visits.take(answer);
    return '';
  }

  private makeCode(): Promise<ReadOut | string> {
    return this.answered(this.home.acts.readOutCode(this.id));
  }

  /** The answer, or the sentence for the person. */
  private async answered<T>(asked: Promise<T>): Promise<T | string> {
    try {
      return await asked;
    } catch (error) {
      if (!(error instanceof ActFailed)) throw error;
      this.home.onFailure(error);
      return error.message;
    }
  }

  private async fileSummary(): Promise<void> {
    if (!(await this.act('file-summary'))) this.card.say('The summary is in the chart.');
  }

  private async restart(): Promise<void> {
    this.card.busy('restart', true);
    try {
      this.home.onRestart(await this.home.acts.do(this.id, 'restart'));
    } catch (error) {
      if (!(error instanceof ActFailed)) throw error;
      this.home.onFailure(error);
      this.card.complain(error.message);
    } finally {
      this.card.busy('restart', false);
    }
  }

  private async openApart(): Promise<void> {
    this.card.busy('open-apart', true);
    try {
      const { isOpened, ...address } = await openApart(() => this.home.acts.handover(this.id), () => window.open('about:blank', '_blank'));
      this.apart.show(address, isOpened);
    } catch (error) {
      if (!(error instanceof ActFailed)) throw error;
      this.home.onFailure(error);
      this.card.complain(error.message);
    } finally {
      this.card.busy('open-apart', false);
    }
  }

  /** Tells the panel, and throws on for whoever asked. */
  private failed(error: unknown): never {
    if (error instanceof ActFailed) this.home.onFailure(error);
    throw error;
  }

  private moved(): void {
    this.place.inCall = this.calling.isIn;
    if (this.place.inCall) {
      this.apart.hide();
      this.calling.follow(this.visit);
    }
    this.card.placeActions();
    this.card.update(this.visit);
    this.draw();
    this.judgeDevices();
    this.look();
    this.home.onCall(this.place.inCall);
  }

  private judgeDevices(): void {
    const { camera, microphone } = this.devices;
    this.blocked.say(this.calling.isIn ? blockedText(camera, microphone, { isForbidden: isForbiddenHere(), alone: this.place.alone }) : '');
  }

  private nameOf(role: Role): string {
    const details: Details | null = this.reader.details;
    return role === 'patient' && details ? details.patient.name : CALL_TEXTS.roles[role];
  }
}
