import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { Option } from 'commander';
import { EXPORT_FORMATS, type ExportFormat } from '../exported.js';
import { MODEL_FORMATS, type ModelFormat } from '../models/export/formats.js';
import { parseInteger } from './arguments.js';
import { type CommandDefinition, usageError } from './command.js';
import { examples } from './examples.js';
import { withProgress } from './progress.js';

interface ExportCommandOptions {
  format: ExportFormat | ModelFormat;
  out: string;
  task?: string;
  image?: 'png' | 'jpg';
  shardSize?: number;
  workers: number;
  json?: boolean;
  quiet?: boolean;
}

const EXAMPLES = examples(
  ['pipeline export RUN/cache-48-* --format webdataset --out SHARDS', 'a cache’s photos, labels and sides'],
  ['pipeline export RUN --format onnx --out MODEL', 'a run’s model, with its card'],
);

export const exportCommand: CommandDefinition = (program, { signal }) => {
  program
    .command('export')
    .argument(
      '<cache|model>',
      'a pixel cache (a folder with data.mdb), a run, RUN/model, or one model’s folder in it',
    )
    .description('A tensor cache’s photos, labels and sides, or a trained model → another format')
    .addHelpText('after', EXAMPLES)
    .addOption(
      new Option('--format <name>', `of a cache: ${EXPORT_FORMATS.join(', ')}; of a model: the others`)
        .choices([...EXPORT_FORMATS, ...MODEL_FORMATS])
        .makeOptionMandatory(),
    )
    .requiredOption('--out <dir>', 'the folder to write')
    .option('--task <task[/hash]>', 'whose samples or model, where there are several')
    .addOption(
      new Option('--image <name>', 'how a cache’s photos are encoded (default: png)').choices(['png', 'jpg']),
    )
    .option('--shard-size <n>', 'most photos of a shard (default: 1000)', parseInteger('--shard-size', 1))
    .option(
      '--workers <n>',
      'photos encoded at once, as many as there are cores',
      parseInteger('--workers', 1),
      availableParallelism(),
    )
    .option('--json', 'print JSON')
    .option('-q, --quiet', 'no progress on stderr')
    .action(async (from: string, { json, format, ...options }: ExportCommandOptions) => {
      const [summary, text] = isModelFormat(format)
        ? await exportedModel(from, { ...options, format, signal })
        : await exportedCache(from, { ...options, format, signal });
      process.stdout.write(json ? `${JSON.stringify(summary, null, 2)}\n` : `${text}\n`);
    });
};

type Asked<Format> = Omit<ExportCommandOptions, 'format' | 'json'> & { format: Format; signal: AbortSignal };

const isModelFormat = (format: string): format is ModelFormat =>
  (MODEL_FORMATS as readonly string[]).includes(format);
const isCache = (folder: string) => existsSync(join(folder, 'data.mdb'));

async function exportedCache(cache: string, asked: Asked<ExportFormat>): Promise<[object, string]> {
  if (!isCache(cache)) {
    throw usageError(
      `Expected a tensor cache at ${cache}`,
      `It is a folder with data.mdb, such as RUN/cache-48-031b296d. A model can be exported as ${MODEL_FORMATS.join(', ')}.`,
    );
  }
  const { exportCache } = await import('../steps/export.js');
  const { quiet, ...request } = asked;
  const summary = await withProgress(quiet, (events) => exportCache({ ...request, cache, events }));
  const { out, samples, task, sides } = summary;
  const parts = Object.entries(sides).map(([side, count]) => `${side} ${count}`);
  return [summary, `${out}: ${samples} photos of ${task} (${parts.join(', ')})`];
}

async function exportedModel(model: string, asked: Asked<ModelFormat>): Promise<[object, string]> {
  const { format, out, task, image, shardSize, signal } = asked;
  if (isCache(model)) {
    throw usageError(
      `Expected a model or a run at ${model}`,
      `A cache can be exported as ${EXPORT_FORMATS.join(', ')}.`,
    );
  }
  if (image !== undefined || shardSize !== undefined) {
    throw usageError(`Expected neither --image nor --shard-size with ${format}: a model has no photos`);
  }
  const { exportModel } = await import('../steps/export-model.js');
  const summary = await exportModel({ model, format, out, signal, ...(task !== undefined && { task }) });
  const card = summary.evaluated ? 'with its figures' : 'not evaluated';
  return [summary, `${out}: ${summary.network} for ${summary.classes} classes of ${summary.task}, ${card}`];
}
