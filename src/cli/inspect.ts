import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { CacheIdentity, PixelIdentity } from '../sinks/tensor-cache/cache.js';
import { telling } from '../telling.js';
import { type CommandDefinition, usageError } from './command.js';
import { examples } from './examples.js';
import { printable } from './printable.js';
import { withProgress } from './progress.js';

interface InspectOptions {
  digest?: boolean;
  verify?: boolean;
  compact?: boolean;
  json?: boolean;
  quiet?: boolean;
}

const EXAMPLES = examples(
  ['pipeline inspect RUN/cache-48-*', 'what a cache holds'],
  ['pipeline inspect RUN/cache-48-* --verify --digest', 'checks every photo; a digest to compare caches by'],
);

export const inspectCommand: CommandDefinition = (program) => {
  program
    .command('inspect')
    .argument('<cache>', 'a tensor cache: a folder with data.mdb')
    .description('Says what a tensor cache holds')
    .addHelpText('after', EXAMPLES)
    .option('--digest', 'print the sha256 of its contents')
    .option('--verify', 'recompute every checksum')
    .option('--compact', 'first rewrite it without the holes that removed photos left')
    .option('--json', 'print JSON')
    .option('-q, --quiet', 'no progress on stderr')
    .action(async (path: string, { digest, verify, compact, json, quiet }: InspectOptions) => {
      if (!existsSync(join(path, 'data.mdb'))) throw usageError(`Expected a tensor cache at ${path}`);
      const { openCache } = await import('../sinks/tensor-cache/open.js');
      if (compact) {
        const { compactCache } = await import('../sinks/tensor-cache/compact.js');
        await withProgress(quiet, (events) => compactCache(path, events));
      }
      const cache = openCache(path);
      try {
        const told = { unit: 'photos', total: cache.length };
        const checked = await withProgress(quiet, async (events) => ({
          verified: verify && (await cache.verify(telling(events, { stage: 'check', ...told }))),
          digest: digest && (await cache.digest(telling(events, { stage: 'digest', ...told }))),
        }));
        const found = {
          path,
          identity: cache.identity,
          records: cache.length,
          bytes: statSync(join(path, 'data.mdb')).size,
          ...(checked.digest && { digest: checked.digest }),
          ...(checked.verified && { verified: true, ...checked.verified }),
        };
        process.stdout.write(json ? `${JSON.stringify(found, null, 2)}\n` : printable(describe(found)));
      } finally {
        await cache.close();
      }
    });
};

function describe(found: {
  identity: CacheIdentity;
  records: number;
  bytes: number;
  digest?: string;
  verified?: boolean;
  sealed?: boolean;
}): string {
  const { identity, records, bytes, digest, verified, sealed } = found;
  const what =
    identity.kind === 'pixels'
      ? `${records} ${identity.view ? 'views' : 'photos'}, ${identity.height} × ${identity.width} × 3 uint8${identity.storage === 'jpeg' ? ` as JPEG (${identity.versions.storage})` : ''}, ${identity.fit}, ${identity.versions.decoder}, ${identity.versions.resize}${viewOf(identity)}`
      : `${records} vectors of ${identity.length} float32: ${identity.network} ${identity.layer}, weights ${identity.weights.slice(0, 8)}, pixels ${identity.pixels}${identity.view > 0 ? `, view ${identity.view}` : ''}`;
  const lines = [what, `${bytes} bytes on disk`];
  if (digest !== undefined) lines.push(`digest ${digest}`);
  if (verified) lines.push('every checksum is right');
  if (sealed === false) {
    lines.push('names and samples have no seal: a writer is at work or was killed; building again makes one');
  }
  return `${lines.join('\n')}\n`;
}

/** Which view of each photo is stored, and how it was drawn. */
function viewOf({ view, versions }: PixelIdentity): string {
  if (view === undefined) return '';
  const { number, seed, augmentation } = view;
  return `\nview ${number} of each photo, seed ${seed}, ${versions.augment}: ${JSON.stringify(augmentation)}`;
}
