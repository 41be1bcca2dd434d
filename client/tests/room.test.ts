import { describe, expect, it, vi } from 'vitest';
import type { Devices } from '../src/call/media';
import { Room } from '../src/call/room';
import { FakeTrack } from './fake-rtc';

/** Devices of which `missing` does not open until it is plugged in. */
function devicesOf(missing: string[] = []) {
  const view = { camera: { track: null as FakeTrack | null, fault: null }, microphone: { track: null as FakeTrack | null, fault: null } };
  const kinds = { camera: 'video', microphone: 'audio' } as const;
  const devices = {
    ...view,
    onChange: () => () => undefined,
    isLive: (kind: 'camera' | 'microphone') => view[kind].track !== null,
    open: vi.fn(async (asked: ('camera' | 'microphone')[]) => {
      for (const kind of asked) if (!missing.includes(kind)) view[kind].track ??= new FakeTrack(kinds[kind]);
    }),
    close: vi.fn((kind: 'camera' | 'microphone') => void (view[kind].track = null)),
  };
  return { devices, missing };
}

function roomWith(devices: unknown): Room {
  const wire = { join: () => undefined, leave: () => undefined, signal: () => true, listen: () => () => undefined };
  return new Room(wire, devices as Devices, { onChange: () => undefined, onTrack: () => undefined, onOver: () => undefined });
}

describe("one's own devices in a call", () => {
  it.each(['camera', 'microphone'] as const)('a press on a %s that is not there asks for it', async (kind) => {
    const { devices, missing } = devicesOf([kind]);
    const room = roomWith(devices);
    const press = () => (kind === 'camera' ? room.toggleCamera() : room.toggleMicrophone());
    await press();

    missing.length = 0;
    await press();

    expect(devices.open).toHaveBeenCalledTimes(2);
    expect([devices.isLive(kind), kind === 'camera' ? room.cameraOn : room.microphoneOn]).toEqual([true, true]);
  });

  it('a press on a live camera lets go of it, and the next opens it again', async () => {
    const { devices } = devicesOf();
    await devices.open(['camera', 'microphone']);
    const room = roomWith(devices);

    await room.toggleCamera();
    expect([room.cameraOn, devices.isLive('camera')]).toEqual([false, false]);
    await room.toggleCamera();

    expect([room.cameraOn, devices.isLive('camera')]).toEqual([true, true]);
  });

  it('a press on a live microphone mutes it and keeps it open', async () => {
    const { devices } = devicesOf();
    await devices.open(['microphone']);
    const room = roomWith(devices);

    await room.toggleMicrophone();

    expect([room.microphoneOn, devices.microphone.track?.enabled, devices.isLive('microphone')]).toEqual([false, false, true]);
  });

  it('nothing is heard of a microphone on hold', async () => {
    const { devices } = devicesOf();
    await devices.open(['microphone']);
    const room = roomWith(devices);

    room.hold(true);
    expect(devices.microphone.track?.enabled).toBe(false);
    room.hold(false);

    expect(devices.microphone.track?.enabled).toBe(true);
  });
});
