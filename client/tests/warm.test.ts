import { describe, expect, it } from 'vitest';
import { warmUp } from '../src/call/warm';

class Spare {
  closed = false;
  described = false;
  lines: string[] = [];
  constructor(private readonly refuses = false) {}
  addTransceiver(kind: string): void {
    this.lines.push(kind);
  }
  async createOffer(): Promise<object> {
    if (this.refuses) throw new Error('no codecs');
    return {};
  }
  async setLocalDescription(): Promise<void> {
    this.described = true;
  }
  close(): void {
    this.closed = true;
  }
}

const asConnection = (spare: Spare): (() => RTCPeerConnection) => () => spare as unknown as RTCPeerConnection;

describe('warming up before a call', () => {
  it('makes an offer for sound and picture and throws it away unused, so that no candidate is looked for', async () => {
    const spare = new Spare();

    await warmUp(asConnection(spare));

    expect(spare.lines).toEqual(['audio', 'video']);
    expect(spare.described).toBe(false);
    expect(spare.closed).toBe(true);
  });

  it('leaves nothing behind where the browser refuses', async () => {
    const spare = new Spare(true);

    await warmUp(asConnection(spare));

    expect(spare.closed).toBe(true);
  });

  it('is silent where there is no such thing as a connection', async () => {
    await expect(
      warmUp(() => {
        throw new ReferenceError('RTCPeerConnection');
      }),
    ).resolves.toBeUndefined();
  });
});
