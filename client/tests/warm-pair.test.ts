import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { WarmGuest } from '../src/call/guest';
import { WarmHost } from '../src/call/host';
import { Peers } from '../src/call/peers';
import type { Outgoing, Peer } from '../src/call/peer';
import { parsePatient, parseStaff, type PatientMessage, type PatientSays, type SignalData, type StaffMessage, type StaffSays } from '../src/protocol/messages';
import { HousecallSocket } from '../src/protocol/socket';
import { FakeConnection, FakeTrack } from './fake-rtc';
import { FakeWire } from './fake-wire';
import { aVisit } from './panel-visit';

const WAITING = aVisit({ patient: { state: 'waiting', present: true } });
const ADMITTED = aVisit({ rev: 2, state: 'in_progress', patient: { state: 'admitted', present: true } });
const INVITED = { type: 'warm', warm: 'w_1', ice_servers: [{ urls: ['turn:x'], username: 'u', credential: 'c' }], relay_only: true };

const settle = (): Promise<unknown> => vi.advanceTimersByTimeAsync(10);
const make = (configuration: RTCConfiguration): RTCPeerConnection => new FakeConnection(configuration) as unknown as RTCPeerConnection;
const fake = (peer: Peer | null | undefined): FakeConnection => peer!.connection as unknown as FakeConnection;
const said = (wire: FakeWire): string[] => wire.sent.map((message) => String(message['type'])).filter((type) => type !== 'hello' && type !== 'ping');

/** Both ends, each on a socket of its own; what one sends the other hears, as the server passes it on. */
class Stage {
  readonly patientWire: FakeWire;
  readonly staffWire: FakeWire;
  readonly guest: WarmGuest;
  readonly host: WarmHost;

  constructor() {
    const open = (url: string, protocol: string): FakeWire => new FakeWire(url, protocol);
    const patient = new HousecallSocket<PatientMessage, PatientSays>({ url: 'ws://p', parse: parsePatient, open });
    const staff = new HousecallSocket<StaffMessage, StaffSays>({ url: 'ws://s', parse: parseStaff, open });
    this.guest = new WarmGuest(patient, { makeConnection: make });
    this.host = new WarmHost('v_1', staff, { makeConnection: make });
    patient.connect();
    this.patientWire = FakeWire.last;
    staff.connect();
    this.staffWire = FakeWire.last;
    for (const wire of [this.patientWire, this.staffWire]) wire.accept();
    this.pass(this.patientWire, this.staffWire, { visit: 'v_1' });
    this.pass(this.staffWire, this.patientWire, {});
    this.host.offered(true);
    this.host.looked(true);
    this.host.follow(WAITING);
  }

  private pass(from: FakeWire, to: FakeWire, more: object): void {
    const send = from.send.bind(from);
    from.send = (text) => {
      send(text);
      const message = JSON.parse(text) as { type: string; warm: string; data: unknown; n: number };
      if (message.type === 'ping') queueMicrotask(() => from.hear({ type: 'pong', n: message.n }));
      if (message.type === 'warm-signal') queueMicrotask(() => to.hear({ type: 'warm-signal', warm: message.warm, data: message.data, ...more }));
    };
  }

  /** The server took the ask: both ends are invited. */
  async invite(): Promise<void> {
    this.staffWire.hear({ ...INVITED, visit: 'v_1' });
    this.patientWire.hear(INVITED);
    await settle();
  }

  async up(): Promise<void> {
    await this.invite();
    for (const one of FakeConnection.all) one.become('connected');
  }
}

beforeEach(() => {
  vi.useFakeTimers();
  FakeWire.made = [];
  FakeConnection.all = [];
});
afterEach(() => vi.useRealTimers());

describe('the warm-up', () => {
  it('connects both ends through the relay only, with lines for sound and picture and nothing on them', async () => {
    const stage = new Stage();

    await stage.up();

    expect(said(stage.staffWire)[0]).toBe('warm');
    const [one, two] = FakeConnection.all;
    for (const end of [one!, two!]) {
      expect(end.configuration.iceTransportPolicy).toBe('relay');
      expect(end.signalingState).toBe('stable');
      expect(end.getTransceivers().map((line) => [line.kind, line.sender.track])).toEqual([['audio', null], ['video', null]]);
    }
  });

  it('is claimed by its name at the patient, and only while it stands', async () => {
    const stage = new Stage();
    await stage.invite();
    expect(stage.guest.claim('w_1')).toBeNull();

    for (const one of FakeConnection.all) one.become('connected');

    expect(stage.guest.claim('w_2')).toBeNull();
    expect(stage.guest.claim(undefined)).toBeNull();
    expect(stage.guest.claim('w_1')?.state).toBe('connected');
    expect(stage.guest.claim('w_1')).toBeNull();
  });

  it('carries what the patient sends from admission on, on the one that the server named', async () => {
    const stage = new Stage();
    await stage.up();
    const outgoing = { audio: new FakeTrack('audio'), video: new FakeTrack('video') } as unknown as Outgoing;
    const lines = (): (unknown)[] => FakeConnection.all[1]!.getTransceivers().map((line) => line.sender.track);

    stage.guest.begin('w_2', outgoing);
    await settle();
    expect(lines()).toEqual([null, null]);
    stage.guest.begin('w_1', outgoing);
    await settle();

    expect(lines()).toEqual([outgoing.audio, outgoing.video]);
  });

  it('once claimed, the clinician’s end takes nothing back', async () => {
    const stage = new Stage();
    await stage.up();

    const peer = stage.host.claim(undefined, false);
    stage.host.follow(ADMITTED);
    await vi.advanceTimersByTimeAsync(30_000);

    expect(fake(peer).closed).toBe(false);
    expect(said(stage.staffWire)).not.toContain('cool');
  });

  it('not used within ten seconds of admission it is let go', async () => {
    const stage = new Stage();
    await stage.up();

    stage.host.follow(ADMITTED);
    await vi.advanceTimersByTimeAsync(9_000);
    expect(said(stage.staffWire)).not.toContain('cool');
    await vi.advanceTimersByTimeAsync(2_000);

    expect(said(stage.staffWire)).toContain('cool');
    expect(stage.host.claim('w_1', true)).toBeNull();
  });

  it.each(['declined', 'left', 'held'] as const)('a patient who is %s has none', async (state) => {
    const stage = new Stage();
    await stage.up();

    stage.host.follow(aVisit({ rev: 2, patient: { state, present: true } }));
    stage.patientWire.hear({ type: 'state', seat: 's', rev: 2, visit_state: 'open', state, lobby: null, starts_at: '', opens_at: '', server_now: '' });

    expect(FakeConnection.all.every((one) => one.closed)).toBe(true);
    expect(said(stage.staffWire)).toContain('cool');
  });

  it('with the socket it is gone at both ends, and asked for again after the next welcome', async () => {
    const stage = new Stage();
    await stage.up();

    stage.patientWire.drop(1012);
    stage.staffWire.drop(1012);
    expect(FakeConnection.all.every((one) => one.closed)).toBe(true);
    await vi.advanceTimersByTimeAsync(3_000);
    FakeWire.last.accept();
    const wire = FakeWire.made.filter((one) => one.url === 'ws://s').at(-1)!;
    if (wire.readyState !== 1) wire.accept();
    expect(said(wire)).toEqual([]);
    stage.host.offered(true);

    expect(said(wire)).toEqual(['warm']);
  });

  it('one that breaks is told to the server, and a new one begins later', async () => {
    const stage = new Stage();
    await stage.up();

    for (const one of [...FakeConnection.all]) one.become('disconnected');
    expect(said(stage.patientWire).at(-1)).toBe('cool');
    expect(said(stage.staffWire).at(-1)).toBe('cool');
    await vi.advanceTimersByTimeAsync(16_000);

    expect(said(stage.staffWire).at(-1)).toBe('warm');
  });

  it('one that never comes up is given up', async () => {
    const stage = new Stage();
    await stage.invite();

    await vi.advanceTimersByTimeAsync(16_000);

    expect(FakeConnection.all.every((one) => one.closed)).toBe(true);
    expect(said(stage.patientWire)).toContain('cool');
  });

  it('when the server ends it, it begins anew while somebody looks', async () => {
    const stage = new Stage();
    await stage.up();

    stage.staffWire.hear({ type: 'cold', visit: 'v_1', warm: 'w_1' });
    stage.patientWire.hear({ type: 'cold', warm: 'w_1' });
    expect(FakeConnection.all.every((one) => one.closed)).toBe(true);
    await vi.advanceTimersByTimeAsync(1_100);

    expect(said(stage.staffWire)).toEqual(['warm', 'warm-signal', 'warm']);
  });

  it('nobody who looked away for a minute keeps it, and a glance elsewhere costs nothing', async () => {
    const stage = new Stage();
    await stage.up();

    stage.host.looked(false);
    await vi.advanceTimersByTimeAsync(30_000);
    stage.host.looked(true);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(said(stage.staffWire)).not.toContain('cool');
    stage.host.looked(false);
    await vi.advanceTimersByTimeAsync(61_000);

    expect(said(stage.staffWire)).toContain('cool');
  });

  it('where the server does not offer it, nothing is asked', async () => {
    const stage = new Stage();
    stage.host.close();
    FakeWire.made = [];
    const socket = new HousecallSocket<StaffMessage, StaffSays>({ url: 'ws://s', parse: parseStaff, open: (url, protocol) => new FakeWire(url, protocol) });
    socket.connect();
    FakeWire.last.accept();
    const host = new WarmHost('v_1', socket, { makeConnection: make });
    host.looked(true);
    host.follow(WAITING);
    host.offered(false);

    expect(said(FakeWire.last)).toEqual([]);
  });
});

describe('a warm connection in the room', () => {
  interface Page {
    peers: Peers;
    sent: SignalData[];
  }

  /** The two pages in the room; what they say to each other goes to the other, unless it waits in `sent`. */
  function meet(stage: Stage, claims: { patient: boolean; staff: boolean }): { patient: Page; staff: Page; camera: FakeTrack } {
    const camera = new FakeTrack('video');
    const pages: Record<string, Page> = {};
    const enter = (self: string, claimWarm: ConstructorParameters<typeof Peers>[0]['claimWarm']): Page => {
      const sent: SignalData[] = [];
      const details = { self, ice_servers: [], relay_only: true, peers: [] };
      const send = (to: string, data: SignalData): boolean => {
        sent.push(data);
        queueMicrotask(() => void pages[to]?.peers.take(self, data));
        return true;
      };
      const peers = new Peers({ details, send, onChange: () => undefined, onTrack: () => undefined, makeConnection: make, ...(claimWarm ? { claimWarm } : {}) });
      void peers.show({ audio: null, video: camera as unknown as MediaStreamTrack }, { camera: true, microphone: true, screen: false });
      pages[self] = { peers, sent };
      return pages[self]!;
    };
    const staff = enter('p_2', ({ warm }, isNamed) => (claims.staff ? stage.host.claim(warm, isNamed) : null));
    const patient = enter('p_1', ({ warm }) => (claims.patient ? stage.guest.claim(warm) : null));
    staff.peers.add('p_1', 'patient');
    patient.peers.reconcile({ self: 'p_1', ice_servers: [], relay_only: true, peers: [{ peer: 'p_2', role: 'clinician', warm: 'w_1' }] });
    return { patient, staff, camera };
  }

  const isPaired = (patient: Page, staff: Page): boolean => {
    const [one, two] = [fake(patient.peers.get('p_2')), fake(staff.peers.get('p_1'))];
    return one.remoteDescription?.sdp === two.localDescription?.sdp && two.remoteDescription?.sdp === one.localDescription?.sdp;
  };

  it('carries the picture without any negotiation after the press', async () => {
    const stage = new Stage();
    await stage.up();

    const { patient, staff, camera } = meet(stage, { patient: true, staff: true });
    await settle();

    expect(FakeConnection.all).toHaveLength(2);
    for (const page of [patient, staff]) expect(page.sent).toEqual([{ warm: 'w_1' }]);
    for (const end of FakeConnection.all) expect(end.getTransceivers()[1]!.sender.track).toBe(camera);
    expect(isPaired(patient, staff)).toBe(true);
  });

  it.each([
    { patient: false, staff: true },
    { patient: true, staff: false },
    { patient: false, staff: false },
  ])('where one side has it no more, both find each other the ordinary way: %o', async (claims) => {
    const stage = new Stage();
    await stage.up();

    const { patient, staff } = meet(stage, claims);
    await settle();

    const [one, two] = [fake(patient.peers.get('p_2')), fake(staff.peers.get('p_1'))];
    expect(isPaired(patient, staff)).toBe(true);
    expect([one.closed, two.closed]).toEqual([false, false]);
    expect(one.getTransceivers().map((line) => line.kind)).toEqual(['audio', 'video']);
    expect(one.signalingState).toBe('stable');
  });

  it('the clinician’s page that hears of it a moment late uses it all the same', async () => {
    const stage = new Stage();
    await stage.invite();
    FakeConnection.all.at(-1)!.become('connected');
    for (const one of FakeConnection.all) if (one.localDescription?.type === 'offer') one.become('connected');
    FakeConnection.all.find((one) => one.localDescription?.type === 'answer')!.connectionState = 'connecting';

    const { patient, staff } = meet(stage, { patient: true, staff: true });
    await settle();

    expect(isPaired(patient, staff)).toBe(true);
  });
});
