import { createInterface } from 'node:readline';
import { Option } from 'commander';
import { createContext, type ResourceOptions } from '../context.js';
import { PipelineError } from '../errors.js';
import { BACKEND_CHOICES, type BackendChoice } from '../models/backends/backend.js';
import { percent } from '../percent.js';
import type { Demands } from '../predict/judge.js';
import type { Predictor } from '../predict/predictor.js';
import { loadRecipe } from '../recipe-file.js';
import { openSource, sourceAt } from '../sources/open.js';
import type { Source } from '../sources/source.js';
import type { RunContext } from '../stage.js';
import type { DumpPredictions } from '../steps/predict.js';
import type { PredictedPhoto } from '../steps/predict-photos.js';
import { iterate, observed } from '../streams.js';
import { parseBytes, parseInteger, parseShare } from './arguments.js';
import { type CommandDefinition, usageError } from './command.js';
import { precisionOption, rejectOption } from './demands.js';
import { examples } from './examples.js';
import { showProgress } from './progress.js';

interface PredictOptions extends ResourceOptions, Demands {
  model: string;
  source?: string;
  images?: string;
  recipe?: string;
  out?: string;
  views?: 'all' | 'main';
  backend: BackendChoice;
  json?: boolean;
  quiet?: boolean;
}

const EXAMPLES = examples(
  ['pipeline predict --model RUN/model photo.jpg', 'what a photo shows, as a line of JSON'],
  ['find . -name "*.jpg" | pipeline predict --model RUN/model - | jq .tasks.color.value', 'many of them'],
  [
    'pipeline predict --model RUN/model --source DUMP --out predictions.parquet --precision 0.98',
    'a catalogue’s values: 98 of 100 that are given are right',
  ],
);

export const predictCommand: CommandDefinition = (program, { signal }) => {
  program
    .command('predict')
    .argument('[photo...]', 'files of photos; -: their paths on stdin, one a line')
    .description('Photos, or all photos of a catalogue → values, with what they can be relied on')
    .addHelpText('after', EXAMPLES)
    .requiredOption('--model <dir>', 'RUN/model, a run, or one model’s folder in it')
    .option('--source <path>', 'a catalogue whose photos are predicted, instead of single ones')
    .option(
      '--recipe <file>',
      'says what kind of catalogue it is, and which views; default: as it looks, all',
    )
    .option('--images <dir>', 'of a catalogue of records: what its photos’ paths are relative to')
    .addOption(new Option('--views <which>', 'of a listing’s photos').choices(['all', 'main']))
    .option('--out <file>', 'with --source: .parquet, .jsonl, .jsonl.gz or .csv')
    .addOption(precisionOption())
    .addOption(rejectOption())
    .addOption(new Option('--backend <name>', 'what computes').choices(BACKEND_CHOICES).default('auto'))
    .option('--workers <n>', 'threads that decode and compute', parseInteger('--workers', 1))
    .option('--memory <size>', 'bytes that may be in flight, such as 512MB', parseBytes)
    .option(
      '--max-bad <share>',
      'largest share of bad photos, and of bad records of a stage',
      parseShare('--max-bad'),
    )
    .option('--json', 'with --source: print one JSON document; photos are JSON lines anyway')
    .option('-q, --quiet', 'no progress on stderr')
    .action(async (photos: string[], options: PredictOptions) => {
      if ((options.source === undefined) === (photos.length === 0))
        throw usageError(
          'Expected photos, or a catalogue as --source',
          '`pipeline predict --help` has examples.',
        );
      if ((options.source === undefined) !== (options.out === undefined))
        throw usageError('Expected --out FILE with --source, and only there', 'Single photos go to stdout.');
      const ofCatalogues = (['recipe', 'views', 'images'] as const).find(
        (name) => options[name] !== undefined,
      );
      if (options.source === undefined && ofCatalogues !== undefined)
        throw usageError(`Expected --${ofCatalogues} only with --source`, 'Photos are named as they are.');
      const { openPredictor } = await import('../predict/predictor.js');
      const context = createContext(options, { signal });
      const progress = showProgress(context.events, { quiet: options.quiet ?? false, verbose: false });
      try {
        const predictor = await openPredictor({
          model: options.model,
          backend: options.backend,
          threads: context.workers,
          signal,
        });
        try {
          if (options.source === undefined) return await predictPhotos(photos, predictor, options, context);
          const found = await predictCatalogue(options, predictor, context);
          progress.stop();
          process.stdout.write(
            options.json ? `${JSON.stringify(found, null, 2)}\n` : describe(found, options.out!),
          );
        } finally {
          await predictor.close();
        }
      } finally {
        progress.stop();
      }
    });
};

async function predictPhotos(
  photos: readonly string[],
  predictor: Predictor,
  { precision, reject }: Demands,
  context: RunContext,
): Promise<void> {
  const { predictedPhotos } = await import('../steps/predict-photos.js');
  const { writeJsonLines } = await import('../sinks/jsonl.js');
  const piped = photos.length === 1 && photos[0] === '-';
  const paths = piped ? linesOf(process.stdin) : iterate(photos);
  const total = piped ? {} : { total: photos.length };
  let whole = 0;
  let first: PredictedPhoto | undefined;
  const lines = predictedPhotos({ paths, ...total, predictor, demands: { precision, reject }, context });
  const watched = observed(lines, (line) => {
    first ??= line;
    if (!('error' in line)) whole += 1;
  });
  await writeJsonLines(watched, process.stdout);
  if (whole === 0 && first !== undefined && 'error' in first)
    throw new PipelineError(first.error.code, first.error.message, { key: first.photo });
}

/** Lines that hold anything. */
async function* linesOf(stream: NodeJS.ReadableStream): AsyncGenerator<string> {
  for await (const line of createInterface({ input: stream, crlfDelay: Infinity }))
    if (line !== '') yield line;
}

async function predictCatalogue(
  options: PredictOptions,
  predictor: Predictor,
  context: RunContext,
): Promise<DumpPredictions> {
  const { predictDump } = await import('../steps/predict.js');
  const recipe = options.recipe === undefined ? undefined : await loadRecipe(options.recipe, []);
  const place = {
    path: options.source!,
    ...(options.images !== undefined && { images: options.images }),
    signal: context.signal,
    events: context.events,
  };
  const source: Source = await (recipe === undefined ? sourceAt(place) : openSource(recipe.source, place));
  const { precision, reject } = options;
  const views = options.views ?? recipe?.views ?? 'all';
  return predictDump({
    source,
    predictor,
    demands: { precision, reject },
    views,
    out: options.out!,
    context,
  });
}

function describe({ rows, bad, leftOut, tasks, said }: DumpPredictions, out: string): string {
  const lines = Object.values(tasks).flatMap(({ accepted, uncertain, unknown, agree, differ }, index) => {
    const share = (count: number) => (rows === bad ? '0 %' : percent(count / (rows - bad)));
    const stated = agree + differ;
    return [
      said[index]!,
      `  ${accepted} values (${share(accepted)}), ${uncertain} uncertain, ${unknown} unknown photos`,
      ...(stated > 0
        ? [`  of ${stated} values that listings state as well, ${differ} differ from theirs`]
        : []),
    ];
  });
  const unread = bad === 0 ? '' : `, ${bad} of them of photos that cannot be read`;
  const left = Object.entries(leftOut).map(([reason, count]) => `${count} ${reason}`);
  return `${[
    ...lines,
    ...(left.length > 0 ? [`left out: ${left.join(', ')}`] : []),
    `${rows} rows${unread}: ${out}`,
  ].join('\n')}\n`;
}
