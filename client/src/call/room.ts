/** Joins the socket and the mesh: who is here, what is sent to them, and where the call stands. No DOM but media tracks. */

import type { OverReason } from '../protocol/messages';
import { assertNever } from '../protocol/messages';
import type { Devices } from './media';
import type { Peer, PeerStatus } from './peer';
import { Peers, type PeersOptions } from './peers';
import type { RoomEvent, RoomWire } from './wire';

export type CallState = 'connecting' | 'connected' | 'reconnecting' | 'held' | 'over';

export interface RoomListeners {
  /** Anything changed: state, who is here, what they or we show. */
  onChange: () => void;
  onTrack: (peer: Peer, track: MediaStreamTrack) => void;
  onOver: (reason: OverReason | 'replaced') => void;
}

type Parts = Pick<PeersOptions, 'makeConnection' | 'bundle' | 'claimWarm'>;

/** One person's stay in a room. Sends nothing while held, keeps media while the socket is lost. */
export class Room {
  linkUp = true;
  screen: MediaStreamTrack | null = null;
  cameraOn = true;
  microphoneOn = true;
  private peers: Peers | null = null;
  private held = false;
  private over = false;
  private wasConnected = false;
  private readonly stopListening: () => void;
  private readonly stopDevices: () => void;

  constructor(
    private readonly wire: RoomWire,
    private readonly devices: Devices,
    private readonly listeners: RoomListeners,
    private readonly parts: Parts = {},
  ) {
    this.stopListening = wire.listen((event) => this.take(event));
    this.stopDevices = devices.onChange(() => this.show());
    wire.join();
  }

  get state(): CallState {
    if (this.over) return 'over';
    if (this.held) return 'held';
    const all = this.everybody();
    if (all.some((peer) => peer.state === 'connected')) return 'connected';
    return this.wasConnected && all.length > 0 ? 'reconnecting' : 'connecting';
  }

  everybody(): Peer[] {
    return this.peers?.all() ?? [];
  }

  /** Nothing is sent while held; the others are asked to do the same by the server. */
  hold(on: boolean): void {
    if (this.held === on) return;
    this.held = on;
    this.show();
  }

  /** One that is wanted but not there counts as off: the press asks for it again. */
  async toggleMicrophone(): Promise<void> {
    this.microphoneOn = !(this.microphoneOn && this.devices.isLive('microphone'));
    if (this.microphoneOn) await this.devices.open(['microphone']);
    this.show();
  }

  /** As above; off lets go of the camera, so that its light goes out. */
  async toggleCamera(): Promise<void> {
    this.cameraOn = !(this.cameraOn && this.devices.isLive('camera'));
    if (this.cameraOn) await this.devices.open(['camera']);
    else this.devices.close('camera');
    this.show();
  }

  /** Show the screen in the camera's place until it is stopped here or in the browser's own bar. */
  async shareScreen(): Promise<void> {
    if (this.screen) return this.stopScreen();
    let stream: MediaStream;
    try {
      stream = await navigator.mediaDevices.getDisplayMedia({ video: { frameRate: { ideal: 15 } }, audio: false });
    } catch {
      return;
    }
    const [track] = stream.getVideoTracks();
    if (!track || this.over) return;
    track.contentHint = 'detail';
    track.onended = () => this.stopScreen();
    this.screen = track;
    this.show();
  }

  /** Mend what is not connected, now. */
  wake(): void {
    this.peers?.wake();
  }

  leave(): void {
    this.wire.leave();
    this.close();
  }

  /** End this page's part; devices stay with who opened them. */
  close(): void {
    if (this.over) return;
    this.over = true;
    this.stopListening();
    this.stopDevices();
    this.stopScreen();
    this.peers?.close();
    this.listeners.onChange();
  }

  private take(event: RoomEvent): void {
    switch (event.type) {
      case 'room':
        return this.enter(event);
      case 'peer-joined':
        this.peers?.add(event.peer, event.role, event.warm);
        return;
      case 'peer-left':
        return this.peers?.remove(event.peer);
      case 'signal':
        return void this.peers?.take(event.from, event.data);
      case 'over':
        return this.finish(event.reason);
      case 'replaced':
        return this.finish('replaced');
      case 'link':
        return this.follow(event.up);
      default:
        return assertNever(event);
    }
  }

  private enter({ details }: Extract<RoomEvent, { type: 'room' }>): void {
    if (this.peers && this.peers.self !== details.self) {
      this.peers.close();
      this.peers = null;
    }
    if (!this.peers) {
      this.peers = new Peers({
        details,
        send: (to, data) => this.wire.signal(to, data),
        onChange: () => this.changed(),
        onTrack: (peer, track) => this.listeners.onTrack(peer, track),
        ...this.parts,
      });
      this.show();
    }
    this.peers.reconcile(details);
  }

  private follow(up: boolean): void {
    this.linkUp = up;
    if (up) this.wake();
    this.changed();
  }

  private finish(reason: OverReason | 'replaced'): void {
    this.close();
    this.listeners.onOver(reason);
  }

  private show(): void {
    const { camera, microphone } = this.devices;
    if (microphone.track) microphone.track.enabled = this.microphoneOn && !this.held;
    const video = this.screen ?? (this.cameraOn ? camera.track : null);
    const outgoing = this.held ? { audio: null, video: null } : { audio: microphone.track, video };
    void this.peers?.show(outgoing, this.status());
    this.changed();
  }

  private status(): PeerStatus {
    return {
      camera: !this.held && this.cameraOn && this.devices.isLive('camera'),
      microphone: !this.held && this.microphoneOn && this.devices.isLive('microphone'),
      screen: this.screen !== null,
    };
  }

  private stopScreen(): void {
    const track = this.screen;
    if (!track) return;
    this.screen = null;
    track.onended = null;
    track.stop();
    this.show();
  }

  private changed(): void {
    if (this.state === 'connected') this.wasConnected = true;
    if (!this.over) this.listeners.onChange();
  }
}
