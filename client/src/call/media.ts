/** Camera and microphone: opened together where possible, apart where not, and each fault told apart. */

/** Why a device is not there; each has its own mending text. */
export type MediaFault =
  /** The person said no, now or earlier. */
  | 'denied'
  /** The question was closed without an answer. */
  | 'dismissed'
  /** The phone's or computer's own settings keep the browser out. */
  | 'system'
  | 'not-found'
  /** Another app has it, or the hardware did not start. */
  | 'busy'
  /** The page is not on a secure address. */
  | 'insecure'
  /** This browser cannot do it, as inside many apps. */
  | 'unsupported'
  /** It was there, and went away. */
  | 'lost'
  | 'unknown';

export type DeviceKind = 'camera' | 'microphone';

export interface DeviceView {
  track: MediaStreamTrack | null;
  fault: MediaFault | null;
  /** Whether the browser is asking or the hardware starting. */
  opening: boolean;
}

/** What is used of the browser, so that tests can bring their own. */
export interface MediaSource {
  getUserMedia?: (constraints: MediaStreamConstraints) => Promise<MediaStream>;
  /** `granted`, `denied`, `prompt`, or null where the browser does not tell. */
  permission: (kind: DeviceKind) => Promise<PermissionState | null>;
  secure: boolean;
  onDeviceChange: (hear: () => void) => () => void;
  cores: number;
}

const TRACK_KIND = { camera: 'video', microphone: 'audio' } as const;

/** The fault behind an error of getUserMedia; `permission` is what the browser says of that device, null if nothing. */
export function classify(error: unknown, permission: PermissionState | null): MediaFault {
  const { name, message } = asNamed(error);
  switch (name) {
    case 'NotAllowedError':
    case 'PermissionDeniedError':
      if (/system/i.test(message)) return 'system';
      if (/dismissed/i.test(message)) return 'dismissed';
      return permission === 'prompt' ? 'dismissed' : 'denied';
    case 'NotFoundError':
    case 'DevicesNotFoundError':
    case 'OverconstrainedError':
      return 'not-found';
    case 'NotReadableError':
    case 'TrackStartError':
    case 'AbortError':
      return 'busy';
    case 'SecurityError':
      return 'insecure';
    case 'TypeError':
    case 'NotSupportedError':
      return 'unsupported';
    default:
      return 'unknown';
  }
}

/** Owns the person's own tracks; says so when one comes, goes or fails. */
export class Devices {
  readonly camera: DeviceView = { track: null, fault: null, opening: false };
  readonly microphone: DeviceView = { track: null, fault: null, opening: false };
  private readonly listeners = new Set<() => void>();
  private readonly stopWatching: () => void;

  constructor(private readonly source: MediaSource = browserSource()) {
    this.stopWatching = source.onDeviceChange(() => void this.lookAgain());
  }

  /** Hear of every change; gives back how to stop. */
  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Ask for what is missing of `kinds`: in one question if the browser allows, else each by itself. Never throws. */
  async open(kinds: DeviceKind[] = ['camera', 'microphone']): Promise<void> {
    const missing = kinds.filter((kind) => !this.isLive(kind) && !this[kind].opening);
    if (!missing.length) return;
    for (const kind of missing) Object.assign(this[kind], { opening: true, fault: null });
    this.tell();
    const apart = await this.openTogether(missing);
    for (const kind of apart) await this.openAlone(kind);
    for (const kind of missing) this[kind].opening = false;
    this.tell();
  }

  /** Let go of a device, so that its light goes out. */
  close(kind: DeviceKind): void {
    const view = this[kind];
    if (view.track) {
      view.track.onended = null;
      view.track.stop();
    }
    Object.assign(view, { track: null, fault: null });
    this.tell();
  }

  /** Let go of both and stop watching. */
  closeAll(): void {
    this.stopWatching();
    this.close('camera');
    this.close('microphone');
  }

  isLive(kind: DeviceKind): boolean {
    return this[kind].track?.readyState === 'live';
  }

  /** After sleep some phones leave a track that is live and silent; open such ones anew. */
  async revive(): Promise<void> {
    const asleep = (['camera', 'microphone'] as const).filter((kind) => this[kind].track && (this[kind].track.muted || !this.isLive(kind)));
    for (const kind of asleep) this.close(kind);
    if (asleep.length) await this.open(asleep);
  }

  /** Opens all of `kinds` in one question; gives back those to try one by one. */
  private async openTogether(kinds: DeviceKind[]): Promise<DeviceKind[]> {
    if (!this.source.secure || !this.source.getUserMedia) {
      for (const kind of kinds) this[kind].fault = this.source.secure ? 'unsupported' : 'insecure';
      return [];
    }
    if (kinds.length === 1) return kinds;
    try {
      const stream = await this.source.getUserMedia(this.constraints(kinds));
      for (const kind of kinds) this.take(kind, stream);
      return [];
    } catch (error) {
      return this.afterRefusal(kinds, error);
    }
  }

  /** A refusal of the pair may be about one device only: who else could still be opened is asked alone. */
  private async afterRefusal(kinds: DeviceKind[], error: unknown): Promise<DeviceKind[]> {
    const faults = await Promise.all(kinds.map(async (kind) => ({ kind, permission: await this.source.permission(kind) })));
    const isRefusal = asNamed(error).name === 'NotAllowedError' && classify(error, null) !== 'system';
    if (!isRefusal) return kinds;
    const someDenied = faults.some((fault) => fault.permission === 'denied');
    const apart: DeviceKind[] = [];
    for (const { kind, permission } of faults) {
      const mayAsk = permission === 'granted' || permission === null || (permission === 'prompt' && someDenied);
      if (mayAsk) apart.push(kind);
      else this[kind].fault = classify(error, permission);
    }
    return apart;
  }

  private async openAlone(kind: DeviceKind): Promise<void> {
    try {
      const stream = await this.source.getUserMedia!(this.constraints([kind]));
      this.take(kind, stream);
    } catch (error) {
      const tooPicky = asNamed(error).name === 'OverconstrainedError';
      if (tooPicky && (await this.openPlain(kind))) return;
      this[kind].fault = classify(error, await this.source.permission(kind));
    }
  }

  private async openPlain(kind: DeviceKind): Promise<boolean> {
    try {
      this.take(kind, await this.source.getUserMedia!({ [TRACK_KIND[kind]]: true }));
      return true;
    } catch {
      return false;
    }
  }

  private take(kind: DeviceKind, stream: MediaStream): void {
    const view = this[kind];
    const track = stream.getTracks().find((one) => one.kind === TRACK_KIND[kind]);
    if (!track) {
      view.fault = 'not-found';
      return;
    }
    view.track = track;
    view.fault = null;
    track.onended = () => {
      if (view.track !== track) return;
      Object.assign(view, { track: null, fault: 'lost' });
      this.tell();
      void this.open([kind]);
    };
    track.onmute = track.onunmute = () => this.tell();
  }

  private async lookAgain(): Promise<void> {
    const gone = (['camera', 'microphone'] as const).filter((kind) => this[kind].fault === 'lost' || this[kind].fault === 'not-found');
    if (gone.length) await this.open(gone);
  }

  private constraints(kinds: DeviceKind[]): MediaStreamConstraints {
    // Encoding 720p besides the page needs more than two cores.
    const [width, height] = this.source.cores >= 4 ? [1280, 720] : [640, 480];
    const video = { facingMode: 'user', width: { ideal: width }, height: { ideal: height } };
    const audio = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
    return { video: kinds.includes('camera') ? video : false, audio: kinds.includes('microphone') ? audio : false };
  }

  private tell(): void {
    for (const listener of [...this.listeners]) listener();
  }
}

function asNamed(error: unknown): { name: string; message: string } {
  const given = (error ?? {}) as { name?: unknown; message?: unknown };
  return { name: String(given.name ?? ''), message: String(given.message ?? '') };
}

function browserSource(): MediaSource {
  const media = navigator.mediaDevices as MediaDevices | undefined;
  const source: MediaSource = {
    permission: async (kind) => {
      try {
        return (await navigator.permissions.query({ name: kind as PermissionName })).state;
      } catch {
        return null;
      }
    },
    secure: window.isSecureContext,
    onDeviceChange: (hear) => {
      media?.addEventListener?.('devicechange', hear);
      return () => media?.removeEventListener?.('devicechange', hear);
    },
    cores: navigator.hardwareConcurrency || 4,
  };
  if (media?.getUserMedia) source.getUserMedia = (constraints) => media.getUserMedia(constraints);
  return source;
}
