/** The socket protocol `housecall.v1` as types: what each audience hears and may say. No DOM, no pages. */

export type VisitState = 'scheduled' | 'open' | 'in_progress' | 'ended' | 'cancelled' | 'no_show';

export type ParticipantState =
  | 'invited'
  | 'opened'
  | 'checking'
  | 'waiting'
  | 'admitted'
  | 'connected'
  | 'held'
  | 'reconnecting'
  | 'left'
  | 'declined';

export type LobbyState = 'waiting' | 'held' | 'declined' | 'moved' | 'cancelled' | 'early' | 'over' | 'withdrawn';
export type Role = 'clinician' | 'family' | 'interpreter' | 'patient';
export type OverReason = 'ended' | 'cancelled' | 'moved' | 'left';
export type Device = 'camera' | 'microphone' | 'speaker' | 'network';
export type DeviceResult = 'ok' | 'warn' | 'fail' | 'skipped';

/** What a test of devices found, and why, where something is wrong. */
export type DeviceFindings = Partial<Record<Device, DeviceResult>> & { because?: Partial<Record<Device, string>> };
/** As it is kept: with its time, which of old tests nobody knows. */
export type DeviceTest = DeviceFindings & { at?: string };

/** What one browser tells another through the server: a description, or a candidate (`null` ends them). */
export type SignalData =
  | { description: { type: RTCSdpType; sdp: string } }
  | { candidate: RTCIceCandidateInit | null }
  /** The connection of that warm-up is used with whom this is sent to. */
  | { warm: string };

export interface PeerEntry {
  peer: string;
  role: Role;
  /** The warm-up that leads to them, where there is one. */
  warm?: string;
}

/** A connection to make before admission: through the relay only, without a picture, to nobody named. */
export interface WarmInvitation {
  type: 'warm';
  warm: string;
  ice_servers: RTCIceServer[];
  relay_only: boolean;
}

/** How to reach the others: relays, whether only through them, and who is in the room. */
export interface RoomDetails {
  self: string;
  ice_servers: RTCIceServer[];
  relay_only: boolean;
  peers: PeerEntry[];
}

/** The patient's whole state; a smaller `rev` is older and to be dropped. */
export interface StateMessage {
  type: 'state';
  seat: string;
  rev: number;
  visit_state: VisitState;
  state: ParticipantState;
  lobby: LobbyState | null;
  waiting_since: string | null;
  starts_at: string;
  opens_at: string;
  server_now: string;
  /** Whether a text may be asked for, and whether one was: then the page may be left. */
  can_text: boolean;
  texting: boolean;
  /** Whether another clinician will see the patient. */
  handing: boolean;
  message: { key: string; text: string; at: string } | null;
}

/** The way to a meeting that another service holds, once the patient is let in. */
export interface ElsewhereMessage {
  type: 'elsewhere';
  service: string;
  url: string;
  /** Whether that address never speaks of an app. */
  browser_only: boolean;
}

/** What both audiences hear. */
export type SharedMessage =
  | { type: 'moving'; in_ms: number }
  | { type: 'pong'; n: number }
  | { type: 'error'; code: string; sentence: string };

export type PatientMessage =
  | SharedMessage
  | StateMessage
  | ({ type: 'admitted' } & RoomDetails)
  | ElsewhereMessage
  | { type: 'peer-joined'; peer: string; role: Role; warm?: string }
  | { type: 'peer-left'; peer: string }
  | { type: 'signal'; from: string; data: SignalData }
  | WarmInvitation
  | { type: 'warm-signal'; warm: string; data: SignalData }
  | { type: 'cold'; warm: string }
  | { type: 'over'; reason: OverReason }
  | { type: 'replaced' };

/** An interpreter or relative as staff see them: a role and a language, never a name. */
export interface GuestView {
  participant: string;
  role: 'interpreter' | 'family';
  /** The code of their language; forgotten with the visit's end. */
  language: string | null;
  state: ParticipantState;
  since: string;
  waiting_since: string | null;
  present: boolean;
  /** When the line to their page was lost, while it is. */
  gone_since: string | null;
  device: DeviceTest | null;
  message: MessageView | null;
  arrival: { at: string; acknowledged: boolean } | null;
}

/** The newest message to somebody. */
export interface MessageView {
  kind: string;
  channel: string;
  state: string;
  reason: string | null;
  at: string;
}

export interface VisitView {
  visit: string;
  rev: number;
  state: VisitState;
  starts_at: string;
  ends_at: string;
  ordinal: number;
  can_restart: boolean;
  patient: {
    participant: string;
    state: ParticipantState;
    since: string;
    waiting_since: string | null;
    first_waiting_at: string | null;
    present: boolean;
    gone_since: string | null;
    /** Waits elsewhere and is to be texted, and when that was last done. */
    text_me: boolean;
    called_at: string | null;
    device: DeviceTest | null;
    message: MessageView | null;
    arrival: { at: string; acknowledged: boolean } | null;
  };
  /** Staff in the room or out of it again. */
  others: {
    participant: string;
    role: string;
    state: ParticipantState;
    user: string;
    /** What they were asked, and how far that has come; null where they came by themselves. */
    asked: { to: 'take_over' | 'join'; state: 'asked' | 'came' | 'declined' | 'withdrawn'; by: string; at: string; seen: boolean } | null;
  }[];
  /** Whether colleagues meet in it without a patient; `patient` says nothing then. */
  is_consult: boolean;
  /** The colleague who took it over, by the EHR's id. */
  handed_to: string | null;
  guests: GuestView[];
  attendees: number;
  protected: boolean;
  hold_message: string | null;
  /** When the patient confirmed this time by a reply. */
  confirmed_at: string | null;
  /** Where the visit is held, and what can be done there from here. */
  meeting: {
    service: string;
    is_ready: boolean;
    is_in_page: boolean;
    can_admit: boolean;
    can_hold: boolean;
    can_send_back: boolean;
    hides_clinician: boolean;
    fault: string | null;
    /** How much the service tells of who is in its meeting; part: not all that was before `told_at`; none: nothing since. */
    told: 'all' | 'part' | 'none';
    told_at: string | null;
    /** Whether somebody waits in the service's own lobby. */
    guest_in_lobby: boolean;
  };
}

export type StaffMessage =
  | SharedMessage
  | { type: 'welcome'; launch: string; server_now: string; warm_up?: boolean; visits: VisitView[] }
  | { type: 'visit'; visit: VisitView }
  | ({ type: 'room'; visit: string } & RoomDetails)
  | { type: 'peer-joined'; visit: string; peer: string; role: Role }
  | { type: 'peer-left'; visit: string; peer: string }
  | { type: 'signal'; visit: string; from: string; data: SignalData }
  | (WarmInvitation & { visit: string })
  | { type: 'warm-signal'; visit: string; warm: string; data: SignalData }
  | { type: 'cold'; visit: string; warm: string }
  | { type: 'over'; visit: string; reason: OverReason }
  | { type: 'replaced'; visit: string };

/** What a list of the day hears. */
export type WorklistMessage =
  | SharedMessage
  | { type: 'worklist'; server_now: string; until: string; visits: VisitView[] }
  | { type: 'visit'; visit: VisitView }
  | { type: 'gone'; visit: string };

/** The first message on every socket. */
export interface Hello {
  type: 'hello';
  v: 1;
  tab: string;
  resume: boolean;
}

export type ToServer = Hello | { type: 'ping'; n: number };

export type PatientSays =
  | ToServer
  | { type: 'checking' | 'enter-lobby' | 'joined' | 'leave' | 'come-back' }
  | ({ type: 'check' } & DeviceFindings)
  | { type: 'signal'; to: string; data: SignalData }
  | { type: 'warm-signal'; warm: string; data: SignalData }
  | { type: 'cool'; warm: string };

export type StaffSays =
  | ToServer
  | { type: 'join' | 'leave' | 'warm' | 'cool'; visit: string }
  | { type: 'warm-signal'; visit: string; warm: string; data: SignalData }
  | { type: 'signal'; visit: string; to: string; data: SignalData }
  | { type: 'active'; idle_s: number };

type Kind = 'string' | 'number' | 'boolean' | 'object' | 'array';
type Shape = Record<string, Kind>;

const SHARED: Record<SharedMessage['type'], Shape> = {
  moving: { in_ms: 'number' },
  pong: { n: 'number' },
  error: { code: 'string', sentence: 'string' },
};
const ROOM: Shape = { self: 'string', ice_servers: 'array', relay_only: 'boolean', peers: 'array' };

const WARM: Shape = { warm: 'string', ice_servers: 'array', relay_only: 'boolean' };

const PATIENT: Record<PatientMessage['type'], Shape> = {
  ...SHARED,
  state: { seat: 'string', rev: 'number', visit_state: 'string', state: 'string', starts_at: 'string', opens_at: 'string', server_now: 'string' },
  admitted: ROOM,
  elsewhere: { service: 'string', url: 'string', browser_only: 'boolean' },
  'peer-joined': { peer: 'string', role: 'string' },
  'peer-left': { peer: 'string' },
  signal: { from: 'string', data: 'object' },
  warm: WARM,
  'warm-signal': { warm: 'string', data: 'object' },
  cold: { warm: 'string' },
  over: { reason: 'string' },
  replaced: {},
};

const STAFF: Record<StaffMessage['type'], Shape> = {
  ...SHARED,
  welcome: { launch: 'string', server_now: 'string', visits: 'array' },
  visit: { visit: 'object' },
  room: { visit: 'string', ...ROOM },
  'peer-joined': { visit: 'string', peer: 'string', role: 'string' },
  'peer-left': { visit: 'string', peer: 'string' },
  signal: { visit: 'string', from: 'string', data: 'object' },
  warm: { visit: 'string', ...WARM },
  'warm-signal': { visit: 'string', warm: 'string', data: 'object' },
  cold: { visit: 'string', warm: 'string' },
  over: { visit: 'string', reason: 'string' },
  replaced: { visit: 'string' },
};

const WORKLIST: Record<WorklistMessage['type'], Shape> = {
  ...SHARED,
  worklist: { server_now: 'string', until: 'string', visits: 'array' },
  visit: { visit: 'object' },
  gone: { visit: 'string' },
};

/** A message to a patient's page; null when its type is unknown (a newer server) or its fields are not as promised. */
export function parsePatient(text: string): PatientMessage | null {
  return parse<PatientMessage>(text, PATIENT);
}

/** A message to a clinician's page; null as above. */
export function parseStaff(text: string): StaffMessage | null {
  return parse<StaffMessage>(text, STAFF);
}

export function parseWorklist(text: string): WorklistMessage | null {
  return parse<WorklistMessage>(text, WORKLIST);
}

/** Closes a switch over a tagged union: a new member stops the build here. */
export function assertNever(value: never): never {
  throw new Error(`Not foreseen: ${JSON.stringify(value)}`);
}

function parse<Message>(text: string, shapes: Record<string, Shape>): Message | null {
  let fields: unknown;
  try {
    fields = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof fields !== 'object' || fields === null) return null;
  const record = fields as Record<string, unknown>;
  const type = record['type'];
  const shape = typeof type === 'string' && Object.prototype.hasOwnProperty.call(shapes, type) ? shapes[type] : undefined;
  if (!shape) return null;
  const fits = Object.entries(shape).every(([name, kind]) => isKind(record[name], kind));
  return fits ? (fields as Message) : null;
}

function isKind(value: unknown, kind: Kind): boolean {
  if (kind === 'array') return Array.isArray(value);
  if (kind === 'object') return typeof value === 'object' && value !== null && !Array.isArray(value);
  return typeof value === kind;
}
