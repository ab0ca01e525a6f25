import { type ErrorCode, PipelineError } from '../errors.js';
import { type Demands, galleryBeside, type Judge, openJudge, type Verdict } from '../predict/judge.js';
import type { PhotoPrediction, Predictor } from '../predict/predictor.js';
import { type RunContext, runStage } from '../stage.js';
import { predict } from '../stages/predict.js';
import { mapBlocks } from '../streams.js';
import { counted, telling } from '../telling.js';

/** A single photo's line. */
export type PredictedPhoto = { photo: string } & (
  | { error: { code: ErrorCode; message: string } }
  | { tasks: Record<string, PredictedValue> }
);

export interface PredictedValue extends Pick<Verdict, 'decision' | 'value' | 'similarity'> {
  predicted: string;
  /** Its calibrated probability. */
  confidence: number;
  /** The likeliest classes, at most five, the first first. */
  top: { label: string; probability: number }[];
}

const TOP = 5;

/**
 * Predicts photos, in their order.
 * @param options.paths of their files.
 * @param options.total how many they are, where that is known: for the progress alone.
 * @throws {PipelineError} `TOO_MANY_BAD`, `ABORTED`.
 */
export async function* predictedPhotos(options: {
  paths: AsyncIterable<string>;
  total?: number;
  predictor: Predictor;
  demands: Demands;
  context: RunContext;
}): AsyncGenerator<PredictedPhoto> {
  const { paths, total, predictor, demands, context } = options;
  const gallery = demands.reject > 0 ? await galleryBeside(predictor) : undefined;
  const classes = new Map(predictor.tasks.map((task) => [task.name, task.classes]));
  try {
    const judge = await openJudge(predictor, gallery, demands);
    for (const text of judge.warnings) context.events.emit({ type: 'message', level: 'warning', text });
    const stage = predict<{ file: string }, Record<string, PredictedValue>>({
      async ask(places) {
        const photos = await predictor.predict(places, { signal: context.signal });
        return photos.map((photo) =>
          photo instanceof PipelineError ? photo : valuesOf(judge, photo, classes),
        );
      },
      keyOf: ({ file }) => file,
    });
    const files = mapBlocks(paths, (some) => some.map((file) => ({ file })));
    const answered = runStage(stage, files, context);
    const told = { stage: 'predict', unit: 'photos', ...(total !== undefined && { total }) };
    for await (const { record, answer } of counted(answered, telling(context.events, told))) {
      const photo = record.file;
      if (!(answer instanceof PipelineError)) yield { photo, tasks: answer };
      else yield { photo, error: { code: answer.code, message: answer.message } };
    }
  } finally {
    await gallery?.close();
  }
}

function valuesOf(
  judge: Judge,
  photo: PhotoPrediction,
  classes: ReadonlyMap<string, readonly string[]>,
): Record<string, PredictedValue> {
  const verdicts = [...judge.verdicts(photo)];
  return Object.fromEntries(
    verdicts.map(([task, verdict]) => [task, predictedValue(verdict, classes.get(task)!)]),
  );
}

function predictedValue(
  { decision, value, similarity, prediction }: Verdict,
  classes: readonly string[],
): PredictedValue {
  const { className, probability, probabilities } = prediction;
  const order = [...classes.keys()].sort((a, b) => probabilities[b]! - probabilities[a]! || a - b);
  return {
    decision,
    value,
    predicted: className,
    confidence: probability,
    ...(similarity !== undefined && { similarity }),
    top: order.slice(0, TOP).map((k) => ({ label: classes[k]!, probability: probabilities[k]! })),
  };
}
