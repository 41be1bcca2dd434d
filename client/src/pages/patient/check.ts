/** The test of camera, microphone, speaker and connection; the same before the lobby and in it. */

import type { Devices } from '../../call/media';
import { Meter } from '../../call/meter';
import type { Device, DeviceFindings, DeviceResult } from '../../protocol/messages';
import { element } from '../../ui/element';
import type { Texts } from './first';
import { mendingText } from './mending';
import { NetworkTest, type Pinger } from './network';
import { button } from './page';
import { isInApp, platformOf } from './platform';
import { Row } from './row';
import { SpeakerTest } from './speaker';

export type Results = Record<Device, DeviceResult>;

// A person needs this long to read "say something" and to say it.
const SILENT_AFTER_MS = 6_000;
const DARK_AFTER_MS = 4_000;
const LOOK_EVERY_MS = 200;

/** Whether the person can be seen, heard and reached; the speaker counts once it was asked about. */
export function allWork({ camera, microphone, speaker, network }: Results): boolean {
  return [camera, microphone, network].every((result) => result === 'ok') && speaker !== 'fail';
}

export class DeviceCheck {
  readonly root: HTMLElement;
  private readonly rows: { camera: Row; microphone: Row };
  private readonly speaker: SpeakerTest;
  private readonly network: NetworkTest;
  private readonly preview = element('video', { class: 'preview mirrored', autoplay: true, playsinline: true });
  private readonly pane: HTMLElement;
  private readonly bar = element('span', { class: 'meter-bar' });
  private readonly meter: Meter;
  private readonly platform = platformOf(navigator.userAgent, navigator.maxTouchPoints);
  private readonly stops: (() => void)[] = [];
  private quietSince = 0;
  private darkSince = 0;

  constructor(private readonly devices: Devices, socket: Pinger, seat: string, private readonly texts: Texts, private readonly onResults: () => void) {
    this.rows = { camera: new Row('camera', texts.check, 'camera'), microphone: new Row('microphone', texts.check, 'microphone') };
    this.speaker = new SpeakerTest(texts.check, () => onResults());
    this.network = new NetworkTest(socket, seat, texts.check, () => onResults());
    this.meter = new Meter((level) => this.bar.style.setProperty('--level', level.toFixed(2)));
    this.preview.muted = true;
    this.preview.setAttribute('aria-label', texts.check.preview);
    this.pane = element('div', { class: 'preview-pane' }, this.preview);
    this.rows.microphone.extra.append(element('span', { class: 'meter', 'aria-hidden': 'true' }, this.bar));
    for (const kind of ['camera', 'microphone'] as const) {
      this.rows[kind].extra.append(button(texts.check.again, () => this.retry(), { class: 'button row-again', hidden: '' }));
    }
    const list = element('ul', { class: 'rows' }, this.rows.camera.root, this.rows.microphone.root, this.speaker.row.root, this.network.row.root);
    this.root = element('div', { class: 'check' }, this.pane, list);
  }

  /** What was found so far; what still runs counts as not tested. */
  get results(): Results {
    const settled = (row: Row): DeviceResult => (row.result === 'running' ? 'skipped' : row.result);
    return { camera: settled(this.rows.camera), microphone: settled(this.rows.microphone), speaker: settled(this.speaker.row), network: settled(this.network.row) };
  }

  /** The same with what is behind it, as the server is told. */
  get findings(): DeviceFindings {
    const because: DeviceFindings['because'] = {};
    const camera = this.causeOf('camera', 'dark');
    const microphone = this.causeOf('microphone', 'silent');
    if (camera) because.camera = camera;
    if (microphone) because.microphone = microphone;
    if (this.network.because) because.network = this.network.because;
    return { ...this.results, because };
  }

  get works(): boolean {
    return allWork(this.results);
  }

  /** Whether something is missing for certain: not what is only weak, or not heard yet. */
  get fails(): boolean {
    return Object.values(this.results).includes('fail');
  }

  get isRunning(): boolean {
    return [this.rows.camera, this.rows.microphone, this.network.row].some((row) => row.result === 'running');
  }

  /** Whether the browser's own question is open, so that the page can say what to press. */
  get isAsking(): boolean {
    return this.devices.camera.opening || this.devices.microphone.opening;
  }

  /** Begin; devices that are open already are not opened again. */
  start(): void {
    this.stops.push(this.devices.onChange(() => this.look()));
    const looking = setInterval(() => this.look(), LOOK_EVERY_MS);
    this.stops.push(() => clearInterval(looking));
    void this.devices.open();
    this.network.start();
    this.look();
  }

  /** Stop measuring; the devices stay open. */
  stop(): void {
    for (const stop of this.stops.splice(0)) stop();
    this.meter.stop();
    this.network.stop();
    this.preview.srcObject = null;
  }

  private causeOf(kind: 'camera' | 'microphone', gives: string): string | null {
    const { result } = this.rows[kind];
    if (result === 'warn') return gives;
    const { fault } = this.devices[kind];
    if (result !== 'fail' || !fault) return null;
    return fault === 'unsupported' && isInApp(navigator.userAgent) ? 'in-app' : fault;
  }

  private retry(): void {
    if (this.rows.camera.result === 'warn') this.devices.close('camera');
    this.quietSince = this.darkSince = 0;
    void this.devices.open();
    this.network.start();
  }

  private look(): void {
    this.lookAtCamera();
    this.lookAtMicrophone();
    this.onResults();
  }

  private lookAtCamera(): void {
    const { check, mend } = this.texts;
    const { track, fault, opening } = this.devices.camera;
    const shown = (this.preview.srcObject as MediaStream | null)?.getVideoTracks()[0] ?? null;
    if (shown !== track) this.preview.srcObject = track ? new MediaStream([track]) : null;
    this.pane.classList.toggle('preview-off', !track);
    if (opening) this.rows.camera.draw('running', check.camera_running);
    else if (track) this.judgePicture();
    else if (fault) this.rows.camera.draw('fail', check.camera_fail, `${mendingText('camera', fault, this.platform, mend)} ${mend.go_on}`);
    this.offerAgain('camera');
  }

  private lookAtMicrophone(): void {
    const { check, mend } = this.texts;
    const { track, fault, opening } = this.devices.microphone;
    this.meter.follow(track);
    if (opening) this.rows.microphone.draw('running', check.microphone_running);
    else if (track) this.judgeLoudness();
    else if (fault) {
      // One block stops both; it is mended once.
      const isSame = fault === this.devices.camera.fault && fault !== 'not-found';
      this.rows.microphone.draw('fail', check.microphone_fail, isSame ? '' : mendingText('microphone', fault, this.platform, mend));
    }
    this.offerAgain('microphone');
  }

  /** A camera that another app holds may open and still give nothing. */
  private judgePicture(): void {
    const { check } = this.texts;
    if (this.preview.videoWidth > 0) {
      this.darkSince = 0;
      return this.rows.camera.draw('ok', check.camera_ok);
    }
    this.darkSince ||= Date.now();
    const isDark = Date.now() - this.darkSince > DARK_AFTER_MS;
    this.rows.camera.draw(isDark ? 'warn' : 'running', isDark ? check.camera_warn : check.camera_running);
  }

  /** A microphone that gives nothing at all is probably muted; where the browser does not let us measure, it counts as working. */
  private judgeLoudness(): void {
    const { check } = this.texts;
    if (this.meter.heard || !this.meter.works) return this.rows.microphone.draw('ok', check.microphone_ok);
    this.quietSince ||= Date.now();
    const isSilent = Date.now() - this.quietSince > SILENT_AFTER_MS;
    this.rows.microphone.draw(isSilent ? 'warn' : 'running', isSilent ? check.microphone_warn : check.microphone_running);
  }

  private offerAgain(kind: 'camera' | 'microphone'): void {
    const again = this.rows[kind].root.querySelector<HTMLElement>('.row-again');
    if (again) again.hidden = this.devices[kind].fault === null && this.rows[kind].result !== 'warn';
  }
}
