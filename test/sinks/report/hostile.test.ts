import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ReportData } from '#src/sinks/report/data.js';
import type { DuplicatesReport, RelationReport } from '#src/sinks/report/duplicates.js';
import { writeReport } from '#src/sinks/report/write.js';
import { duplicatesOf, explorationOf, listingOf, reportData } from './build.js';
import { readMarkup, sectionOf, tableOf } from './markup.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'abo-report-hostile-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function written(data: ReportData): Promise<string> {
  const file = join(folder, 'report.html');
  await writeReport(file, data);
  return readFile(file, 'utf8');
}

const HOSTILE = [
  '<script>alert(1)</script>',
  '</script></style></svg><img src=x onerror=alert(1)>',
  `" onmouseover="alert(1)" x='`,
  `' ]]> --> <!-- <![CDATA[`,
  ...Object.getOwnPropertyNames(Object.prototype),
  '{b} {value|c} $& $1 $`',
  '\u202egnp.exe \u2066\u0627\u0644\u0639\u0631\u0628\u064a\u0629',
  'zero\u0000 escape\u001b[31m bell\u0007 line\nreturn\rtab\tnext\u0085',
  '\ud800 half \udfff',
  '',
  ' ',
  '-',
  '&amp;&lt;&#60;script&#62;',
  'javascript:alert(1)',
  'id="zr0-c1" url(https://evil.example/x) @import "https://evil.example"',
  'x'.repeat(3000),
];

/** The names of all tags and attributes that reports are made of, taken from a harmless one. */
async function vocabulary(): Promise<Set<string>> {
  const pages = [await written(everywhere(['A', 'B', 'C'])), await written(reportData({ synthetic: true }))];
  return new Set(pages.flatMap(readMarkup).flatMap((tag) => [tag.name, ...tag.attributes.keys()]));
}

/** A report in which these texts stand wherever text from outside may stand. */
function everywhere(texts: readonly string[]): ReportData {
  const labels = [...new Set(texts)];
  const base = reportData({ labels, mistakes: 40, folder: join(folder, 'nowhere') });
  const text = (index: number) => texts[index % texts.length]!;
  const { summary } = base;
  return {
    ...base,
    summary: {
      ...summary,
      recipe: { name: text(0), hash: text(1) },
      source: text(2),
      backend: { name: text(3), device: text(4) },
      stages: summary.stages.map((stage, index) => ({ ...stage, name: text(index), task: text(index + 1) })),
      caches: summary.caches.map((cache) => ({ ...cache, path: text(5), decoder: text(6), digest: text(7) })),
    },
    exploration: {
      ...explorationOf(
        texts.flatMap((one, index) => [
          listingOf(`${one}${index}`, { product_type: one, color: one, [one]: one }, [one, text(index + 1)]),
          listingOf(`${one}-${index}`, { product_type: `${one}s`, brand: one }, [one]),
        ]),
      ),
      source: text(0),
    },
    duplicates: hostileDuplicates(texts),
    augmentation: { ...base.augmentation!, recipe: text(0) },
    provenance: {
      ...base.provenance,
      recipe: { ...base.provenance.recipe, name: text(1), description: text(2) },
      versions: texts.map((one, index) => [one, text(index + 1)] as const),
      command: text(3),
    },
    ledger: texts.map((one, index) => ({
      stage: one,
      task: text(index + 1),
      fate: text(index + 2),
      reason: text(index + 3),
      count: index + 1,
      examples: [text(index + 4), text(index + 5)],
    })),
    tasks: base.tasks.map((task) => ({
      ...task,
      name: text(0),
      classes: task.classes.map((one) => ({
        ...one,
        photos: one.photos.map((photo, index) => ({ ...photo, path: text(index) })),
      })),
      train: {
        ...task.train,
        history: task.train.history.map((one, index) => ({ ...one, phase: text(index) })),
      },
      evaluation: {
        ...task.evaluation,
        mistakes: task.evaluation.mistakes.map((one, index) => ({
          ...one,
          path: text(index),
          imageId: text(index + 1),
        })),
        right: task.evaluation.right.map((one, index) => ({ ...one, path: text(index) })),
        explained: task.evaluation.explained.map((one, index) => ({
          ...one,
          path: text(index),
          label: text(index + 1),
          predicted: text(index + 2),
          seen: one.seen.map((seen) => ({ ...seen, label: text(index + 3) })),
        })),
      },
    })),
  };
}

/** Groups whose ids, grounds and paths are these texts. */
function hostileDuplicates(texts: readonly string[]): DuplicatesReport {
  const base = duplicatesOf(join(folder, 'nowhere'));
  const text = (index: number) => texts[index % texts.length]!;
  const relation = (one: RelationReport): RelationReport => ({
    ...one,
    grounds: Object.fromEntries(texts.map((ground) => [ground, 1])),
    shown: one.shown.map((group) => ({
      ...group,
      representative: text(0),
      photos: group.photos.map(({ photo }, index) => ({ imageId: text(index), photo })),
      pairs: group.pairs.map((pair, index) => ({ ...pair, a: text(index), b: text(index + 1) })),
    })),
  });
  const { boilerplate } = base;
  const shown = boilerplate.shown.map((one) => ({ ...one, representative: text(1) }));
  return {
    same: relation(base.same),
    family: relation(base.family),
    boilerplate: { ...boilerplate, shown },
  };
}

/** What every object would have got from a text that was used as a key. */
function changedPrototype(): string[] {
  return [...Object.keys(Object.prototype), ...Object.keys(Object), ...Object.keys(Function.prototype)];
}

function expectHarmless(page: string, allowed: ReadonlySet<string>): void {
  const tags = readMarkup(page);
  for (const { name, attributes } of tags) {
    for (const word of [name, ...attributes.keys()])
      if (!allowed.has(word)) expect(word).toBe('a known word');
    const target = attributes.get('href') ?? '#';
    if (!target.startsWith('#')) expect(target).toMatch(/^https:\/\/(amazon-berkeley|creativecommons)/);
    expect(attributes.get('style') ?? '').not.toMatch(/evil|import|url/);
  }
  expect(tags.filter(({ name, closes }) => name === 'script' && !closes)).toHaveLength(1);
  expect(page).not.toMatch(/[^\P{Cc}\t\n]/u);
  expect(page).not.toMatch(/\p{Surrogate}/u);
  expect(changedPrototype()).toEqual([]);
}

it('keeps hostile text in its place, wherever it stands', async () => {
  const allowed = await vocabulary();
  const page = await written(everywhere(HOSTILE));
  expectHarmless(page, allowed);
  // The reader must be able to notice: the same text, unescaped, is found.
  expect(() => readMarkup(page.replace('&lt;script&gt;', '<script>'))).toThrow();
});

it('keeps any text in its place', async () => {
  const allowed = await vocabulary();
  const units = fc
    .array(fc.oneof(fc.constantFrom(...'<>"\'&/=; $`'), fc.integer({ min: 0, max: 0xffff })), {
      maxLength: 24,
    })
    .map((parts) => parts.map((one) => (typeof one === 'number' ? String.fromCharCode(one) : one)).join(''));
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(units, { minLength: 1, maxLength: 5 }), async (texts) => {
      expectHarmless(await written(everywhere(texts)), allowed);
    }),
    { numRuns: 15 },
  );
});

it('has every hostile class in its tables, with its own numbers', async () => {
  const labels = ['__proto__', 'constructor', '<b>', "'", '&amp;'];
  const page = await written(reportData({ labels, task: '__proto__' }));
  const rows = tableOf(page, 'Photos a class before and after the cap, by side');
  expect(rows.map(([label]) => label)).toEqual([...labels].sort());
  expect(rows.map((row) => row[2])).toEqual(labels.map(() => '12'));
  expect(sectionOf(page, 'summary')).toContain('<bdi>__proto__</bdi>');
});

it('shows no score for a task that the summary does not have', async () => {
  const data = reportData({ task: 'constructor' });
  const page = await written({ ...data, summary: { ...data.summary, tasks: {} } });
  expect(sectionOf(page, 'summary')).not.toContain('class="score"');
});

it('keeps text from turning the direction of what stands beside it', async () => {
  const turned = '\u202egnp.exe';
  const page = await written(reportData({ labels: [turned, 'B', 'C'] }));
  const outside = page
    .replace(/<svg[\s\S]*?<\/svg>/g, '')
    .replace(/<bdi>[^<]*<\/bdi>/g, '')
    .replace(/"[^"]*"/g, '');
  expect(page).toContain(`<bdi>${turned}</bdi>`);
  expect(outside).not.toContain('\u202e');
});
