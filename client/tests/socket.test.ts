import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { parsePatient, type PatientMessage, type PatientSays } from '../src/protocol/messages';
import { HousecallSocket, SUBPROTOCOL } from '../src/protocol/socket';
import { FakeWire } from './fake-wire';

function aSocket(random = 1): HousecallSocket<PatientMessage, PatientSays> {
  return new HousecallSocket<PatientMessage, PatientSays>({
    url: 'ws://here/seat/s_1/socket', parse: parsePatient, tab: 'tab', random: () => random, open: (url, protocol) => new FakeWire(url, protocol),
  });
}

function connected(): HousecallSocket<PatientMessage, PatientSays> {
  const socket = aSocket();
  socket.connect();
  FakeWire.last.accept();
  FakeWire.last.hear({ type: 'pong', n: 0 });
  return socket;
}

beforeEach(() => {
  FakeWire.made = [];
  vi.useFakeTimers();
});
afterEach(() => vi.useRealTimers());

describe('the socket', () => {
  it('says hello first, in our own protocol, and says when it was here before', () => {
    const socket = connected();
    FakeWire.last.drop(1006);
    vi.advanceTimersByTime(250);
    FakeWire.last.accept();

    expect(FakeWire.last.protocol).toBe(SUBPROTOCOL);
    expect(FakeWire.made[0]?.sent[0]).toEqual({ type: 'hello', v: 1, tab: 'tab', resume: false });
    expect(FakeWire.made[1]?.sent[0]).toEqual({ type: 'hello', v: 1, tab: 'tab', resume: true });
    expect(socket.state).toBe('open');
  });

  it('waits longer after each failure, up to eight seconds', () => {
    const socket = aSocket();
    socket.connect();
    const waits = [250, 500, 1_000, 2_000, 4_000, 8_000, 8_000];

    for (const [before, wait] of waits.entries()) {
      FakeWire.last.drop(1006);
      vi.advanceTimersByTime(wait - 1);
      expect(FakeWire.made).toHaveLength(before + 1);
      vi.advanceTimersByTime(1);
      expect(FakeWire.made).toHaveLength(before + 2);
    }
  });

  it('spreads its return, so that a thousand pages do not come at once', () => {
    const socket = aSocket(0);
    socket.connect();

    FakeWire.last.drop(1006);
    vi.advanceTimersByTime(125);

    expect(FakeWire.made).toHaveLength(2);
  });

  it.each([[4401, 'not-signed-in'], [4409, 'replaced'], [4400, 'fault']] as const)('a close with %d ends it: %s', (code, ending) => {
    const socket = connected();

    FakeWire.last.drop(code);
    vi.advanceTimersByTime(60_000);

    expect([socket.state, socket.ending, FakeWire.made.length]).toEqual(['ended', ending, 1]);
  });

  it.each([1001, 1006, 1012, 4408, 4429, 1013])('a close with %d is come back from', (code) => {
    const socket = connected();

    FakeWire.last.drop(code);
    expect(socket.state).toBe('lost');
    vi.advanceTimersByTime(5_000);

    expect(FakeWire.made).toHaveLength(2);
  });

  it('moves when asked to, at the time asked for', () => {
    connected();

    FakeWire.last.hear({ type: 'moving', in_ms: 640 });
    vi.advanceTimersByTime(639);
    expect(FakeWire.made).toHaveLength(1);
    vi.advanceTimersByTime(1);

    expect(FakeWire.made).toHaveLength(2);
    expect(FakeWire.made[0]?.closedWith).toBeDefined();
  });

  it('notices a line that died without a word', async () => {
    const socket = connected();

    await vi.advanceTimersByTimeAsync(20_000);
    expect(FakeWire.last.sent.at(-1)).toEqual({ type: 'ping', n: 1 });
    await vi.advanceTimersByTimeAsync(8_000);

    expect(socket.state).toBe('lost');
    await vi.advanceTimersByTimeAsync(250);
    expect(FakeWire.made).toHaveLength(2);
  });

  it('measures a round trip', async () => {
    const socket = connected();

    const measured = socket.measure();
    vi.advanceTimersByTime(42);
    FakeWire.last.hear({ type: 'pong', n: 1 });

    expect(await measured).toBeCloseTo(42, 0);
  });

  it('does not keep what it could not send', () => {
    const socket = aSocket();

    expect(socket.send({ type: 'enter-lobby' })).toBe(false);
  });

  it('comes back at once when nudged', () => {
    const socket = connected();
    FakeWire.last.drop(1006);

    socket.nudge();

    expect(FakeWire.made).toHaveLength(2);
  });

  it('asks an open line whether it still lives when nudged, and waits less than for a heartbeat', async () => {
    const socket = connected();

    socket.nudge();
    await vi.advanceTimersByTimeAsync(3_999);
    const before = socket.state;
    await vi.advanceTimersByTimeAsync(1);

    expect([before, socket.state]).toEqual(['open', 'lost']);
    await vi.advanceTimersByTimeAsync(250);
    expect(FakeWire.made).toHaveLength(2);
  });

  it('stays closed once closed', () => {
    const socket = connected();

    socket.close();
    vi.advanceTimersByTime(60_000);

    expect([socket.ending, FakeWire.made.length]).toEqual(['closed', 1]);
  });
});
