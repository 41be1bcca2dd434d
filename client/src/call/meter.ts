/** How loud the microphone is, several times a second; and the tone that tests the speaker. */

type AudioContextMaker = new () => AudioContext;

let shared: AudioContext | null = null;

/** One context for the page: phones allow few. Null where the browser has none. */
export function audioContext(): AudioContext | null {
  const Maker = (window.AudioContext ?? (window as { webkitAudioContext?: AudioContextMaker }).webkitAudioContext) as AudioContextMaker | undefined;
  if (!shared && Maker) shared = new Maker();
  return shared;
}

/** Browsers start sound only at a touch; call from any press. */
export function wakeAudio(): void {
  if (shared?.state === 'suspended') void shared.resume().catch(() => undefined);
}

const EVERY_MS = 80;
// Speech an arm's length away measures 0.05 to 0.3; the room's noise stays under 0.01.
const LOUD = 0.25;

/** Follows one microphone's level, 0 to 1. */
export class Meter {
  /** Whether anything at all was heard since it began; stays false while the browser holds sound back. */
  heard = false;
  private source: MediaStreamAudioSourceNode | null = null;
  private analyser: AnalyserNode | null = null;
  private timer: ReturnType<typeof setInterval> | undefined;
  private followed: MediaStreamTrack | null = null;

  constructor(private readonly onLevel: (level: number) => void) {}

  /** Whether levels can be measured now. */
  get works(): boolean {
    return this.analyser?.context.state === 'running';
  }

  /** Follow `track` from now on; null stops. */
  follow(track: MediaStreamTrack | null): void {
    if (track === this.followed) return;
    this.stop();
    const context = track ? audioContext() : null;
    if (!track || !context) return;
    wakeAudio();
    this.followed = track;
    this.source = context.createMediaStreamSource(new MediaStream([track]));
    this.analyser = context.createAnalyser();
    this.analyser.fftSize = 512;
    this.source.connect(this.analyser);
    this.timer = setInterval(() => this.read(), EVERY_MS);
  }

  stop(): void {
    clearInterval(this.timer);
    this.source?.disconnect();
    this.source = this.analyser = this.followed = null;
    this.onLevel(0);
  }

  private read(): void {
    if (!this.analyser) return;
    const samples = new Uint8Array(this.analyser.fftSize);
    this.analyser.getByteTimeDomainData(samples);
    const level = loudness(samples);
    if (level > 0.02) this.heard = true;
    this.onLevel(level);
  }
}

/** Root mean square of samples around 128, scaled so that a clear voice is near 1. */
export function loudness(samples: Uint8Array): number {
  let sum = 0;
  for (const sample of samples) sum += ((sample - 128) / 128) ** 2;
  return Math.min(1, Math.sqrt(sum / Math.max(1, samples.length)) / LOUD);
}

/** Three soft notes, upwards; gives back whether the browser played them. */
export async function playTone(): Promise<boolean> {
  const context = audioContext();
  if (!context) return false;
  await context.resume().catch(() => undefined);
  if (context.state !== 'running') return false;
  [523, 659, 784].forEach((pitch, place) => note(context, pitch, context.currentTime + place * 0.35));
  return true;
}

/** One soft note at a time of the context. */
export function note(context: AudioContext, pitch: number, at: number): void {
  const tone = context.createOscillator();
  const loud = context.createGain();
  tone.frequency.value = pitch;
  loud.gain.setValueAtTime(0, at);
  loud.gain.linearRampToValueAtTime(0.3, at + 0.05);
  loud.gain.exponentialRampToValueAtTime(0.001, at + 0.6);
  tone.connect(loud).connect(context.destination);
  tone.start(at);
  tone.stop(at + 0.65);
}
