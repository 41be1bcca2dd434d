import { describe, expect, it } from 'vitest';
import { parsePatient, parseStaff } from '../src/protocol/messages';

const STATE = {
  type: 'state', seat: 's_1', rev: 7, visit_state: 'open', state: 'waiting', lobby: 'waiting', waiting_since: null,
  starts_at: '2026-11-24T15:00:00Z', opens_at: '2026-11-24T14:30:00Z', server_now: '2026-11-24T14:50:00Z', message: null,
};
const ROOM = { self: 'p_1', ice_servers: [], relay_only: false, peers: [] };
const SHARED = [
  { type: 'moving', in_ms: 1 },
  { type: 'pong', n: 1 },
  { type: 'error', code: 'a.b', sentence: 'Said.' },
];
const PATIENT = [
  ...SHARED, STATE,
  { type: 'admitted', ...ROOM },
  { type: 'peer-joined', peer: 'p_2', role: 'clinician' },
  { type: 'peer-left', peer: 'p_2' },
  { type: 'signal', from: 'p_2', data: { candidate: null } },
  { type: 'over', reason: 'ended' },
  { type: 'replaced' },
];
const STAFF = [
  ...SHARED,
  { type: 'welcome', launch: 'l_1', server_now: 'now', visits: [] },
  { type: 'visit', visit: { visit: 'v_1', rev: 1 } },
  { type: 'room', visit: 'v_1', ...ROOM },
  { type: 'peer-joined', visit: 'v_1', peer: 'p_2', role: 'patient' },
  { type: 'peer-left', visit: 'v_1', peer: 'p_2' },
  { type: 'signal', visit: 'v_1', from: 'p_2', data: { candidate: null } },
  { type: 'over', visit: 'v_1', reason: 'ended' },
  { type: 'replaced', visit: 'v_1' },
];

describe('messages', () => {
  it.each(PATIENT)('a patient page understands $type', (message) => {
    expect(parsePatient(JSON.stringify(message))).toEqual(message);
  });

  it.each(STAFF)('a staff page understands $type', (message) => {
    expect(parseStaff(JSON.stringify(message))).toEqual(message);
  });

  it.each(PATIENT)('$type without its fields is dropped by a patient page', (message) => {
    const bare = JSON.stringify({ type: message.type });

    expect(parsePatient(bare)).toEqual(message.type === 'replaced' ? { type: 'replaced' } : null);
  });

  it.each(['', 'null', '7', '[]', '{"type":"newer"}', '{"type":"toString"}', '{"type":"state","rev":"7"}', '{'])('%s is dropped', (text) => {
    expect(parsePatient(text)).toBeNull();
    expect(parseStaff(text)).toBeNull();
  });

  it('what only staff may hear is not understood by a patient page', () => {
    expect(parsePatient(JSON.stringify(STAFF[3]))).toBeNull();
    expect(parsePatient(JSON.stringify(STAFF[4]))).toBeNull();
  });
});
