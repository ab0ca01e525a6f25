// Listing shards → views, in process and on one thread.
import { readdirSync, readFileSync } from 'node:fs';
import { join as joinPath } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { createContext } from '#src/context.js';
import { runStage } from '#src/stage.js';
import { explode } from '#src/stages/explode.js';
import { join } from '#src/stages/join.js';
import { parse } from '#src/stages/parse.js';
import { measure } from './measure.js';

export default async function listings({ root, source, listings: count }) {
  const context = createContext();
  const parsed = () => runStage(parse(), source.rows(context.signal), context);
  const views = () => runStage(explode({ views: 'all' }), parsed(), context);
  const images = () => source.images(context.signal);
  const joined = () =>
    runStage(join({ images, imagesRoot: source.imagesRoot, photos: 'stat' }), views(), context);
  await measure(
    'Listing shards → records',
    {
      'parse | explode | join': () => drain(joined(), count),
      'parse | explode': () => drain(views(), count),
      parse: () => drain(parsed(), count),
      'gunzip + JSON.parse a line': () => parseLines(joinPath(root, 'listings/metadata')),
    },
    { unit: 'listings/s' },
  );
}

async function drain(records, count) {
  for await (const _ of records);
  return count;
}

/** As little as reading the shards can be: whole shards in memory, nothing checked. */
function parseLines(folder) {
  let rows = 0;
  for (const name of readdirSync(folder).filter((file) => /^listings_.*\.json\.gz$/.test(file))) {
    for (const line of gunzipSync(readFileSync(joinPath(folder, name)))
      .toString()
      .split('\n')) {
      if (line === '') continue;
      try {
        JSON.parse(line);
      } catch {
        // A drawn dump has broken rows, which the stages meet too.
      }
      rows += 1;
    }
  }
  return rows;
}
