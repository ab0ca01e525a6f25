import type { LayersModel, Shape } from '@tensorflow/tfjs';
import type { Tf } from '../models/backends/backend.js';
import { isBatchNorm } from '../models/batch-norm.js';
import { type BranchOptions, buildClassifier, frozenLayers } from '../models/classifier.js';
import { cutModel } from '../models/cut.js';
import type { Network } from '../models/networks/network.js';
import { tapsOfModel } from '../models/taps.js';
import type { ModelRecipe, PhaseRecipe } from '../recipe.js';

/** What a network costs, of one photo. */
export interface NetworkCost {
  /** Numbers that its layers keep. */
  parameters: number;
  /** Multiply-adds of one pass. */
  macs: number;
  /** Numbers in a photo's feature vector: what its heads read. */
  features: number;
}

/** What of it a phase trains. */
export interface PhaseCost {
  /** Numbers that are trained. */
  trained: number;
  /** Multiply-adds of one pass through the layers that gradients pass. */
  macs: number;
  /** Numbers that those layers give, which gradients keep. */
  activations: number;
  /** The most that one layer of the others gives together with what it reads. */
  widest: number;
}

/**
 * Counts by the layers' own shapes; a fused multiply-add counts once, additions and activations do not.
 * @param options.branches of a B-CNN
 * @param options.kernelRows training rows, of a kernel head
 */
export function networkCost(
  tf: Tf,
  options: {
    network: Network;
    model: ModelRecipe;
    size: number;
    classes: number;
    branches?: readonly BranchOptions[];
    alpha: number;
    kernelRows: number;
  },
): { whole: NetworkCost; phase(phase: PhaseRecipe, faithful?: boolean): PhaseCost } {
  const { network, model, size, classes, branches = [], alpha, kernelRows } = options;
  const classifier = buildClassifier(tf, {
    network: { ...network, build: (own, layers) => network.build(own, { ...layers, alpha }) },
    height: size,
    width: size,
    classes,
    head: model.head,
    branches,
    seed: 1,
    ...(model.head.kernel && { centres: kernelRows }),
  });
  return {
    whole: {
      parameters: sum(classifier.layers.map(weightsOf)),
      macs: sum(classifier.layers.map(macsOf)),
      features: sum(tapsOfModel(model, network).map((layer) => network.channelsOf(layer, alpha))),
    },
    phase(phase, faithful) {
      const cut = cutModel(
        tf,
        classifier,
        frozenLayers(classifier, network, phase, faithful),
        phase.batchNorm,
      );
      const above = new Set(cut.layers);
      const below = classifier.layers.filter((layer) => !above.has(layer));
      return {
        trained: sum(cut.variables.map(({ size: own }) => own)),
        macs: sum(cut.layers.map(macsOf)),
        activations: sum(cut.layers.map(outputsOf)),
        widest: Math.max(0, ...below.map((layer) => outputsOf(layer) + inputsOf(layer))),
      };
    },
  };
}

type Layer = LayersModel['layers'][number];

const sum = (numbers: readonly number[]) => numbers.reduce((total, one) => total + one, 0);
const product = (shape: Shape) => shape.reduce<number>((all, one) => all * (one ?? 1), 1);
const weightsOf = (layer: Layer) => sum(layer.weights.map(({ shape }) => product(shape)));
const outputsOf = (layer: Layer) => product(layer.outputShape as Shape);
const inputsOf = (layer: Layer) =>
  sum((layer.inboundNodes[0]?.inputShapes ?? []).map((shape) => product([shape].flat())));

function macsOf(layer: Layer): number {
  if (isBatchNorm(layer)) return 0;
  const kernel = layer.weights[0];
  if (kernel === undefined) return 0;
  const output = layer.outputShape as Shape;
  // Each number of a kernel is used once a place of the output; a Dense layer has one place.
  const places = output.length === 4 ? output[1]! * output[2]! : 1;
  return product(kernel.shape) * places;
}
