import { describe, expect, it } from 'vitest';
import type { DeviceTest } from '../src/protocol/messages';
import { dayName, planOf, serverNow, since } from '../src/pages/panel/clock';
import { opening, Visits, type PatientView } from '../src/pages/panel/model';
import { deviceLine, rehearsalLine } from '../src/pages/panel/rehearsal';
import { isTrouble, lostLine, messageLine, sayingOf } from '../src/pages/panel/words';
import { aVisit } from './panel-visit';

const message = (state: string, reason: string | null = null) => ({ kind: 'reminder', channel: 'sms', state, reason, at: '2026-11-24T14:00:00+00:00' });

describe('the visits of a launch', () => {
  it('drop a snapshot that is older than what is known', () => {
    const visits = new Visits([aVisit({ rev: 5 })]);
    const heard: number[] = [];
    visits.onChange((visit) => heard.push(visit.rev));

    for (const rev of [4, 6, 5]) visits.take(aVisit({ rev }));

    expect(heard).toEqual([6]);
    expect(visits.get('v_1')?.rev).toBe(6);
  });

  it('take an equal one: a message may go further without the visit moving', () => {
    const visits = new Visits([aVisit({ rev: 5 })]);

    visits.take(aVisit({ rev: 5, patient: { message: message('delivered') } }));

    expect(visits.get('v_1')?.patient.message?.state).toBe('delivered');
  });

  it('say what was before', () => {
    const visits = new Visits([aVisit()]);
    const seen: unknown[] = [];
    visits.onChange((visit, before) => seen.push([before?.patient.state, visit.patient.state]));

    visits.take(aVisit({ rev: 2, patient: { state: 'waiting' } }));
    visits.take(aVisit({ visit: 'v_2' }));

    expect(seen).toEqual([['invited', 'waiting'], [undefined, 'invited']]);
  });

  it('stand by their start, whatever offset it is written in', () => {
    const visits = new Visits([aVisit({ visit: 'v_late', starts_at: '2026-11-24T10:30:00-05:00' }), aVisit({ visit: 'v_early', starts_at: '2026-11-24T15:00:00+00:00' })]);

    expect(visits.all().map((visit) => visit.visit)).toEqual(['v_early', 'v_late']);
  });

  it('a visit begun again takes the place of the one that ended', () => {
    const ended = aVisit({ state: 'ended' });
    const again = aVisit({ visit: 'v_2', ordinal: 2 });
    const visits = new Visits([ended, again]);

    expect(visits.candidates()).toEqual([again]);
    expect(visits.successorOf(ended)).toBe(again);
    expect(visits.successorOf(again)).toBeUndefined();
  });

  it('a live visit is never hidden behind another at the same time', () => {
    const visits = new Visits([aVisit(), aVisit({ visit: 'v_2', ordinal: 2 })]);

    expect(visits.candidates()).toHaveLength(2);
  });
});

describe('what the panel opens with', () => {
  it('nothing found, one card, or a choice', () => {
    const [one, two] = [aVisit(), aVisit({ visit: 'v_2' })];

    expect(opening([])).toEqual({ kind: 'none' });
    expect(opening([one])).toEqual({ kind: 'one', visit: one });
    expect(opening([one, two])).toEqual({ kind: 'several', visits: [one, two] });
  });
});

describe('words', () => {
  it('an ended visit is said before where the patient was', () => {
    expect(sayingOf(aVisit({ state: 'ended', patient: { state: 'connected' } })).word).toBe('Visit ended');
    expect(sayingOf(aVisit({ patient: { state: 'waiting' } })).word).toBe('Waiting in the lobby');
  });

  it('a message that did not go says why', () => {
    expect(messageLine(message('suppressed', 'stopped'))).toBe('Reminder not sent: the patient replied STOP');
    expect(messageLine(message('failed', 'new_reason'))).toBe('Reminder not delivered: new reason');
  });

  it.each([
    ['delivered', null, false],
    ['failed', 'landline', true],
    ['unknown', null, true],
    ['suppressed', 'stopped', true],
    ['suppressed', 'visit_moved', false],
  ])('a message %s because of %s needs somebody: %s', (state, reason, expected) => {
    expect(isTrouble(message(state, reason))).toBe(expected);
  });

  it.each<[string, DeviceTest | null, string]>([
    ['no test', null, ''],
    ['the missing before the weak', { camera: 'fail', microphone: 'ok', network: 'warn', because: { camera: 'not-found', network: 'slow' } }, 'Will fail because: no camera'],
    ['one block said once', { camera: 'fail', microphone: 'fail', because: { camera: 'denied', microphone: 'denied' } }, 'Will fail because: camera and microphone blocked in the browser'],
    ['two things apart', { camera: 'fail', microphone: 'fail', network: 'fail', because: { camera: 'busy', microphone: 'not-found', network: 'relay' } }, 'Will fail because: camera used by another app; no microphone; no way to our relay'],
    ['in an app', { camera: 'fail', microphone: 'fail', because: { camera: 'in-app', microphone: 'in-app' } }, 'Will fail because: link opened in an app’s own browser'],
    ['a cause of a newer page', { camera: 'fail', microphone: 'ok', because: { camera: 'eclipse' } }, 'Will fail because: camera does not start'],
    ['weak', { camera: 'ok', microphone: 'warn', network: 'ok', because: { microphone: 'silent' } }, 'May be weak: microphone silent'],
    ['half a test', { camera: 'ok', microphone: 'skipped', network: 'ok' }, 'Not tested: microphone'],
    ['all well', { camera: 'ok', microphone: 'ok', network: 'ok' }, 'Ready: camera and microphone work'],
  ])("the patient's own test: %s", (_, test, line) => {
    expect(deviceLine(test, 'UTC')).toBe(line);
  });

  it.each([
    ['2026-11-25T04:30:00Z', 'yesterday'],
    ['2026-11-25T06:30:00Z', 'today'],
    ['2026-11-23T18:00:00Z', 'Mon'],
    ['2026-11-12T18:00:00Z', '12 Nov'],
  ])('a test at %s is named %s, by the days of the clinic', (at, day) => {
    expect(dayName(at, 'America/Chicago', Date.parse('2026-11-25T15:00:00Z'))).toBe(day);
  });

  it('a visit says its day unless that is today, by the days of the clinic', () => {
    const visit = { starts_at: '2026-11-25T01:00:00Z', ends_at: '2026-11-25T01:15:00Z' };
    const now = Date.parse('2026-11-24T15:00:00Z');

    expect(planOf(visit, 'America/Chicago', now).replace(/\u202f/g, ' ')).toBe('7:00 PM – 7:15 PM');
    expect(planOf(visit, 'Europe/Copenhagen', now).replace(/\u202f/g, ' ')).toBe('Wed, Nov 25, 2:00 AM – 2:15 AM');
  });

  it('what staff can do is said while the patient is not here yet', () => {
    const device: DeviceTest = { camera: 'fail', microphone: 'ok', because: { camera: 'denied' } };
    const [away, here] = [aVisit({ patient: { device } }), aVisit({ patient: { state: 'waiting', device } })];

    expect(rehearsalLine(away, 'UTC')).toContain('send the link again, or offer a phone call');
    expect(rehearsalLine(here, 'UTC')).toBe('Will fail because: camera blocked in the browser');
  });

  it.each([
    ['2026-11-24T15:00:00Z', '0:00'],
    ['2026-11-24T14:59:53Z', '0:07'],
    ['2026-11-24T13:57:53Z', '1:02:07'],
    ['2026-11-24T15:00:09Z', '0:00'],
  ])('waiting since %s reads %s', (from, shown) => {
    expect(since(from, Date.parse('2026-11-24T15:00:00Z'))).toBe(shown);
  });
});

describe('a line that is lost', () => {
  const ago = (ms: number): string => new Date(serverNow() - ms).toISOString();
  const lost = (patient: Partial<PatientView>, ms = 5_000) => aVisit({ patient: { state: 'waiting', present: false, gone_since: ago(ms), ...patient } });

  it('is said beside the state, with since when and what is kept', () => {
    const visit = lost({}, 60_000);

    expect(sayingOf(visit)).toMatchObject({ tone: 'alarm', word: 'Waiting in the lobby, connection lost' });
    expect(lostLine(visit.patient, 'UTC')).toMatch(/^Connection lost since \d+:\d\d [AP]M\. Their place is kept/);
    expect(lostLine(lost({ state: 'reconnecting' }).patient, 'UTC')).toContain('come back into the call by themselves');
  });

  it.each<[string, Partial<PatientView>, number]>([
    ['while a page is only loaded again', {}, 1_000],
    ['of somebody who is there', { present: true, gone_since: null }, 5_000],
    ['of somebody who waits elsewhere to be texted', { text_me: true }, 5_000],
    ['of somebody who has left', { state: 'left' }, 5_000],
  ])('is not said %s', (_, patient, ms) => {
    const visit = lost(patient, ms);

    expect(sayingOf(visit).word).not.toContain('lost');
    expect(lostLine(visit.patient, 'UTC')).toBe('');
  });
});
