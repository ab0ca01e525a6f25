import { CHECKS, type Finding, LEAKS } from '../audit/findings.js';
import type { Verification } from '../audit/verify.js';
import { createContext } from '../context.js';
import { PipelineError } from '../errors.js';
import { parseInteger } from './arguments.js';
import { paintedStates } from './colours.js';
import type { CommandDefinition } from './command.js';
import { examples } from './examples.js';
import { printable } from './printable.js';
import { showProgress } from './progress.js';

interface VerifyOptions {
  source?: string;
  photos: boolean;
  workers?: number;
  json?: boolean;
  quiet?: boolean;
}

/** Findings of one check that are told as text; JSON has all. */
const TOLD = 10;

const EXAMPLES = examples(
  ['pipeline verify RUN', 'does anything cross the split?'],
  ['pipeline verify RUN --no-photos --json', 'without reading photos, for a program'],
);

export const verifyCommand: CommandDefinition = (program, { signal }) => {
  program
    .command('verify')
    .argument('<run>', 'a run folder')
    .description('Proves by what a run wrote that nothing crosses a split and that its accounts add up')
    .addHelpText('after', EXAMPLES)
    .option('--source <dir>', 'the dump, where it no longer lies where the run found it')
    .option('--no-photos', 'does not look at the photos on the disk')
    .option('--workers <n>', 'threads for pixels', parseInteger('--workers', 1))
    .option('--json', 'print JSON')
    .option('-q, --quiet', 'no progress on stderr')
    .action(async (path: string, { source, photos, workers, json, quiet }: VerifyOptions) => {
      const { verifyRun } = await import('../audit/verify.js');
      const { dumpOfRun } = await import('../audit/dump-of-run.js');
      const { readRun } = await import('../audit/run-files.js');
      const context = createContext(workers === undefined ? {} : { workers }, { signal });
      const progress = showProgress(context.events, { quiet: quiet ?? false });
      let result: Verification;
      try {
        const dump = photos
          ? await dumpOfRun(await readRun(path), { dir: source, without: '--no-photos', signal })
          : undefined;
        result = await verifyRun({ run: path, imagesRoot: dump?.imagesRoot, context });
      } finally {
        progress.stop();
      }
      process.stdout.write(
        json
          ? `${JSON.stringify(result, null, 2)}\n`
          : paintedStates(printable(describe(result)), process.stdout),
      );
      if (!result.sound) throw failure(result);
    });
};

function failure({ leaks, findings }: Verification): PipelineError {
  const [most, count] = leaks > 0 ? ['crosses a split', leaks] : ['is amiss', findings.length];
  return new PipelineError('VERIFICATION_FAILED', `Expected that nothing ${most} but found ${count}`, {
    hint: '`pipeline why RUN IMAGE` tells how each of those above came to its side.',
  });
}

function describe({ run, samples, tasks, checks, findings, splitBy, sound }: Verification): string {
  const lines = [`${run}: ${samples} samples of ${tasks.join(', ')}`];
  for (const { check, looked, found, note } of checks) {
    const state = found > 0 ? (LEAKS.has(check) ? 'LEAK' : 'FAIL') : looked === 0 ? '-' : 'ok';
    const counted = found > 0 ? `${found} of ${looked}` : `${looked}`;
    lines.push(`${state.padEnd(5)} ${CHECKS[check]} (${counted}${note === undefined ? '' : `; ${note}`})`);
    const own = findings.filter((finding) => finding.check === check);
    for (const finding of own.slice(0, TOLD)) lines.push(...told(finding));
    if (own.length > TOLD) lines.push(`      and ${own.length - TOLD} more: --json has them all`);
  }
  const leaky = Object.entries(splitBy).filter(([, by]) => by === 'image');
  for (const [task] of leaky)
    lines.push(`${task} was split by image, as its recipe asks: such a split leaks.`);
  if (sound) lines.push('Nothing crosses a split, and everything adds up.');
  return `${lines.join('\n')}\n`;
}

function told({ key, message, photos = [] }: Finding): string[] {
  const where = photos.map(
    ({ imageId, path, task, side }) => `        ${side}: ${imageId} ${path} (${task})`,
  );
  return [`      ${photos.length > 0 ? '' : `${key}: `}${message}`, ...where];
}
