import { describe, expect, it } from 'vitest';
import { classify, Devices, type DeviceKind, type MediaSource } from '../src/call/media';
import { FakeTrack } from './fake-rtc';

const fault = (name: string, message = ''): Error => Object.assign(new Error(message), { name });

interface Setting {
  /** What getUserMedia throws for both, for sound alone, for picture alone; null gives tracks. */
  both?: Error | null;
  audio?: Error | null;
  video?: Error | null;
  permission?: Partial<Record<DeviceKind, PermissionState>>;
  secure?: boolean;
  absent?: boolean;
}

function devicesOf(setting: Setting): { devices: Devices; asked: string[]; plug: () => void; tracks: FakeTrack[] } {
  const asked: string[] = [];
  const tracks: FakeTrack[] = [];
  let plugged: () => void = () => undefined;
  const source: MediaSource = {
    permission: async (kind) => setting.permission?.[kind] ?? null,
    secure: setting.secure ?? true,
    onDeviceChange: (hear) => ((plugged = hear), () => undefined),
    cores: 8,
  };
  if (!setting.absent) {
    source.getUserMedia = async ({ audio, video }) => {
      const what = audio && video ? 'both' : audio ? 'audio' : 'video';
      asked.push(what);
      const error = setting[what];
      if (error) throw error;
      const made = [...(audio ? [new FakeTrack('audio')] : []), ...(video ? [new FakeTrack('video')] : [])];
      tracks.push(...made);
      return { getTracks: () => made } as unknown as MediaStream;
    };
  }
  return { devices: new Devices(source), asked, plug: () => plugged(), tracks };
}

describe('faults of devices', () => {
  it.each([
    ['NotAllowedError', 'Permission denied', 'denied', 'denied'],
    ['NotAllowedError', 'Permission dismissed', null, 'dismissed'],
    ['NotAllowedError', 'The request is not allowed', 'prompt', 'dismissed'],
    ['NotAllowedError', 'Permission denied by system', 'granted', 'system'],
    ['NotFoundError', '', null, 'not-found'],
    ['NotReadableError', 'Could not start video source', 'granted', 'busy'],
    ['AbortError', 'Starting videoinput failed', null, 'busy'],
    ['OverconstrainedError', '', null, 'not-found'],
    ['SecurityError', '', null, 'insecure'],
    ['TypeError', '', null, 'unsupported'],
    ['SomethingNew', '', null, 'unknown'],
  ] as const)('%s "%s" (permission %s) is %s', (name, message, permission, expected) => {
    expect(classify(fault(name, message), permission)).toBe(expected);
  });

  it('anything thrown is classified', () => {
    expect(classify(undefined, null)).toBe('unknown');
  });
});

describe('devices', () => {
  it('both come in one question', async () => {
    const { devices, asked } = devicesOf({});

    await devices.open();

    expect(asked).toEqual(['both']);
    expect([devices.isLive('camera'), devices.isLive('microphone')]).toEqual([true, true]);
  });

  it('without a camera the microphone still opens', async () => {
    const missing = fault('NotFoundError');
    const { devices } = devicesOf({ both: missing, video: missing });

    await devices.open();

    expect([devices.camera.fault, devices.microphone.fault, devices.isLive('microphone')]).toEqual(['not-found', null, true]);
  });

  it('a camera that another app holds does not silence the microphone', async () => {
    const busy = fault('NotReadableError');
    const { devices } = devicesOf({ both: busy, video: busy });

    await devices.open();

    expect([devices.camera.fault, devices.isLive('microphone')]).toEqual(['busy', true]);
  });

  it('who said no to both is not asked again', async () => {
    const { devices, asked } = devicesOf({ both: fault('NotAllowedError', 'Permission denied'), permission: { camera: 'denied', microphone: 'denied' } });

    await devices.open();

    expect(asked).toEqual(['both']);
    expect([devices.camera.fault, devices.microphone.fault]).toEqual(['denied', 'denied']);
  });

  it('who blocked the camera only is still asked for the microphone', async () => {
    const { devices, asked } = devicesOf({ both: fault('NotAllowedError'), permission: { camera: 'denied', microphone: 'prompt' } });

    await devices.open();

    expect(asked).toEqual(['both', 'audio']);
    expect([devices.camera.fault, devices.isLive('microphone')]).toEqual(['denied', true]);
  });

  it('who closed the question is told so, and not asked at once again', async () => {
    const { devices, asked } = devicesOf({ both: fault('NotAllowedError', 'Permission dismissed'), permission: { camera: 'prompt', microphone: 'prompt' } });

    await devices.open();

    expect(asked).toEqual(['both']);
    expect([devices.camera.fault, devices.microphone.fault]).toEqual(['dismissed', 'dismissed']);
  });

  it.each([[{ secure: false }, 'insecure'], [{ absent: true }, 'unsupported']] as const)('%j is %s', async (setting, expected) => {
    const { devices } = devicesOf(setting);

    await devices.open();

    expect([devices.camera.fault, devices.microphone.fault]).toEqual([expected, expected]);
  });

  it('a device that went away is opened again when it is back', async () => {
    const setting: Setting = {};
    const { devices, plug, tracks } = devicesOf(setting);
    await devices.open();
    const camera = tracks.find((track) => track.kind === 'video')!;

    setting.video = fault('NotFoundError');
    camera.stop();
    camera.onended?.({});
    await Promise.resolve();
    await new Promise((resolve) => setTimeout(resolve));
    expect(devices.camera.fault).toBe('not-found');
    setting.video = null;
    plug();
    await new Promise((resolve) => setTimeout(resolve));

    expect(devices.isLive('camera')).toBe(true);
  });

  it('what is open already is not asked for again', async () => {
    const { devices, asked } = devicesOf({});
    await devices.open();

    await devices.open();

    expect(asked).toEqual(['both']);
  });
});
