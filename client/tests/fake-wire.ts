import type { Wire } from '../src/protocol/socket';

/** A WebSocket that opens, speaks and closes when told. */
export class FakeWire implements Wire {
  static made: FakeWire[] = [];
  readyState = 0;
  sent: Record<string, unknown>[] = [];
  closedWith: number | undefined;
  onopen: ((event: Event) => void) | null = null;
  onmessage: ((event: MessageEvent) => void) | null = null;
  onclose: ((event: CloseEvent) => void) | null = null;
  onerror: ((event: Event) => void) | null = null;

  constructor(readonly url: string, readonly protocol: string) {
    FakeWire.made.push(this);
  }

  static get last(): FakeWire {
    const last = FakeWire.made.at(-1);
    if (!last) throw new Error('no wire was made');
    return last;
  }

  send(text: string): void {
    this.sent.push(JSON.parse(text) as Record<string, unknown>);
  }

  close(code?: number): void {
    this.closedWith = code ?? 1005;
    this.readyState = 3;
  }

  /** The server takes the connection. */
  accept(): void {
    this.readyState = 1;
    this.onopen?.({} as Event);
  }

  hear(message: object): void {
    this.onmessage?.({ data: JSON.stringify(message) } as MessageEvent);
  }

  drop(code: number): void {
    this.readyState = 3;
    this.onclose?.({ code } as CloseEvent);
  }
}
