import { dirname } from 'node:path';
import { Option } from 'commander';
import { createContext } from '../context.js';
import { PipelineError } from '../errors.js';
import { BACKEND_CHOICES, type BackendChoice } from '../models/backends/backend.js';
import { percent } from '../percent.js';
import type { Gallery } from '../similar/gallery.js';
import type { Figure, GalleryScore } from '../similar/score.js';
import type { SimilarPhoto, SimilarQuery } from '../similar/similar-photos.js';
import type { RunContext } from '../stage.js';
import { collect, parseInteger } from './arguments.js';
import { type CommandDefinition, usageError } from './command.js';
import { examples } from './examples.js';
import { printable } from './printable.js';
import { showProgress } from './progress.js';

interface SimilarCommandOptions {
  model: string;
  image: string[];
  count: number;
  withFamily?: boolean;
  score?: boolean;
  queries: number;
  seed: number;
  backend: BackendChoice;
  json?: boolean;
  quiet?: boolean;
}

type Found = GalleryScore | { model: string; answers: Answer[] };

/** A photo with those that are like it. */
interface Answer {
  /** As it was named. */
  query: string;
  /** Which of the gallery's photos it is; absent where it is none of them. */
  imageId?: string;
  component?: string;
  similar: SimilarPhoto[];
}

const COUNT = 10;
/** Some minutes of searches among 400,000 photos. */
const QUERIES = 5000;

const EXAMPLES = examples(
  ['pipeline similar --model RUN/model photo.jpg', 'the catalogue’s photos that are most like one'],
  [
    'pipeline similar --model RUN/model --image 917gEs5SMdL --count 20 --with-family --json',
    'like one of its own, its own item’s photos too',
  ],
  ['pipeline similar --model RUN/model --score', 'how good these searches are'],
);

export const similarCommand: CommandDefinition = (program, { signal }) => {
  program
    .command('similar')
    .argument('[photos...]', 'photos of any kind')
    .description('The catalogue’s photos that are most similar to one, by a trained model')
    .addHelpText('after', EXAMPLES)
    .requiredOption('--model <dir>', 'RUN/model, or a model’s folder in it')
    .option('--image <id>', 'a photo of the catalogue, by its image id (repeatable)', collect, [])
    .option('--count <n>', 'at most so many', parseInteger('--count', 1), COUNT)
    .option('--with-family', 'finds photos of the same item or family too')
    .option('--score', 'searches for the catalogue’s test photos, and scores what is found')
    .option('--queries <n>', 'with --score: at most so many, drawn', parseInteger('--queries', 1), QUERIES)
    .option('--seed <n>', 'with --score: of that draw', parseInteger('--seed', 0), 1)
    .addOption(new Option('--backend <name>', 'what computes').choices(BACKEND_CHOICES).default('auto'))
    .option('--json', 'print JSON')
    .option('-q, --quiet', 'no progress on stderr')
    .action(async (photos: string[], options: SimilarCommandOptions) => {
      assertOneQuestion(photos, options);
      const { openGallery } = await import('../similar/gallery.js');
      const context = createContext({}, { signal });
      const progress = showProgress(context.events, { quiet: options.quiet ?? false });
      const gallery = await openGallery(options.model);
      try {
        const found: Found = options.score
          ? await scored(gallery, options, context)
          : await answers(gallery, photos, options, signal);
        progress.stop();
        const text = options.json ? `${JSON.stringify(found, null, 2)}\n` : printable(describe(found));
        process.stdout.write(text);
      } finally {
        progress.stop();
        await gallery.close();
      }
    });
};

function assertOneQuestion(photos: readonly string[], { image, score }: SimilarCommandOptions): void {
  const asked = photos.length + image.length > 0;
  if (asked !== (score ?? false)) return;
  throw usageError(
    asked ? 'Expected photos or --score but received both' : 'Expected photos, --image or --score',
    '`pipeline similar --help` has examples.',
  );
}

async function scored(
  gallery: Gallery,
  options: SimilarCommandOptions,
  { events, signal }: RunContext,
): Promise<GalleryScore> {
  const { scoreGallery } = await import('../similar/score.js');
  const { count, queries, seed } = options;
  const onProgress = (done: number, total: number) =>
    events.emit({ type: 'progress', stage: 'similar', done, total, unit: 'photos' });
  return scoreGallery(gallery, { count, queries, seed, signal, onProgress });
}

async function answers(
  gallery: Gallery,
  photos: readonly string[],
  { image, backend, ...options }: SimilarCommandOptions,
  signal: AbortSignal,
): Promise<{ model: string; answers: Answer[] }> {
  const { queryOfImage, similarPhotos } = await import('../similar/similar-photos.js');
  const queries: [string, SimilarQuery][] = image.map((id) => [id, queryOfImage(gallery, id)]);
  if (photos.length > 0) queries.push(...(await queriesOf(gallery, photos, { backend, signal })));
  return {
    model: gallery.model,
    answers: queries.map(([query, of]) => ({
      query,
      ...(of.index !== undefined && {
        imageId: gallery.photo(of.index).imageId,
        component: gallery.component(of.index),
      }),
      similar: similarPhotos(gallery, of, options),
    })),
  };
}

/** @throws {PipelineError} of the first photo that cannot be read. */
async function queriesOf(
  gallery: Gallery,
  photos: readonly string[],
  options: { backend: BackendChoice; signal: AbortSignal },
): Promise<[string, SimilarQuery][]> {
  const { openPredictor } = await import('../predict/predictor.js');
  const predictor = await openPredictor({ ...options, model: dirname(gallery.folder) });
  try {
    const predicted = await predictor.predict(photos, options);
    return predicted.map((found, row) => {
      if (found instanceof PipelineError) {
        const { code, message, hint } = found;
        throw new PipelineError(code, message, { key: photos[row]!, ...(hint && { hint }), cause: found });
      }
      const { embedding } = found.tasks.get(gallery.tasks[0]!)!;
      return [photos[row]!, { embedding, index: gallery.find(found.sha256) }];
    });
  } finally {
    await predictor.close();
  }
}

function describe(found: Found): string {
  const lines = 'answers' in found ? found.answers.flatMap(answerLines) : scoreLines(found);
  return `${lines.join('\n')}\n`;
}

function answerLines({ query, imageId, similar }: Answer): string[] {
  const known = imageId === undefined || imageId === query ? '' : ` (${imageId})`;
  const lines = similar.map(({ similarity, imageId: id, labels, items = [], path }) =>
    ['', similarity.toFixed(3), id, Object.values(labels).join(', '), items.join(', '), path].join('  '),
  );
  return [`${query}${known}`, ...lines];
}

function scoreLines({ model, count, side, labels, family }: GalleryScore): string[] {
  const tasks = Object.entries(labels).flatMap(([task, { precision, chance, macroPrecision, perClass }]) => [
    `precision@${count} by ${task}: ${figureText(precision)}; by chance ${percent(chance)}, mean over the classes ${percent(macroPrecision)}`,
    ...perClass.map(
      ({ label, queries, precision: own, trainPhotos }) =>
        `  ${percent(own).padStart(7)}  ${label}, ${queries} photos among ${trainPhotos} of the train side`,
    ),
  ]);
  return [
    `Photos of the ${side} side, by the embeddings of ${model}`,
    ...tasks,
    `recall@${count} of the same family: ${figureText(family)}`,
  ];
}

function figureText({ queries, mean, interval: [low, high] }: Figure): string {
  return `${percent(mean)} (95 %: ${percent(low)} to ${percent(high)}) of ${queries} photos`;
}
