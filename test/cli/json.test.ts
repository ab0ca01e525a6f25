import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { recipeJsonSchema } from '#src/recipe.js';
import { jsonLines, listing, pipeline, temporaryFolder } from '../fixtures.js';

let folder: { path: string; dispose(): Promise<void> };
beforeAll(async () => {
  folder = await temporaryFolder('json');
});
afterAll(() => folder.dispose());

describe('--json', () => {
  it('of a filter is its account, a line on stderr; what it passes on is the same', async () => {
    const rows = [listing('A', 'SHOES', 'a'), listing('B', 'SHOES', 'b'), { item_id: 3 }];
    const input = rows.map((row) => `${JSON.stringify(row)}\n`).join('');
    const [json, text] = await Promise.all([
      pipeline(['parse', '--json'], { input }),
      pipeline(['parse'], { input }),
    ]);
    expect(json).toMatchObject({ code: 0, stdout: text.stdout });
    const [account, ...more] = jsonLines(json.stderr);
    expect(more).toEqual([]);
    expect(account).toMatchObject({ name: 'parse', in: 3, out: 2, quarantined: 1 });
    expect(account).toMatchObject({
      reasons: [{ fate: 'quarantined', reason: 'item-id-missing', count: 1 }],
    });
    expect(text.stderr).toContain('parse: 3 in, 2 out, 1 quarantined\n  1 quarantined item-id-missing: ');
    expect((await pipeline(['parse', '--json', '-q'], { input })).stderr).toBe('');
  });

  it('of clean names the outputs that are removed', async () => {
    const run = join(folder.path, 'run');
    await mkdir(join(run, 'cache-48-00000000'), { recursive: true });
    const step = { hash: 'a', outputs: ['photos.parquet'], seconds: 1, result: null };
    await writeFile(
      join(run, 'manifest.json'),
      JSON.stringify({ schemaVersion: 1, steps: { curate: step }, current: ['curate'] }),
    );
    const { code, stdout, stderr } = await pipeline(['clean', run, '--dry-run', '--json']);
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual({ run, dryRun: true, outputs: ['cache-48-00000000'] });
  });

  it('of backend list is what is installed and where', async () => {
    const env = { XDG_CACHE_HOME: folder.path };
    const list = await pipeline(['backend', 'list', '--json'], { env });
    expect(JSON.parse(list.stdout)).toMatchObject({ installed: [] });
    const { code, stderr } = await pipeline(['backend', 'remove', 'tensorflow', '--json'], { env });
    expect(code).toBe(2);
    expect(stderr).toMatch(/^USAGE: /);
  });

  it('of schema changes nothing', async () => {
    const { stdout } = await pipeline(['schema', '--json']);
    expect(JSON.parse(stdout)).toEqual(JSON.parse(JSON.stringify(recipeJsonSchema())));
  });
});
