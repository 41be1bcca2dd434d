import { beforeEach, describe, expect, it } from 'vitest';
import { patientWire, staffWire, type RoomEvent } from '../src/call/wire';
import { isWeak } from '../src/call/quality';
import { parsePatient, parseStaff, type PatientMessage, type PatientSays, type StaffMessage, type StaffSays } from '../src/protocol/messages';
import { HousecallSocket } from '../src/protocol/socket';
import { FakeWire } from './fake-wire';

const ADMITTED = { type: 'admitted', self: 'p_1', ice_servers: [], relay_only: false, peers: [] } as const;
const said = (): unknown[] => FakeWire.last.sent.map((message) => message['type']).filter((type) => type !== 'hello');

beforeEach(() => {
  FakeWire.made = [];
});

describe("the patient's wire", () => {
  function opened(): HousecallSocket<PatientMessage, PatientSays> {
    const socket = new HousecallSocket<PatientMessage, PatientSays>({ url: 'ws://x', parse: parsePatient, open: (url, protocol) => new FakeWire(url, protocol) });
    socket.connect();
    FakeWire.last.accept();
    return socket;
  }

  it('answers the admission that opened it at once, and its echo not again', () => {
    const heard: RoomEvent[] = [];
    patientWire(opened(), { ...ADMITTED, ice_servers: [], peers: [] }).listen((event) => heard.push(event));

    FakeWire.last.hear(ADMITTED);

    expect(said()).toEqual(['joined']);
    expect(heard.map((event) => event.type)).toEqual(['room', 'room']);
  });

  it('joins again on a new socket', () => {
    const socket = opened();
    patientWire(socket, { ...ADMITTED, ice_servers: [], peers: [] }).listen(() => undefined);
    FakeWire.last.drop(1006);

    socket.nudge();
    FakeWire.last.accept();
    FakeWire.last.hear(ADMITTED);

    expect(said()).toEqual(['joined']);
    socket.close();
  });
});

describe("a clinician's wire", () => {
  function opened(): HousecallSocket<StaffMessage, StaffSays> {
    const socket = new HousecallSocket<StaffMessage, StaffSays>({ url: 'ws://x', parse: parseStaff, open: (url, protocol) => new FakeWire(url, protocol) });
    socket.connect();
    FakeWire.last.accept();
    return socket;
  }

  it('hears of its own visit only', () => {
    const heard: RoomEvent[] = [];
    staffWire(opened(), 'v_1').listen((event) => heard.push(event));

    FakeWire.last.hear({ type: 'peer-left', visit: 'v_2', peer: 'p_9' });
    FakeWire.last.hear({ type: 'peer-left', visit: 'v_1', peer: 'p_1' });

    expect(heard).toEqual([{ type: 'peer-left', visit: 'v_1', peer: 'p_1' }]);
  });

  it('joins again after a loss while in the call, and not after leaving it', () => {
    const socket = opened();
    const wire = staffWire(socket, 'v_1');
    wire.listen(() => undefined);
    wire.join();
    FakeWire.last.drop(1006);
    socket.nudge();
    FakeWire.last.accept();
    expect(said()).toEqual(['join']);

    wire.leave();
    FakeWire.last.drop(1006);
    socket.nudge();
    FakeWire.last.accept();

    expect(said()).toEqual([]);
    socket.close();
  });
});

describe('a weak connection', () => {
  it.each([
    [{ lost: 0, received: 0, rttMs: 700 }, undefined, true],
    [{ lost: 50, received: 500, rttMs: 50 }, undefined, false],
    [{ lost: 20, received: 200, rttMs: 50 }, { lost: 10, received: 110, rttMs: 50 }, true],
    [{ lost: 12, received: 200, rttMs: 50 }, { lost: 10, received: 100, rttMs: 50 }, false],
    [{ lost: 5, received: 105, rttMs: 50 }, { lost: 10, received: 100, rttMs: 50 }, false],
  ])('%j after %j: %s', (now, before, expected) => {
    expect(isWeak(now, before)).toBe(expected);
  });
});
