import { describe, expect, it } from 'vitest';
import { mendingText } from '../src/pages/patient/mending';
import type { Texts } from '../src/pages/patient/first';

const FILES = import.meta.glob<Texts>('../../src/housecall/web/catalogue/*.json', { eager: true, import: 'default' });
const nameOf = (path: string): string => path.split('/').at(-1)!;

function flatten(file: Texts): Record<string, string> {
  const flat: Record<string, string> = {};
  const walk = (node: unknown, path: string): void => {
    if (typeof node === 'string') flat[path] = node;
    else for (const [key, below] of Object.entries(node as object)) walk(below, path ? `${path}.${key}` : key);
  };
  walk(file, '');
  return flat;
}

const fields = (text: string): string[] => (text.match(/\{\w+\}/g) ?? []).sort();
const english = flatten(Object.entries(FILES).find(([path]) => nameOf(path) === 'en.json')![1]);

describe.each(Object.entries(FILES).map(([path, file]) => ({ name: nameOf(path), file })))('catalogue $name', ({ file }) => {
  const here = flatten(file);

  it('has every text and no other', () => {
    expect(Object.keys(here).sort()).toEqual(Object.keys(english).sort());
  });

  it('has the same fields in each text', () => {
    const differing = Object.keys(english).filter((key) => fields(here[key]!).join() !== fields(english[key]!).join());
    expect(differing).toEqual([]);
  });

  it('leaves nothing empty', () => {
    expect(Object.entries(here).filter(([, text]) => !text.trim())).toEqual([]);
  });

  it('has a mending text for every fault on every platform', () => {
    const { mend } = file;
    const faults = ['denied', 'dismissed', 'system', 'not-found', 'busy', 'insecure', 'unsupported', 'lost', 'unknown'] as const;
    const platforms = Object.keys(mend.denied) as (keyof typeof mend.denied)[];
    for (const fault of faults) {
      for (const platform of platforms) expect(mendingText('camera', fault, platform, mend)).toBeTruthy();
    }
  });
});
