import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import type { StageCounts } from '#src/events.js';
import { EXPLORATION_DEFAULTS } from '#src/explore/defaults.js';
import { type Exploration, exploration } from '#src/explore/exploration.js';
import { cohenKappa, macroF1, perClassMetrics, weightedF1 } from '#src/models/metrics.js';
import { rightOf } from '#src/models/shown.js';
import { uniform } from '#src/random.js';
import { parseRecipe } from '#src/recipe-file.js';
import { type Listing, type Sample, SIDES } from '#src/records.js';
import type { EpochRecord, EvaluationResult, TrainResult } from '#src/results.js';
import { type ReportData, taskReport } from '#src/sinks/report/data.js';
import type { DuplicatesReport } from '#src/sinks/report/duplicates.js';
import type { TaskSummary } from '#src/summary.js';

export const LABELS = ['CHAIR', 'LAMP', 'RUG', 'SHOES', 'SOFA', 'TABLE'];

/** What differs between the reports that tests make; the rest follows from it. */
export interface ReportChoices {
  labels?: readonly string[];
  epochs?: number;
  validated?: boolean;
  mistakes?: number;
  /** Whether the samples were curated from a dump: else they were given, without counts, exploration, duplicates and stages. */
  curated?: boolean;
  synthetic?: boolean;
  task?: string;
  /** Where the photos lie; they need not exist. */
  folder?: string;
}

/** A JPEG of 8 × 4 pixels. */
const SHEET =
  '/9j/2wBDABQODxIPDRQSEBIXFRQYHjIhHhwcHj0sLiQySUBMS0dARkVQWnNiUFVtVkVGZIhlbXd7gYKBTmCNl4x9lnN+gXz/2wBDARUXFx4aHjshITt8U0ZTfHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHz/wAARCAAEAAgDASIAAhEBAxEB/8QAFQABAQAAAAAAAAAAAAAAAAAAAAL/xAAUEAEAAAAAAAAAAAAAAAAAAAAA/8QAFQEBAQAAAAAAAAAAAAAAAAAAAwX/xAAUEQEAAAAAAAAAAAAAAAAAAAAA/9oADAMBAAIRAxEAPwCgAqb/2Q==';

const RECIPE = parseRecipe(`
name: demo
tasks: { product_type: {} }
model: { network: small-cnn, phases: [{ train: all, epochs: 2 }] }
`);

/** Draws a photo, lying, standing or square as `index` says. */
export async function drawPhoto(file: string, index: number): Promise<void> {
  await mkdir(join(file, '..'), { recursive: true });
  const [width, height] = index % 3 === 0 ? [200, 120] : index % 3 === 1 ? [90, 200] : [160, 160];
  const hue = (index * 47) % 360;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><rect width="100%" height="100%" fill="#fff"/><ellipse cx="50%" cy="50%" rx="38%" ry="30%" fill="hsl(${hue} 60% 50%)"/></svg>`;
  await sharp(Buffer.from(svg)).jpeg().toFile(file);
}

/** Every photo that a report of these choices may show. */
export function photoFiles(data: ReportData): string[] {
  const files = data.tasks.flatMap(({ classes, evaluation }) => [
    ...classes.flatMap(({ photos }) => photos.map(({ file }) => file)),
    ...[...evaluation.mistakes, ...evaluation.right].map(({ file }) => file),
  ]);
  const { same, family, boilerplate } = data.duplicates ?? duplicatesOf('/nowhere');
  const shown = [...[...same.shown, ...family.shown].flatMap(({ photos }) => photos), ...boilerplate.shown];
  return [...new Set([...files, ...shown.flatMap(({ photo }) => photo?.file ?? [])])];
}

/** A whole report's data, consistent in itself: confusion, table, counts and account agree. */
export function reportData(choices: ReportChoices = {}): ReportData {
  const { curated = true, synthetic = false, task = 'product_type', folder = '/nowhere' } = choices;
  const labels = [...(choices.labels ?? LABELS)].sort((a, b) => (a < b ? -1 : 1));
  const samples = drawnSamples(labels, task, choices.validated ?? true, folder);
  const evaluation = evaluationOf(labels, samples, choices.mistakes ?? 30);
  const train = trainOf(labels, choices.epochs ?? 8, choices.validated ?? true);
  const natural = Object.fromEntries(labels.map((label, index) => [label, 12 + index * index * 3]));
  return {
    summary: {
      schemaVersion: 1,
      recipe: { name: 'demo', hash: '0123456789abcdef0123456789abcdef' },
      source: 'dump/listings',
      synthetic,
      seconds: 171.4,
      peakMemoryBytes: 873_000_000,
      backend: { name: 'wasm', device: '2 threads, SIMD' },
      stages: curated ? STAGES : [],
      caches: [
        {
          path: 'cache/photos-224-1f2e3d4c.lmdb',
          records: samples.length,
          bytes: 5_512_345,
          height: 224,
          width: 224,
          decoder: 'turbo',
          digest: 'ab'.repeat(32),
        },
      ],
      tasks: Object.fromEntries([[task, taskSummary(samples, evaluation, train, curated)]]),
    },
    sourceKind: 'abo',
    ...(curated && { exploration: explorationOf(EXPLORED), duplicates: duplicatesOf(folder) }),
    ledger: curated ? LEDGER : [],
    ...(curated && {
      augmentation: {
        jpeg: Buffer.from(SHEET, 'base64'),
        height: 404,
        width: 804,
        photos: 4,
        views: 7,
        recipe: 'flip:horizontal',
      },
    }),
    provenance: {
      recipe: RECIPE,
      versions: [['abo-pipeline', '0.1.0']],
      command: 'pipeline run --recipe recipe.json --source /dump --backend wasm --out ../again',
    },
    tasks: [
      taskReport({
        name: task,
        samples,
        ...(curated && { natural }),
        train,
        evaluation,
        fileOf: (path) => join(folder, path),
        pixelsOf: () => ({ height: 8, width: 8, values: new Uint8Array(192).fill(200) }),
      }),
    ],
  };
}

function drawnSamples(labels: readonly string[], task: string, validated: boolean, folder: string): Sample[] {
  return labels.flatMap((label, index) =>
    Array.from({ length: 12 }, (_, photo): Sample => {
      const imageId = `${String(index).padStart(3, '0')}-${String(photo).padStart(2, '0')}`;
      const path = `${imageId.slice(0, 2)}/${imageId}.jpg`;
      const side = photo < 6 || (photo < 8 && !validated) ? 'train' : photo < 8 ? 'validation' : 'test';
      return {
        path,
        file: join(folder, path),
        label,
        component: `${index}-${photo >> 1}`,
        imageId,
        sha256: String((photo * 7919) % 9973).padStart(64, '0'),
        task,
        split: side,
      };
    }),
  );
}

function evaluationOf(labels: readonly string[], samples: readonly Sample[], most: number): EvaluationResult {
  const tested = samples.filter(({ split }) => split === 'test');
  const predicted = tested.map(({ label }, index) =>
    most > 0 && uniform('wrong', index) < 0.5
      ? labels[Math.floor(uniform('label', index) * labels.length)]!
      : label,
  );
  const confusion = labels.map(() => labels.map(() => 0));
  tested.forEach(({ label }, index) => {
    confusion[labels.indexOf(label)]![labels.indexOf(predicted[index]!)]! += 1;
  });
  const right = tested.filter(({ label }, index) => predicted[index] === label).length;
  const accuracy = right / tested.length;
  const scored = tested.map(({ imageId, path, label }, index) => ({
    imageId,
    path,
    label,
    predicted: predicted[index]!,
    probability: 0.99 - index / 10_000,
  }));
  return {
    side: 'test',
    classes: [...labels],
    samples: tested.length,
    accuracy,
    accuracyInterval: [Math.max(0, accuracy - 0.07), Math.min(1, accuracy + 0.06)],
    naturalAccuracy: accuracy * 0.98,
    top5: Math.min(1, accuracy + 0.1),
    macroF1: macroF1(confusion),
    macroF1Interval: [0.4, 0.6],
    weightedF1: weightedF1(perClassMetrics(confusion, labels)),
    kappa: cohenKappa(confusion),
    calibration: {
      ece: 0.043,
      bins: Array.from({ length: 15 }, (_, index) => ({
        samples: 3 * index,
        accuracy: index / 15,
        confidence: (index + 0.5) / 15,
      })),
    },
    eceBefore: 0.071,
    loss: 0.714,
    perClass: perClassMetrics(confusion, labels),
    confusion,
    mistakes: scored.filter((one) => one.label !== one.predicted).slice(0, most),
    right: rightOf(scored),
    explained: scored.slice(0, 4).map((one) => ({
      ...one,
      seen: [...new Set([one.predicted, one.label])].map((label) => ({
        label,
        height: 2,
        width: 2,
        heat: Buffer.of(0, 100, 255, 50).toString('base64'),
      })),
    })),
  };
}

function trainOf(labels: readonly string[], epochs: number, validated: boolean): TrainResult {
  const history = Array.from({ length: epochs }, (_, index): EpochRecord => {
    const loss = 2.4 * 0.75 ** index + 0.2;
    return {
      phase: index < epochs - 2 ? 'head' : 'last 12',
      epoch: index + 1,
      learningRate: 0.001,
      loss,
      accuracy: 1 - loss / 3,
      trainLoss: 0.9 * loss,
      trainAccuracy: 1 - loss / 4,
      trainPhotos: 250,
      ...(validated && {
        validationLoss: loss + 0.02 * index + 0.1,
        validationAccuracy: 1 - (loss + 0.02 * index + 0.1) / 3,
        validationTop5: 0.97,
        validationMacroF1: 0.61,
        overfitting: (loss + 0.02 * index + 0.1) / 3 - loss / 4,
      }),
      seconds: 3.2,
    };
  });
  return {
    classes: [...labels],
    model: {
      network: 'mobilenet',
      head: { units: [128], dropout: 0.2, labelSmoothing: 0.1 },
      phases: [
        { train: 'head', epochs, optimizer: 'adam', learningRate: 0.001 },
        { train: { last: 12 }, epochs: 2, optimizer: 'sgd', learningRate: 0.0001 },
      ],
      batchSize: 32,
    },
    parameters: { trained: 24_576, fixed: 1_832_976 },
    history,
    keptEpoch: validated ? Math.max(1, epochs - 1) : epochs,
    temperature: validated ? 1.213 : 1,
    backends: ['wasm'],
    seconds: 3.2 * epochs,
    waitShare: 0.034,
  };
}

function taskSummary(
  samples: readonly Sample[],
  evaluation: EvaluationResult,
  train: TrainResult,
  curated: boolean,
): TaskSummary {
  const { accuracy, accuracyInterval, naturalAccuracy, top5, macroF1, macroF1Interval, loss } = evaluation;
  const { weightedF1, kappa, calibration, eceBefore } = evaluation;
  const sides = SIDES.map((side) => [side, samples.filter(({ split }) => split === side).length]);
  return {
    classes: train.classes.length,
    samples: samples.length,
    splits: Object.fromEntries(sides),
    shares: { train: 0.5, validation: 0.2, test: 0.3 },
    ...(curated && { sharesAsked: { train: 0.75, validation: 0.1, test: 0.15 } }),
    twins: { train: 0, validation: 0, test: 0 },
    splitBy: curated ? 'component' : 'given',
    evaluatedOn: evaluation.side,
    accuracy,
    accuracyInterval,
    naturalAccuracy,
    macroF1Interval,
    weightedF1,
    kappa,
    ece: calibration.ece,
    eceBefore,
    temperature: train.temperature,
    top5,
    macroF1,
    loss,
    epochs: train.history.length,
    trainAccuracy: train.history.at(-1)?.trainAccuracy ?? 0,
    backends: train.backends,
    trainSeconds: train.seconds,
    trainerWaitShare: train.waitShare,
  };
}

function stage(name: string, counts: Partial<StageCounts>): StageCounts {
  const none = { in: 0, added: 0, out: 0, dropped: 0, merged: 0, capped: 0, quarantined: 0 };
  return { name, ...none, seconds: 1.5, recordsPerSecond: (counts.in ?? 0) / 1.5, ...counts };
}

const PER_TASK = { task: 'product_type' };

/** An account that adds up at each stage and from each stage to the next. */
export const STAGES: StageCounts[] = [
  stage('parse', { in: 2012, out: 2000, dropped: 5, merged: 4, quarantined: 3 }),
  stage('explode', { in: 2000, added: 6001, out: 8000, dropped: 1 }),
  stage('join', { in: 8000, out: 7990, dropped: 10, orphans: 5 }),
  stage('deduplicate', { in: 7990, out: 3700, merged: 4285, quarantined: 5 }),
  stage('label', { ...PER_TASK, in: 3700, out: 3650, dropped: 50 }),
  stage('balance', { ...PER_TASK, in: 3650, out: 3600, capped: 50 }),
  stage('split', { ...PER_TASK, in: 3600, out: 3600 }),
];

const LEDGER: ReportData['ledger'] = [
  { stage: 'parse', fate: 'dropped', reason: 'no-images', count: 5, examples: ['listings_0.json.gz:7'] },
  { stage: 'parse', fate: 'merged', reason: 'same-row', count: 4, examples: ['listings_0.json.gz:9'] },
  { stage: 'parse', fate: 'quarantined', reason: 'bad-json', count: 3, examples: ['listings_1.json.gz:2'] },
  { stage: 'join', fate: 'dropped', reason: 'image-missing', count: 10, examples: ['51abc', '61def'] },
  { stage: 'deduplicate', fate: 'quarantined', reason: 'image-damaged', count: 5, examples: ['71ghi'] },
  { stage: 'deduplicate', fate: 'conflict', reason: 'majority', count: 17, examples: ['81jkl'] },
  {
    stage: 'label',
    task: 'product_type',
    fate: 'dropped',
    reason: 'rare-class',
    count: 50,
    examples: ['91'],
  },
];

/** Listings of a few keys: a brand that half of them have, a finish that one has, a photo in two of them. */
const EXPLORED = Array.from({ length: 4 }, (_, index) =>
  listingOf(`item${index}`, { product_type: LABELS[index]!, brand: index % 2 === 0 ? 'Rivet' : undefined, finish_type: index === 3 ? 'Oak' : undefined }, [`51abc`, `61def${index}`]),
); // biome-ignore format: one a line

/** A listing with a value of some keys, that shows some images. */
export function listingOf(
  itemId: string,
  values: Readonly<Record<string, string | undefined>>,
  images: readonly string[],
): Listing {
  const [mainImageId, ...otherImageIds] = images;
  const said = Object.entries(values).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return {
    itemId,
    ...(mainImageId !== undefined && { mainImageId }),
    otherImageIds,
    attributes: Object.fromEntries(said.map(([name, value]) => [name, [{ value }]])),
    digest: itemId,
  };
}

/** What `pipeline explore` would tell of listings whose images are all in the table. */
export function explorationOf(listings: readonly Listing[], task = 'product_type'): Exploration {
  const seen = exploration({ ...EXPLORATION_DEFAULTS, task, boilerplate: { listings: 3, types: 3 } });
  for (const one of listings) {
    seen.listing(one);
    for (const imageId of [one.mainImageId, ...one.otherImageIds])
      if (imageId !== undefined) seen.image({ imageId, path: `${imageId}.jpg`, width: 1500, height: 1000 });
  }
  const rows = { read: listings.length, identical: 0, unreadable: 0 };
  return { schemaVersion: 2, source: 'dump/listings', synthetic: false, rows, ...seen.result() };
}

/** A merged pair, a family of eight of which one merged image has no pair of its own, and a logo. */
export function duplicatesOf(folder: string): DuplicatesReport {
  const photo = (imageId: string) => ({
    imageId,
    photo: { path: `${imageId}.jpg`, file: join(folder, `${imageId}.jpg`) },
  });
  const family = ['50fam', '51fam', '52fam', '53fam', '54fam', '55fam'];
  return {
    same: {
      groups: 1,
      images: 2,
      grounds: { bytes: 1, pixels: 1 },
      shown: [
        {
          representative: '40same',
          images: 2,
          photos: ['40same', '41same'].map(photo),
          pairs: [
            { a: '40same', b: '41same', ground: 'bytes' },
            { a: '41same', b: '40same', ground: 'pixels' },
          ],
        },
      ],
    },
    family: {
      groups: 3,
      images: 12,
      grounds: { item: 6, near: 1 },
      shown: [
        {
          representative: '50fam',
          images: 8,
          photos: [...family.slice(0, 5).map(photo), { imageId: '55fam', photo: undefined }],
          pairs: [
            { a: '50fam', b: '51fam', ground: 'near', distance: 7 },
            { a: '50fam', b: '52fam', ground: 'item' },
            { a: '52fam', b: '53fam', ground: 'item' },
          ],
        },
      ],
    },
    boilerplate: {
      pictures: 2,
      images: 3,
      shown: [{ representative: '60logo', images: ['60logo', '61logo'], listings: 80, types: 9, photo: photo('60logo').photo }], // biome-ignore format: one line
    },
  };
}
