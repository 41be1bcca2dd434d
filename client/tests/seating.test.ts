import { describe, expect, it } from 'vitest';
import { Comings } from '../src/call/comings';
import { seatAll } from '../src/call/seating';
import type { PeerState } from '../src/call/peer';
import type { Role } from '../src/protocol/messages';

const at = (id: string, role: Role, screen = false): { id: string; role: Role; screen: boolean } => ({ id, role, screen });
const sides = (seated: { id: string; isSide: boolean }[]): string[] => seated.filter((one) => one.isSide).map((one) => one.id);
const order = (seated: { id: string }[]): string[] => seated.map((one) => one.id);

describe('who is shown large', () => {
  it('keeps the interpreter beside the clinician, and the relative smaller, for the patient', () => {
    const seated = seatAll([at('mum', 'family'), at('int', 'interpreter'), at('doc', 'clinician')], 'patient');

    expect(order(seated)).toEqual(['doc', 'int', 'mum']);
    expect(sides(seated)).toEqual(['mum']);
  });

  it('keeps the interpreter beside the patient for the clinician', () => {
    const seated = seatAll([at('doc2', 'clinician'), at('int', 'interpreter'), at('pat', 'patient')], 'clinician');

    expect(order(seated)).toEqual(['pat', 'int', 'doc2']);
    expect(sides(seated)).toEqual(['doc2']);
  });

  it('shows both to whom the interpreter speaks alike', () => {
    expect(sides(seatAll([at('pat', 'patient'), at('doc', 'clinician'), at('mum', 'family')], 'interpreter'))).toEqual(['mum']);
  });

  it('shows everybody alike where there is one alone to look at', () => {
    expect(sides(seatAll([at('mum', 'family'), at('doc', 'clinician')], 'patient'))).toEqual([]);
    expect(sides(seatAll([at('doc', 'clinician'), at('doc2', 'clinician'), at('int', 'interpreter')], 'patient'))).toEqual([]);
  });

  it('puts a shown screen first and keeps the interpreter seen beside it', () => {
    const seated = seatAll([at('int', 'interpreter'), at('doc', 'clinician'), at('mum', 'family', true)], 'patient');

    expect(order(seated)[0]).toBe('mum');
    expect(sides(seated)).toEqual([]);
    expect(seated.find((one) => one.id === 'int')).toMatchObject({ isSide: false, isWhole: true });
  });

  it('cuts nothing off an interpreter, whose hands may speak', () => {
    expect(seatAll([at('int', 'interpreter'), at('doc', 'clinician')], 'patient').map((one) => one.isWhole)).toEqual([false, true]);
  });
});

describe('who came and who went', () => {
  const here = (id: string, role: Role, state: PeerState = 'connected'): { id: string; role: Role; state: PeerState } => ({ id, role, state });

  it('says of an interpreter who is there first that they are', () => {
    expect(new Comings().look([here('int', 'interpreter')])).toEqual([{ role: 'interpreter', isIn: true }]);
  });

  it('says nothing of the first whom one came for, and names the role of each who follows once they are connected', () => {
    const comings = new Comings();

    expect(comings.look([here('doc', 'clinician')])).toEqual([]);
    expect(comings.look([here('doc', 'clinician'), here('int', 'interpreter', 'connecting')])).toEqual([]);
    expect(comings.look([here('doc', 'clinician'), here('int', 'interpreter')])).toEqual([{ role: 'interpreter', isIn: true }]);
    expect(comings.look([here('doc', 'clinician'), here('int', 'interpreter')])).toEqual([]);
  });

  it('says who left while others stay, and nothing of a line that is mended', () => {
    const comings = new Comings();
    comings.look([here('doc', 'clinician'), here('int', 'interpreter')]);

    expect(comings.look([here('doc', 'clinician'), here('int', 'interpreter', 'reconnecting')])).toEqual([]);
    expect(comings.look([here('doc', 'clinician')])).toEqual([{ role: 'interpreter', isIn: false }]);
    expect(comings.look([])).toEqual([]);
  });
});
