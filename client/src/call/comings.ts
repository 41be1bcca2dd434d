/** Who came into the call and who went, to be said in words: a new picture alone tells nobody who it is. */

import type { Role } from '../protocol/messages';
import type { PeerState } from './peer';

export interface Coming {
  role: Role;
  isIn: boolean;
}

export class Comings {
  private readonly here = new Map<string, Role>();

  /**
   * What changed since the last look. Patient and clinician look for each other: the first of them to be there needs no
   * words, a guest always does. Being left alone needs none.
   */
  look(peers: { id: string; role: Role; state: PeerState }[]): Coming[] {
    const told: Coming[] = [];
    for (const [id, role] of this.here) {
      if (peers.some((peer) => peer.id === id)) continue;
      this.here.delete(id);
      if (peers.length) told.push({ role, isIn: false });
    }
    for (const { id, role, state } of peers) {
      if (state !== 'connected' || this.here.has(id)) continue;
      if (this.here.size || role === 'interpreter' || role === 'family') told.push({ role, isIn: true });
      this.here.set(id, role);
    }
    return told;
  }
}
