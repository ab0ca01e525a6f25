import type { LayersModel, SymbolicTensor, Tensor, Tensor2D, Tensor4D, Variable } from '@tensorflow/tfjs';
import { drawAt } from '../random.js';
import type { Tf } from './backends/backend.js';
import { isBatchNorm, trainBatchNorm, unscaledBatchNorm } from './batch-norm.js';
import { denseAlone } from './dense.js';
import { type FoldedModel, foldModel } from './folded.js';
import { logitsLayers, namesUpTo, sourcesOf } from './heads.js';

type Layer = LayersModel['layers'][number];

/** Outputs of layers by the layers' names. */
export type Outputs = ReadonlyMap<string, Tensor>;

/**
 * A classifier cut in two: below the cut, layers are frozen and run in inference mode (as Keras runs a batch norm that is
 * not trainable), outside of any gradient tape; above it, all are trained, but for batch norms where these are frozen.
 */
export interface Cut {
  /** The layers above, in order, up to the logits. */
  readonly layers: readonly Layer[];
  /** The layers below that layers above read. */
  readonly border: readonly Layer[];
  /** Trained variables of those layers. */
  readonly variables: readonly Variable[];
  /**
   * Runs what lies below on preprocessed pixels [batch, height, width, 3]: gives what `above` takes. The weights below are
   * those of the first call.
   */
  below(pixels: Tensor): Outputs;
  /**
   * Runs what lies above: gives logits [batch, classes] of each output, in the model's order. In training, batch norm
   * uses the batch's statistics and updates its own, and dropout drops by the seed.
   */
  above(outputs: Outputs, training?: { dropoutSeed: number }): Tensor2D[];
  /** Frees what `below` keeps; the model stays its owner's. */
  dispose(): void;
}

/**
 * @param frozen names of the layers below, with all that they read; others are above where logits need them.
 * @param batchNorm `frozen`: batch norms above the cut are not trained, and run in inference mode.
 */
export function cutModel(
  tf: Tf,
  model: LayersModel,
  frozen: ReadonlySet<string>,
  batchNorm: 'frozen' | 'train' = 'train',
): Cut {
  const outputs = logitsLayers(model);
  const needed = namesUpTo(outputs);
  const isInput = (layer: Layer) => layer.getClassName() === 'InputLayer';
  // They are in topological order.
  const upper = model.layers.filter(
    (layer) => needed.has(layer.name) && !frozen.has(layer.name) && !isInput(layer),
  );
  const own = new Set(upper.map(({ name }) => name));
  const border = [...new Set(upper.flatMap(sourcesOf))].filter((layer) => !own.has(layer.name));
  const computed = border.filter((layer) => !isInput(layer));
  const lower =
    computed.length === 0
      ? undefined
      : tf.model({ inputs: model.inputs, outputs: computed.map(({ output }) => output as SymbolicTensor) });
  let folded: FoldedModel | undefined;
  const done = lastReads(upper, new Set(outputs.map(({ name }) => name)));
  const isTrained = (layer: Layer) => batchNorm === 'train' || !isBatchNorm(layer);
  return {
    layers: upper,
    border,
    variables: upper
      .filter(isTrained)
      .flatMap(({ trainableWeights }) => trainableWeights.map((weight) => weight.read() as Variable)),
    below(pixels) {
      folded ??= lower && foldModel(tf, lower);
      const tensors = folded?.run(pixels as Tensor4D) ?? [];
      const inputs = border.filter(isInput).map(({ name }) => [name, pixels] as const);
      return new Map([...computed.map(({ name }, index) => [name, tensors[index]!] as const), ...inputs]);
    },
    above(inputs, training) {
      const all = new Map(inputs);
      for (const [index, layer] of upper.entries()) {
        const read = sourcesOf(layer).map(({ name }) => all.get(name)!);
        const trained = training !== undefined && isTrained(layer);
        const output =
          denseAlone(tf, layer, read[0]!) ??
          (training && trainedAlone(tf, layer, read[0]!, { trained, seed: training.dropoutSeed + index })) ??
          layer.apply(read.length === 1 ? read[0]! : read, { training: trained });
        all.set(layer.name, output as Tensor);
        for (const name of done[index]!) {
          const tensor = all.get(name)!;
          all.delete(name);
          // A layer may hand on its very input.
          if (![...all.values()].includes(tensor)) tensor.dispose();
        }
      }
      return outputs.map(({ name }) => all.get(name) as Tensor2D);
    },
    dispose() {
      folded?.dispose();
      folded = undefined;
    },
  };
}

/**
 * For each layer the names of those, among the layers given, whose outputs nobody reads after it: gradients keep what
 * they need themselves, so that the rest need not wait for the step's end.
 * @param kept names of layers whose outputs are the result.
 */
function lastReads(layers: readonly Layer[], kept: ReadonlySet<string>): string[][] {
  const reads = layers.map((layer) => new Set(sourcesOf(layer).map(({ name }) => name)));
  return reads.map((names, index) =>
    [...names].filter(
      (name) =>
        !kept.has(name) &&
        layers.some((layer) => layer.name === name) &&
        !reads.slice(index + 1).some((later) => later.has(name)),
    ),
  );
}

/**
 * Layers that are not left to tfjs in training: its dropout drops the same units in every step of a seed, its batch norm
 * and its relu6 (relu, then a clip) make many passes, and without scale its batch norm fails.
 */
function trainedAlone(
  tf: Tf,
  layer: Layer,
  input: Tensor,
  { trained, seed }: { trained: boolean; seed: number },
): Tensor | undefined {
  const { rate, maxValue } = layer.getConfig() as Record<string, number>;
  switch (layer.getClassName()) {
    case 'Dropout':
      return rate ? input.mul(dropoutScales(tf, input.shape, rate, seed)) : undefined;
    case 'ReLU':
      return maxValue === 6 ? tf.relu6(input) : undefined;
    default:
      return (
        (trained ? trainBatchNorm(tf, layer, input) : undefined) ??
        unscaledBatchNorm(tf, layer, input, trained)
      );
  }
}

/** By what each unit is multiplied, as Keras does it: 0, or 1 / (1 − rate) for what is kept; by the seed alone. */
export function dropoutScales(tf: Tf, shape: number[], rate: number, seed: number): Tensor {
  const kept = 1 / (1 - rate);
  const dropped = rate * 2 ** 32;
  const scales = new Float32Array(shape.reduce((size, length) => size * length, 1));
  // Not a conditional: of draws no processor foresees the branch, and there are thousands a step.
  for (let at = 0; at < scales.length; at++) scales[at] = kept * Number(drawAt(seed, at) >= dropped);
  return tf.tensor(scales, shape);
}
