import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { pixelIdentity } from '#src/sinks/tensor-cache/identity.js';
import { writeCache } from '#src/sinks/tensor-cache/write.js';
import { temporaryFolder } from '../../fixtures.js';

/** A Python with numpy and with lmdb built as docs/cache-format.md says; LD_LIBRARY_PATH is what that needs. */
const python = process.env['ABO_PYTHON_LMDB'];
if (python === undefined) {
  console.warn('SKIPPED: caches are not read from Python (ABO_PYTHON_LMDB: see docs/cache-format.md)');
}

it.skipIf(python === undefined)('the reader of docs/cache-format.md reads every photo', async () => {
  const folder = await temporaryFolder('python');
  try {
    const identity = pixelIdentity({ height: 5, width: 4, fit: 'stretch', decoder: 'turbo' });
    const path = join(folder.path, 'cache-5-x');
    const writer = await writeCache(path, identity);
    const sums: number[] = [];
    for (let key = 0; key < 300; key++) {
      const pixels = Uint8Array.from({ length: 60 }, (_, at) => (key * 17 + at * 5) % 256);
      sums.push(pixels.reduce((sum, level, at) => sum + level * (at + 1), 0));
      await writer.put(key.toString(16).padStart(64, '0'), pixels);
    }
    await writer.close();
    const docs = await readFile(new URL('../../../docs/cache-format.md', import.meta.url), 'utf8');
    const reader = /```python\n(import glob, json, lmdb[\s\S]*?)```/.exec(docs)![1]!;
    const program = `${reader.replace('runs/demo/cache-*', `${folder.path}/cache-*`)}
weights = np.arange(1, 61).reshape(5, 4, 3)
print(json.dumps([int((photos[key].astype(int) * weights).sum()) for key in sorted(photos)]))`;
    const { stdout, stderr } = spawnSync(python!, ['-c', program], { encoding: 'utf8' });
    expect(stderr).toBe('');
    const [said, found] = stdout.trim().split('\n') as [string, string];
    expect(said).toBe('300 (5, 4, 3)');
    expect(JSON.parse(found)).toEqual(sums);
  } finally {
    await folder.dispose();
  }
});
