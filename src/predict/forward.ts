import type { LayersModel, SymbolicTensor, Tensor, Tensor4D } from '@tensorflow/tfjs';
import { augmenter } from '../augment/augmenter.js';
import { UNCHANGED } from '../augment/parameters.js';
import { PipelineError } from '../errors.js';
import type { Tf } from '../models/backends/backend.js';
import { type Cut, cutModel } from '../models/cut.js';
import { averagedLogits } from '../models/epoch.js';
import { type FoldedModel, foldModel } from '../models/folded.js';
import { gradCam, type HeatMap } from '../models/grad-cam.js';
import { belowHeads, logitsLayers, namesUpTo } from '../models/heads.js';
import { headOfTask, loadModel, type ModelMetadata } from '../models/model-folder.js';
import { softmax } from '../models/temperature.js';
import { weightsDigest } from '../models/weights/named.js';
import type { TaskOutputs } from './jobs.js';

/** Everything below the heads of one model, or of several whose bases are equal to the last bit: computed once for all. */
interface Base {
  /** Which of a job's inputs it takes. */
  input: number;
  height: number;
  width: number;
  preprocessing: ModelMetadata['input']['preprocessing'];
  folded: FoldedModel;
  /** The pools that it gives, in order. */
  pools: string[];
  models: Head[];
}

/** What one model has above its base. */
interface Head {
  model: LayersModel;
  cut: Cut;
  mirror: boolean;
  tasks: {
    task: string;
    classes: number;
    temperature: number;
    /** Which of the model's outputs are its classes'. */
    output: number;
    /** The pools that it reads, in the order that their averages stand in its vector. */
    pools: string[];
  }[];
}

/** Models that are ready to compute. */
export interface Forward {
  /** @param pixels by input: each photo's height × width × 3 RGB bytes; at least one photo. */
  predict(pixels: readonly (readonly Uint8Array[])[]): Promise<Map<string, TaskOutputs>>;
  /**
   * Where in a photo a task's model sees a class.
   * @param pixels by input: the photo's height × width × 3 RGB bytes.
   * @param at the class's place in the softmax.
   */
  explain(pixels: readonly Uint8Array[], task: string, at: number): Promise<HeatMap>;
}

/**
 * Loads models for inference alone. Those whose layers below the head are equal, as of tasks that were trained on one frozen
 * base, share these.
 * @param options.inputs by folder: which of a job's inputs the model takes.
 * @throws {PipelineError} as `loadModel`.
 */
export async function openForward(
  tf: Tf,
  { folders, inputs }: { folders: readonly string[]; inputs: readonly number[] },
): Promise<Forward> {
  const bases = new Map<string, Base>();
  for (const [index, folder] of folders.entries()) {
    const { digest, base, head } = await openModel(tf, folder, inputs[index]!);
    const known = bases.get(digest);
    if (known === undefined) bases.set(digest, base());
    bases.get(digest)!.models.push(head);
  }
  return {
    async predict(pixels) {
      const tasks = new Map<string, TaskOutputs>();
      for (const base of bases.values()) {
        for (const [task, outputs] of await computeBase(tf, base, pixels[base.input]!))
          tasks.set(task, outputs);
      }
      return tasks;
    },
    async explain(pixels, task, at) {
      for (const base of bases.values()) {
        for (const { model, mirror, tasks } of base.models) {
          const own = tasks.find((one) => one.task === task);
          if (own === undefined) continue;
          const photo = tf.tensor4d(normalised(base, [pixels[base.input]!]), [1, base.height, base.width, 3]);
          const [map] = await gradCam(tf, model, { output: own.output, mirror })(photo, [at]).finally(() =>
            photo.dispose(),
          );
          return map!;
        }
      }
      throw new PipelineError('INTERNAL', `Expected a model of ${task} but there is none`);
    },
  };
}

async function openModel(
  tf: Tf,
  folder: string,
  input: number,
): Promise<{ digest: string; base: () => Base; head: Head }> {
  const { model, metadata, weights: all } = await loadModel(tf, folder);
  const below = belowHeads(model);
  const cut = cutModel(tf, model, below);
  const { height, width, preprocessing } = metadata.input;
  const lower = model.layers.filter(({ name }) => below.has(name));
  const weights = [...all].filter(([name]) => below.has(name.slice(0, name.lastIndexOf('/'))));
  const layers = lower.map((layer) => [layer.getClassName(), layer.getConfig()]);
  const digest = JSON.stringify([input, preprocessing, weightsDigest(new Map(weights)), layers]);
  const logits = logitsLayers(model);
  const tasks = (metadata.heads ?? [metadata]).map(({ task }) => {
    const { classes, temperature, output } = headOfTask(metadata, task);
    const read = namesUpTo([logits.at(output)!]);
    const pools = cut.border.map(({ name }) => name).filter((name) => read.has(name));
    return { task, classes: classes.length, temperature, output, pools };
  });
  const outputs = cut.border.map((pool) => pool.output as SymbolicTensor);
  return {
    digest,
    base: () => ({
      input,
      height,
      width,
      preprocessing,
      folded: foldModel(tf, tf.model({ inputs: model.inputs, outputs })),
      pools: cut.border.map(({ name }) => name),
      models: [],
    }),
    head: { model, cut, mirror: metadata.mirror ?? false, tasks },
  };
}

/** One base's pass over photos, then every head on it: by task. */
async function computeBase(
  tf: Tf,
  base: Base,
  photos: readonly Uint8Array[],
): Promise<Map<string, TaskOutputs>> {
  const mirrors = base.models.some(({ mirror }) => mirror);
  const values = normalised(base, photos);
  const tensors = tf.tidy(() => {
    const pixels = tf.tensor4d(values, [photos.length, base.height, base.width, 3]);
    const plain = pooled(base, pixels);
    const mirrored = mirrors ? pooled(base, pixels.reverse(2)) : undefined;
    return base.models.flatMap(({ cut, mirror, tasks }) => {
      const logits = cut.above(plain);
      const all = mirror
        ? cut.above(mirrored!).map((other, index) => averagedLogits(tf, logits[index]!, other))
        : logits;
      return tasks.flatMap(({ output, pools }) => {
        const read = (of: ReadonlyMap<string, Tensor>) =>
          tf.concat(
            pools.map((name) => of.get(name)!),
            1,
          );
        const vectors = read(plain);
        return [all.at(output)!, mirror ? vectors.add(read(mirrored!)).div(2) : vectors];
      });
    });
  });
  try {
    const rows = await Promise.all(tensors.map((tensor) => tensor.data<'float32'>()));
    const tasks = base.models.flatMap((head) => head.tasks);
    return new Map(
      tasks.map(({ task, classes, temperature }, index) => {
        const logits = rows[2 * index]!;
        // Not a view of the backend's own memory.
        const embeddings = rows[2 * index + 1]!.slice();
        return [task, { probabilities: softmax(logits, classes, temperature), embeddings }];
      }),
    );
  } finally {
    tf.dispose(tensors);
  }
}

function pooled({ folded, pools }: Base, pixels: Tensor4D): Map<string, Tensor> {
  const outputs = folded.run(pixels);
  return new Map(pools.map((name, index) => [name, outputs[index]!]));
}

/** The photos as the network takes them, by the kernel that training normalises with: [photos, height, width, 3]. */
function normalised({ height, width, preprocessing }: Base, photos: readonly Uint8Array[]): Float32Array {
  const size = { height, width };
  const kernel = augmenter({ source: size, target: size, normalise: preprocessing });
  const length = height * width * 3;
  const values = new Float32Array(photos.length * length);
  for (const [index, photo] of photos.entries()) {
    kernel.source.set(photo);
    kernel.augment(UNCHANGED, values.subarray(index * length, (index + 1) * length));
  }
  return values;
}
