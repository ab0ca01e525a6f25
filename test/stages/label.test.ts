import { describe, expect, it } from 'vitest';
import type { Photo } from '#src/records.js';
import { type LabelOptions, label } from '#src/stages/label.js';
import { runOver, testContext } from '../context.js';

const OPTIONS: LabelOptions = { task: 'color', minPerClass: 1, drop: [], merge: {} };

function photo(imageId: string, attributes: Record<string, string>): Photo {
  return {
    imageId,
    path: `xx/${imageId}.jpg`,
    file: `/photos/${imageId}.jpg`,
    width: 1,
    height: 1,
    sha256: imageId,
    role: 'main',
    images: [imageId],
    items: ['A'],
    attributes,
    component: imageId,
  };
}

const photos = (values: readonly (string | undefined)[]) =>
  values.map((value, index) => photo(`p${index}`, value === undefined ? {} : { color: value }));

async function run(values: readonly (string | undefined)[], options: Partial<LabelOptions> = {}) {
  const context = testContext();
  const out = await runOver(label({ ...OPTIONS, ...options }), photos(values), context);
  return { labels: out.map(({ imageId, label: name }) => [imageId, name]), entries: context.entries, out };
}

describe('label', () => {
  it('writes a class as most of its photos write it', async () => {
    const { labels } = await run(['blue', 'Blue', 'BLUE ', 'Blue', 'red']);
    expect(labels.map(([, name]) => name)).toEqual(['Blue', 'Blue', 'Blue', 'Blue', 'red']);
  });

  it('drops what has no value, what is unwanted, and classes that are too small', async () => {
    const { labels, entries } = await run(['Blue', undefined, 'blue', 'Mauve', '  ', 'Red'], {
      drop: ['MAUVE'],
      minPerClass: 2,
    });
    expect(labels).toEqual([
      ['p0', 'Blue'],
      ['p2', 'Blue'],
    ]);
    expect(entries.map(({ key, reason }) => [key, reason])).toEqual([
      ['p1', 'label-missing'],
      ['p3', 'label-dropped'],
      ['p4', 'label-missing'],
      ['p5', 'class-too-small'],
    ]);
    expect(entries.every(({ task }) => task === 'color')).toBe(true);
  });

  it('merges in the recipe’s own writing, before it counts and drops', async () => {
    const { labels } = await run(['grey', 'Gray', 'GREY', 'red'], {
      merge: { Grey: 'gray' },
      minPerClass: 2,
    });
    expect(labels.map(([, name]) => name)).toEqual(['gray', 'gray', 'gray']);
  });

  it('selects after merging', async () => {
    const { labels, entries } = await run(['grey', 'red', 'tan'], {
      merge: { grey: 'gray' },
      select: ['Gray', 'Tan'],
    });
    expect(labels).toEqual([
      ['p0', 'Gray'],
      ['p2', 'Tan'],
    ]);
    expect(entries).toMatchObject([{ key: 'p1', reason: 'label-not-selected', detail: 'red' }]);
  });

  it('reads another attribute than the task’s name, and no property that objects have by themselves', async () => {
    const context = testContext();
    const out = await runOver(
      label({ ...OPTIONS, task: 'shade', attribute: 'color' }),
      photos(['Blue']),
      context,
    );
    expect(out).toMatchObject([{ task: 'shade', label: 'Blue', path: 'xx/p0.jpg', sha256: 'p0' }]);
    const none = await runOver(label({ ...OPTIONS, task: 'constructor' }), photos(['Blue']), testContext());
    expect(none).toEqual([]);
  });
});
