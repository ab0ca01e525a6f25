import { readFileSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import { PipelineError } from '../errors.js';
import type { BackendReport } from '../models/examine.js';
import { parseSeconds } from './arguments.js';
import { bytes } from './bytes.js';
import type { CommandDefinition } from './command.js';
import { examples } from './examples.js';

interface DoctorOptions {
  seconds: number;
  json?: boolean;
}

const EXAMPLES = examples(
  ['pipeline doctor', 'which backends train here, and how fast'],
  ['pipeline doctor --seconds 1 --json', 'quicker, for a program'],
);

export const doctorCommand: CommandDefinition = (program, { signal }) => {
  program
    .command('doctor')
    .description('Says which backends can train here, how fast, and what the others lack')
    .addHelpText('after', EXAMPLES)
    .option('--seconds <n>', 'how long each is measured', parseSeconds('--seconds'), 5)
    .option('--json', 'print one JSON document')
    .action(async ({ seconds, json }: DoctorOptions) => {
      const { backends } = await import('../models/backends/index.js');
      const { examineBackends } = await import('../models/examine.js');
      const { PROBE } = await import('../models/probe.js');
      const say = (text: string) => process.stdout.write(`${text}\n`);
      const machine = thisMachine();
      const width = Math.max(...backends.map(({ name }) => name.length));
      if (!json) {
        const { version, node, platform, cores, memoryBytes } = machine;
        say(`abo-pipeline ${version}, Node ${node}, ${platform}, ${cores} cores, ${bytes(memoryBytes)}\n`);
        say(row(width, ['', '', 'photos/s', 'training', 'memory', 'device']));
      }
      const reports: BackendReport[] = [];
      for await (const report of examineBackends(backends, { seconds, signal })) {
        reports.push(report);
        if (!json) say(describe(report, width));
      }
      const auto = reports.find(({ trains, emulated }) => trains && !emulated)?.name;
      if (json) {
        say(JSON.stringify({ backends: reports, auto: auto ?? null, machine, probe: PROBE }, null, 2));
      } else {
        const { network, size, batch } = PROBE;
        say(
          `\nPhotos a second: ${network}, ${size} × ${size}, batches of ${batch}, forward and in training.` +
            (auto === undefined ? '' : `\n--backend auto is ${auto} here.`),
        );
      }
      if (!reports.some(({ trains }) => trains)) {
        throw new PipelineError('BACKEND_UNAVAILABLE', 'Expected a backend that trains but none does here', {
          hint: 'What each of them lacks stands above.',
        });
      }
    });
};

function thisMachine() {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  return {
    version,
    node: process.version,
    platform: `${process.platform}-${process.arch}`,
    cores: availableParallelism(),
    memoryBytes: totalmem(),
  };
}

/** A backend's row, and below it what it lacks. */
function describe(report: BackendReport, width: number): string {
  const { name, available, trains, why, hint, device, version } = report;
  const state = trains ? 'trains' : available ? 'predicts' : 'no';
  const numbers = [report.imagesPerSecond, report.trainedImagesPerSecond].map((n) =>
    n === undefined ? '' : n.toFixed(n < 10 ? 1 : 0),
  );
  const memory = report.memoryBytes === undefined ? '' : bytes(report.memoryBytes);
  const lines = [row(width, [name, state, ...numbers, memory, [device, version].filter(Boolean).join('; ')])];
  if (why !== undefined) lines.push(`${' '.repeat(width + 2)}${why}`);
  if (hint !== undefined) lines.push(`${' '.repeat(width + 2)}→ ${hint}`);
  return lines.join('\n');
}

function row(width: number, [name, state, forward, training, memory, device]: string[]): string {
  return [
    name!.padEnd(width),
    state!.padEnd(8),
    forward!.padStart(8),
    training!.padStart(8),
    memory!.padStart(8),
    device,
  ]
    .join('  ')
    .trimEnd();
}
