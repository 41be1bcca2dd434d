import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { RoomEvent } from '../src/call/wire';
import { Calling, type CallHooks } from '../src/pages/panel/calling';
import { parseStaff, type StaffMessage, type StaffSays } from '../src/protocol/messages';
import { HousecallSocket } from '../src/protocol/socket';
import { FakeWire } from './fake-wire';
import { aVisit } from './panel-visit';

const ROOM = { type: 'room', visit: 'v_1', self: 'p_9', ice_servers: [], relay_only: false, peers: [] };
const said = (): unknown[] => FakeWire.last.sent.map((message) => message['type']).filter((type) => type !== 'hello');

/** A panel's part in a call, on a fake socket, with a call that is not drawn. */
function aCalling() {
  const socket = new HousecallSocket<StaffMessage, StaffSays>({ url: 'ws://x', parse: parseStaff, open: (url, protocol) => new FakeWire(url, protocol) });
  socket.connect();
  FakeWire.last.accept();
  const devices = { open: vi.fn(async () => undefined), close: vi.fn(), onChange: () => () => undefined };
  const pane = { hold: vi.fn(), close: vi.fn() };
  const heard: RoomEvent[] = [];
  const sentences: string[] = [];
  let hooks: CallHooks = { onLeave: () => undefined, onOver: () => undefined };
  const calling = new Calling('v_1', {
    socket,
    devices,
    open: (wire, given) => {
      hooks = given;
      wire.listen((event) => heard.push(event));
      wire.join();
      return pane;
    },
    onChange: () => undefined,
    onDevices: () => undefined,
    say: (sentence) => sentences.push(sentence),
  });
  return { socket, calling, devices, pane, heard, sentences, hooks: () => hooks };
}

beforeEach(() => {
  FakeWire.made = [];
});

describe('a call on the panel', () => {
  it('is entered at once, camera and microphone opening meanwhile', () => {
    const { calling, devices } = aCalling();

    calling.join();
    calling.join();

    expect(said()).toEqual(['join']);
    expect(devices.open).toHaveBeenCalledTimes(1);
    expect(calling.isIn).toBe(true);
  });

  it('is entered again after the socket was lost, and the media is left alone', () => {
    const { socket, calling, pane, heard } = aCalling();
    calling.join();
    FakeWire.last.hear(ROOM);
    FakeWire.last.drop(1012);

    socket.nudge();
    FakeWire.last.accept();
    FakeWire.last.hear({ ...ROOM, peers: [{ peer: 'p_1', role: 'patient' }] });

    expect(said()).toEqual(['join']);
    expect(heard.map((event) => event.type)).toEqual(['room', 'link', 'link', 'room']);
    expect(pane.close).not.toHaveBeenCalled();
    socket.close();
  });

  it('that is refused is closed, with the reason said and the camera let go', () => {
    const { calling, pane, devices, sentences } = aCalling();
    calling.join();

    FakeWire.last.hear({ type: 'error', code: 'visits.room_full', sentence: 'No more people fit into this room.' });

    expect([calling.isIn, sentences]).toEqual([false, ['No more people fit into this room.']]);
    expect(pane.close).toHaveBeenCalled();
    expect(devices.close.mock.calls.flat()).toEqual(['camera', 'microphone']);
  });

  it('that is refused on the way back is closed as well', () => {
    const { socket, calling, sentences } = aCalling();
    calling.join();
    FakeWire.last.hear(ROOM);
    FakeWire.last.drop(1006);
    socket.nudge();
    FakeWire.last.accept();

    FakeWire.last.hear({ type: 'error', code: 'visits.visit_over', sentence: 'This visit is over.' });

    expect([calling.isIn, sentences]).toEqual([false, ['This visit is over.']]);
    socket.close();
  });

  it('goes on through errors that are not about entering', () => {
    const { calling, sentences } = aCalling();
    calling.join();

    FakeWire.last.hear({ type: 'error', code: 'realtime.peer_unknown', sentence: '…' });
    FakeWire.last.hear(ROOM);
    FakeWire.last.hear({ type: 'error', code: 'visits.visit_over', sentence: '…' });

    expect([calling.isIn, sentences]).toEqual([true, []]);
  });

  it('holds while the patient is on hold', () => {
    const { calling, pane } = aCalling();
    calling.join();

    calling.follow(aVisit({ state: 'in_progress', patient: { state: 'held' } }));
    calling.follow(aVisit({ state: 'in_progress', patient: { state: 'connected' } }));

    expect(pane.hold.mock.calls).toEqual([[true], [false]]);
  });

  it.each(['ended', 'cancelled'] as const)('is closed by a snapshot that says %s, where the word itself was missed', (state) => {
    const { calling, pane } = aCalling();
    calling.join();

    calling.follow(aVisit({ state }));

    expect(calling.isIn).toBe(false);
    expect(pane.close).toHaveBeenCalledTimes(1);
  });

  it('says where it went when another window took it', () => {
    const { calling, devices, sentences, hooks } = aCalling();
    calling.join();

    hooks().onOver('replaced');

    expect(calling.isIn).toBe(false);
    expect(sentences).toEqual(['You joined this visit in another window. The call goes on there.']);
    expect(devices.close).toHaveBeenCalledTimes(2);
  });

  it('that was left can be joined again', () => {
    const { calling, hooks } = aCalling();
    calling.join();

    hooks().onLeave();
    calling.join();

    expect(calling.isIn).toBe(true);
    expect(said()).toEqual(['join', 'join']);
  });
});
