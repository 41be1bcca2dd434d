/** What a room needs of a socket, the same for both audiences: join, leave, signal, and what is heard. */

import type { OverReason, PatientMessage, PatientSays, Role, RoomDetails, SignalData, StaffMessage, StaffSays } from '../protocol/messages';
import type { HousecallSocket } from '../protocol/socket';

export type RoomEvent =
  | { type: 'room'; details: RoomDetails }
  | { type: 'peer-joined'; peer: string; role: Role; warm?: string }
  | { type: 'peer-left'; peer: string }
  | { type: 'signal'; from: string; data: SignalData }
  | { type: 'over'; reason: OverReason }
  | { type: 'replaced' }
  /** The socket is there again, or was lost; media goes on meanwhile. */
  | { type: 'link'; up: boolean };

export interface RoomWire {
  /** Enter the room, and again after every loss of the socket; the wire does the latter by itself. */
  join(): void;
  leave(): void;
  /** False when it could not be sent. */
  signal(to: string, data: SignalData): boolean;
  /** Hear of the room until the given-back function is called. */
  listen(hear: (event: RoomEvent) => void): () => void;
}

export type PatientSocket = HousecallSocket<PatientMessage, PatientSays>;
export type StaffSocket = HousecallSocket<StaffMessage, StaffSays>;

/**
 * The patient's wire: `joined` answers the first `admitted` on each socket, and the first after a hold.
 * `admitted` is the message that opened the call, so that it need not be waited for twice.
 */
export function patientWire(socket: PatientSocket, admitted?: RoomDetails): RoomWire {
  let joined = false;
  const join = (): void => {
    joined = socket.send({ type: 'joined' });
  };
  return {
    join: () => {
      if (!joined) join();
    },
    leave: () => void socket.send({ type: 'leave' }),
    signal: (to, data) => socket.send({ type: 'signal', to, data }),
    listen: (hear) => {
      const stopMessages = socket.onMessage((message) => {
        if (message.type === 'state' && !isInRoom(message.state)) joined = false;
        if (message.type === 'admitted' && !joined) join();
        const event = fromPatient(message);
        if (event) hear(event);
      });
      const stopState = socket.onState((state) => {
        if (state !== 'open') joined = false;
        if (state !== 'connecting') hear({ type: 'link', up: state === 'open' });
      });
      if (admitted) {
        // The offer is on its way while the server hears that we are there.
        hear({ type: 'room', details: admitted });
        join();
      }
      return () => {
        stopMessages();
        stopState();
      };
    },
  };
}

/** A clinician's wire for one visit of the launch. */
export function staffWire(socket: StaffSocket, visit: string): RoomWire {
  let wanted = false;
  return {
    join: () => {
      wanted = true;
      socket.send({ type: 'join', visit });
    },
    leave: () => {
      wanted = false;
      socket.send({ type: 'leave', visit });
    },
    signal: (to, data) => socket.send({ type: 'signal', visit, to, data }),
    listen: (hear) => {
      const stopMessages = socket.onMessage((message) => {
        const event = fromStaff(message, visit);
        if (event) hear(event);
      });
      const stopState = socket.onState((state) => {
        if (state === 'open' && wanted) socket.send({ type: 'join', visit });
        if (state !== 'connecting') hear({ type: 'link', up: state === 'open' });
      });
      return () => {
        stopMessages();
        stopState();
      };
    },
  };
}

function isInRoom(state: string): boolean {
  return state === 'admitted' || state === 'connected' || state === 'reconnecting';
}

function fromPatient(message: PatientMessage): RoomEvent | null {
  switch (message.type) {
    case 'admitted':
      return { type: 'room', details: message };
    case 'peer-joined':
    case 'peer-left':
    case 'signal':
    case 'over':
    case 'replaced':
      return message;
    default:
      return null;
  }
}

function fromStaff(message: StaffMessage, visit: string): RoomEvent | null {
  switch (message.type) {
    case 'room':
      return message.visit === visit ? { type: 'room', details: message } : null;
    case 'peer-joined':
    case 'peer-left':
    case 'signal':
    case 'over':
    case 'replaced':
      return message.visit === visit ? message : null;
    default:
      return null;
  }
}
