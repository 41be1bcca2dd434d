import { describe, expect, it } from 'vitest';
import { fill } from '../src/call/texts';

describe('a text with its fields filled in', () => {
  it.each([
    ['La sala se abre a las {time}. Espere.', { time: '2:48 a.m.' }, 'La sala se abre a las 2:48 a.m. Espere.'],
    ['Call {clinic}.', { clinic: '\u2068Prairie View Inc.\u2069' }, 'Call \u2068Prairie View Inc.\u2069'],
    ['It opens at {time}. Wait.', { time: '2:48' }, 'It opens at 2:48. Wait.'],
    ['You have waited {count} of {other}.', { count: 3 }, 'You have waited 3 of {other}.'],
  ])('%s', (text, values, said) => {
    expect(fill(text, values)).toBe(said);
  });
});
