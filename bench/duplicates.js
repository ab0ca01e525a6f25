// Same picture, as shipped: recall of the genuine photos' re-encoded twins, whether what is merged is one picture, and the
// time that it takes beside czkawka's, each a process that reads, decodes, hashes, searches and prints.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createContext } from '#src/context.js';
import { recipeSchema } from '#src/recipe.js';
import { photosIn } from '#src/sources/photo-folders.js';
import { findDuplicates } from '#src/steps/duplicates.js';
import { judge, judgedPhotos } from './judge.js';
import { measure } from './measure.js';

const { signal } = new AbortController();
const BIN = fileURLToPath(new URL('../bin/pipeline', import.meta.url));
/** Its settings of ../shared/peers.md: the threshold with the best F1, and no file too small. */
const CZKAWKA = ['-g', 'Gradient', '-z', 'Lanczos3', '-c', '16', '-s', '8', '-m', '1', '-H', '-N', '-M'];

/** Every pair inside each group of a relation, by the photos' indices. */
export function pairsInside(groups, relation, indexOf) {
  return groups
    .filter((group) => group.relation === relation)
    .flatMap(({ images }) =>
      images.flatMap((a, at) => images.slice(at + 1).map((b) => [indexOf.get(a), indexOf.get(b)])),
    );
}

const twinsFolder = () => resolve(process.env.ABO_SHARED ?? '../shared', 'near-duplicates');

/** @returns undefined, loudly, where the twins are absent. */
export async function scoreTwins(root) {
  const twins = twinsFolder();
  if (!existsSync(twins)) {
    console.log(`\nSKIPPED the score of duplicates: no twins at ${twins} (set ABO_SHARED)`);
    return undefined;
  }
  const files = await photosIn([join(root, 'images/small'), twins], signal);
  const indexOf = new Map(files.map((file, index) => [file, index]));
  const truth = files.flatMap((file, index) => {
    if (!file.startsWith(twins)) return [];
    const name = basename(file);
    return [[indexOf.get(join(root, 'images/small', name.slice(0, 2), name)), index]];
  });
  const { same, family } = recipeSchema.shape.deduplicate.parse({});
  const started = performance.now();
  const found = await findDuplicates(files, { same, family }, createContext());
  const seconds = (performance.now() - started) / 1000;
  const judged = judge(await judgedPhotos(files), truth);
  return { files, truth, found, indexOf, judged, seconds };
}

export default async function duplicates({ root, synthetic, folder }) {
  const scored = synthetic ? undefined : await scoreTwins(root);
  if (scored === undefined) return;
  const { files, truth, found, indexOf, judged, seconds } = scored;
  console.log(
    `\nDuplicates: ${files.length} photos with ${truth.length} true twins, ${seconds.toFixed(1)} s`,
  );
  for (const relation of ['same', 'family']) {
    const { recall, pairs, strict, lenient, f1 } = judged.score(pairsInside(found.groups, relation, indexOf));
    const figures = Object.entries({ recall, strict, lenient, f1 }).map(
      ([name, value]) => `${name} ${value.toFixed(4)}`,
    );
    console.log(`  ${relation.padEnd(6)} ${pairs} pairs, ${figures.join(', ')}`);
  }
  await beside([join(root, 'images/small'), twinsFolder()], files.length, join(folder, 'czkawka.json'));
}

/** Whole processes in turn: ours with its pixels' confirmation, czkawka without. */
async function beside(folders, photos, out) {
  const threads = String(availableParallelism());
  const run = (command, args) => {
    const { status, error, stderr } = spawnSync(command, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    if (error) throw error;
    // czkawka ends with 11 where it found something.
    if (status !== 0 && status !== 11) throw new Error(`${command} ended with ${status}: ${stderr}`);
    return photos;
  };
  const czkawka = process.env.ABO_CZKAWKA ?? 'czkawka_cli';
  const asked = folders.flatMap((folder) => ['-d', folder]);
  const there = spawnSync(czkawka, ['--version']).status === 0;
  if (!there) console.log(`\nSKIPPED the peer czkawka: no ${czkawka} (ABO_CZKAWKA names another)`);
  const children = { cpu: childrenCpu };
  await measure(
    `The same ${photos} photos, ${threads} threads`,
    {
      'abo-pipeline': {
        work: () =>
          run(process.execPath, [BIN, 'duplicates', ...folders, '--json', '-q', '--workers', threads]),
        ...children,
      },
      ...(there && {
        czkawka: {
          work: () => run(czkawka, ['image', ...asked, ...CZKAWKA, '-T', threads, '-C', out]),
          ...children,
        },
      }),
    },
    { warm: true },
  );
}

/** What this process's ended children have used of the processor, in milliseconds; 0 where the system does not tell. */
function childrenCpu() {
  if (!existsSync('/proc/self/stat')) return 0;
  // Fields 16 and 17 behind the name in brackets: hundredths of a second.
  const fields = readFileSync('/proc/self/stat', 'utf8').split(') ')[1].split(' ');
  return 10 * (Number(fields[13]) + Number(fields[14]));
}
