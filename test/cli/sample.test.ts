import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PartialSummary } from '#src/summary.js';
import { pipeline, temporaryFolder } from '../fixtures.js';
import { absent, SAMPLE } from '../shared.js';

const RECIPE = join(fileURLToPath(new URL('../..', import.meta.url)), 'recipes/mobilenet.yaml');

describe.skipIf(absent(SAMPLE))('genuine photos', () => {
  let folder: { path: string; dispose(): Promise<void> };
  let summary: PartialSummary;
  beforeAll(async () => {
    folder = await temporaryFolder('sample');
    const { code, stderr } = await pipeline([
      'curate',
      '--recipe',
      RECIPE,
      '--source',
      SAMPLE,
      '--out',
      folder.path,
      '-q',
    ]);
    expect(stderr).toBe('');
    expect(code).toBe(0);
    summary = JSON.parse(await readFile(join(folder.path, 'summary.json'), 'utf8')) as PartialSummary;
  }, 120_000);
  afterAll(() => folder.dispose());

  it('are curated whole: 7,995 views, 21 classes, the caps of a plain count', () => {
    const of = (name: string) => summary.stages.find((stage) => stage.name === name)!;
    expect(of('parse')).toMatchObject({ in: 7995, out: 7995 });
    expect(of('join')).toMatchObject({ in: 7995, out: 7995, orphans: 0 });
    expect(of('deduplicate').quarantined).toBe(0);
    // 3,663 photos by id; same pictures among them are merged.
    const task = summary.tasks['product_type']!;
    expect(task.classes).toBe(21);
    expect(task.samples).toBeGreaterThan(3600);
    expect(task.samples).toBeLessThan(3663);
    expect(summary.synthetic).toBe(false);
  });

  it('are split in the shares that were asked for', () => {
    const { samples, splits } = summary.tasks['product_type']!;
    expect(splits.validation / samples).toBeCloseTo(0.1, 2);
    expect(splits.test / samples).toBeCloseTo(0.15, 2);
  });
});
