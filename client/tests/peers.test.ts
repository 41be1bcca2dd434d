import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { fingerprint } from '../src/call/peer';
import { Peers } from '../src/call/peers';
import type { SignalData } from '../src/protocol/messages';
import { FakeConnection, FakeTrack } from './fake-rtc';

interface Page {
  peers: Peers;
  connections: FakeConnection[];
  sent: SignalData[];
}

/** Pages of one room; what one sends the other hears a moment later, unless the line is cut. */
class Room {
  cut = false;
  private readonly pages = new Map<string, Page>();

  enter(self: string, listed: string[]): Page {
    const connections: FakeConnection[] = [];
    const sent: SignalData[] = [];
    const details = { self, ice_servers: [], relay_only: false, peers: listed.map((peer) => ({ peer, role: 'patient' as const })) };
    const peers = new Peers({
      details,
      send: (to, data) => {
        sent.push(data);
        if (!this.cut) queueMicrotask(() => void this.pages.get(to)?.peers.take(self, data));
        return !this.cut;
      },
      onChange: () => undefined,
      onTrack: () => undefined,
      makeConnection: (configuration) => {
        const made = new FakeConnection(configuration);
        connections.push(made);
        return made as unknown as RTCPeerConnection;
      },
    });
    const page = { peers, connections, sent };
    this.pages.set(self, page);
    peers.reconcile(details);
    return page;
  }
}

const settle = (): Promise<unknown> => vi.advanceTimersByTimeAsync(10);
const last = (page: Page): FakeConnection => page.connections.at(-1)!;

function expectPaired(one: Page, two: Page): void {
  expect(last(one).signalingState).toBe('stable');
  expect(last(two).signalingState).toBe('stable');
  expect(fingerprint(last(one).remoteDescription!.sdp)).toBe(fingerprint(last(two).localDescription!.sdp));
  expect(fingerprint(last(two).remoteDescription!.sdp)).toBe(fingerprint(last(one).localDescription!.sdp));
  expect(last(one).getTransceivers().map((line) => line.kind)).toEqual(['audio', 'video']);
  expect(last(two).getTransceivers().map((line) => line.kind)).toEqual(['audio', 'video']);
}

async function aPair(): Promise<{ room: Room; one: Page; two: Page }> {
  const room = new Room();
  const one = room.enter('p_1', []);
  const two = room.enter('p_2', ['p_1']);
  await settle();
  for (const page of [one, two]) last(page).become('connected');
  return { room, one, two };
}

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

describe('the mesh', () => {
  it('the newcomer offers, and both have one line for sound and one for picture', async () => {
    const { one, two } = await aPair();

    expectPaired(one, two);
    expect(two.sent.some((data) => 'description' in data && data.description.type === 'offer')).toBe(true);
    expect(one.sent.every((data) => !('description' in data) || data.description.type === 'answer')).toBe(true);
  });

  it('when both offer at once, one gives way and no line is left over', async () => {
    const room = new Room();
    const one = room.enter('p_1', ['p_2']);
    const two = room.enter('p_2', ['p_1']);
    await settle();

    expectPaired(one, two);
  });

  it('when both offer and the one that stands was lost, it is said again at once', async () => {
    const room = new Room();
    room.cut = true;
    const two = room.enter('p_2', ['p_1']);
    await settle();

    room.cut = false;
    const one = room.enter('p_1', ['p_2']);
    await settle();

    expectPaired(one, two);
  });

  it('candidates that come before the offer is answered are kept in order', async () => {
    const room = new Room();
    const one = room.enter('p_1', []);
    room.cut = true;
    const two = room.enter('p_2', ['p_1']);
    await settle();
    const offer = two.sent.find((data) => 'description' in data)!;

    void one.peers.take('p_2', { candidate: { candidate: 'a' } });
    void one.peers.take('p_2', { candidate: null });
    await one.peers.take('p_2', offer);
    await one.peers.take('p_2', { candidate: { candidate: 'b' } });

    expect(last(one).candidates).toEqual([{ candidate: 'a' }, { candidate: 'b' }]);
  });

  it('trickles each candidate as it is found', async () => {
    const { one, two } = await aPair();

    last(two).find('host');
    await settle();

    expect(last(one).candidates).toEqual([{ candidate: 'host' }]);
  });

  it('an offer that was lost is sent again', async () => {
    const room = new Room();
    const one = room.enter('p_1', []);
    room.cut = true;
    const two = room.enter('p_2', ['p_1']);
    await settle();

    room.cut = false;
    await vi.advanceTimersByTimeAsync(4_000);

    expectPaired(one, two);
  });

  it('a connection lives through the loss of the socket: nothing is negotiated when it is back', async () => {
    const { one, two } = await aPair();
    const before = [one.sent.length, two.sent.length];

    one.peers.reconcile({ self: 'p_1', ice_servers: [], relay_only: false, peers: [{ peer: 'p_2', role: 'patient' }] });
    two.peers.reconcile({ self: 'p_2', ice_servers: [], relay_only: false, peers: [] });
    await vi.advanceTimersByTimeAsync(10_000);

    expect([one.sent.length, two.sent.length]).toEqual(before);
    expect(two.peers.get('p_1')?.state).toBe('connected');
  });

  it('ICE is restarted when the network is gone for two seconds, not sooner', async () => {
    const { two } = await aPair();

    last(two).become('disconnected');
    expect(two.peers.get('p_1')?.state).toBe('reconnecting');
    await vi.advanceTimersByTimeAsync(1_500);
    expect(last(two).restarts).toBe(0);
    await vi.advanceTimersByTimeAsync(600);

    expect(last(two).restarts).toBe(1);
  });

  it('ICE is restarted at once on failure, on the same connection', async () => {
    const { one, two } = await aPair();

    last(one).become('failed');
    await settle();

    expect(last(one).restarts).toBe(1);
    expect([one.connections.length, two.connections.length]).toEqual([1, 1]);
    expectPaired(one, two);
  });

  it('restarts on both sides at once settle', async () => {
    const { one, two } = await aPair();

    last(one).become('failed');
    last(two).become('failed');
    await settle();

    expectPaired(one, two);
  });

  it('after three restarts in vain it begins anew', async () => {
    const { one, two } = await aPair();

    for (let round = 0; round < 4; round += 1) {
      last(one).become('failed');
      await settle();
    }

    expect([one.connections.length, two.connections.length]).toEqual([2, 2]);
    expectPaired(one, two);
  });

  it('four people are six pairs, and who comes again or leaves touches their own pairs only', async () => {
    const names = ['p_1', 'p_2', 'p_3', 'p_4'];
    const room = new Room();
    const pages = new Map<string, Page>();
    for (const [at, name] of names.entries()) {
      pages.set(name, room.enter(name, names.slice(0, at)));
      await settle();
    }
    const pairOf = (one: string, two: string): [FakeConnection, FakeConnection] => [pages.get(one)!.peers.get(two)!.connection, pages.get(two)!.peers.get(one)!.connection].map((made) => made as unknown as FakeConnection) as [FakeConnection, FakeConnection];
    const meets = (one: string, two: string): boolean => {
      const [here, there] = pairOf(one, two);
      return here.signalingState === 'stable' && fingerprint(here.remoteDescription!.sdp) === fingerprint(there.localDescription!.sdp);
    };
    const pairs = names.flatMap((one, at) => names.slice(at + 1).map((two) => [one, two] as const));
    expect(pairs.filter(([one, two]) => meets(one, two))).toHaveLength(6);
    for (const page of pages.values()) for (const made of page.connections) made.become('connected');
    const others = pairs.filter((pair) => !pair.includes('p_3'));
    const before = others.flatMap(([one, two]) => pairOf(one, two));

    pages.get('p_3')!.peers.close();
    pages.set('p_3', room.enter('p_3', ['p_1', 'p_2', 'p_4']));
    await settle();

    expect(others.flatMap(([one, two]) => pairOf(one, two))).toEqual(before);
    expect(pairs.filter(([one, two]) => meets(one, two))).toHaveLength(6);
    for (const name of ['p_1', 'p_2', 'p_4']) pages.get(name)!.peers.remove('p_3');
    expect(others.flatMap(([one, two]) => pairOf(one, two)).every((made) => made.connectionState === 'connected' && !made.closed)).toBe(true);
  });

  it('a page that was loaded again gets a connection of its own', async () => {
    const { room, one } = await aPair();

    const again = room.enter('p_2', ['p_1']);
    await settle();

    expect(one.connections).toHaveLength(2);
    expect(one.connections[0]?.closed).toBe(true);
    expectPaired(one, again);
  });

  it('what is shown changes without negotiation', async () => {
    const { one } = await aPair();
    const before = one.sent.length;
    const [audio, video] = [new FakeTrack('audio'), new FakeTrack('video')];

    await one.peers.show({ audio, video } as never, { camera: true, microphone: true, screen: false });
    await settle();

    expect(last(one).getTransceivers().map((line) => line.sender.track)).toEqual([audio, video]);
    expect(one.sent).toHaveLength(before);
  });

  it('four people have six connections', async () => {
    const room = new Room();
    const pages: Page[] = [];
    for (const self of ['p_1', 'p_2', 'p_3', 'p_4']) {
      pages.push(room.enter(self, pages.map((_, place) => `p_${place + 1}`)));
      await settle();
    }

    expect(pages.map((page) => page.peers.all().length)).toEqual([3, 3, 3, 3]);
    expect(pages.flatMap((page) => page.connections)).toHaveLength(12);
  });

  it('who left is let go', async () => {
    const { one } = await aPair();

    one.peers.remove('p_2');

    expect([last(one).closed, one.peers.all().length]).toEqual([true, 0]);
  });

  it('uses the relay only where addresses are protected', () => {
    const peers = new Peers({
      details: { self: 'p_1', ice_servers: [{ urls: ['turn:relay'] }], relay_only: true, peers: [] },
      send: () => true,
      onChange: () => undefined,
      onTrack: () => undefined,
      makeConnection: (configuration) => new FakeConnection(configuration) as unknown as RTCPeerConnection,
    });

    peers.add('p_2', 'patient');

    expect(FakeConnection.all.at(-1)?.configuration).toMatchObject({ iceTransportPolicy: 'relay', iceServers: [{ urls: ['turn:relay'] }] });
  });
});
