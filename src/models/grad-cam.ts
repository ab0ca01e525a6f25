import type { LayersModel, Tensor, Tensor4D } from '@tensorflow/tfjs';
import { PipelineError } from '../errors.js';
import type { Tf } from './backends/backend.js';
import { cutModel } from './cut.js';
import { logitsLayers, namesUpTo, sourcesOf } from './heads.js';

/** Where in a photo a class is seen: [height × width], row-major, 0..1 with 1 where most; all 0 where nothing speaks for it. */
export interface HeatMap {
  height: number;
  width: number;
  values: Float32Array;
}

export interface GradCamOptions {
  /** Which of the model's outputs has the classes; −1, the default, is the last. As `headOfTask` says. */
  output?: number;
  /** Whether predictions are the averages of those of a photo and of its mirror image, as a model's metadata say. */
  mirror?: boolean;
}

/**
 * Heat maps of photos.
 * @param pixels [batch, height, width, 3], preprocessed as the network wants it; stays the caller's.
 * @param classes one for each photo: its place in the softmax.
 * @returns one a photo, as high and wide as the largest of the feature maps that the head reads.
 */
export type GradCam = (pixels: Tensor4D, classes: readonly number[]) => Promise<HeatMap[]>;

const HEIGHT_AXIS = 1;
const WIDTH_AXIS = 2;

/**
 * Grad-CAM (Selvaraju et al. 2017, eqs. 1 and 2) of a classifier: relu(Σₖ αₖ Aᵏ) over the channels of the feature map A that
 * its head averages, with αₖ the gradient of the class's logit, summed over the map. Where the head reads several maps these
 * are brought to the largest's size and added; where mirror images are averaged, so are the maps of both, and the
 * score is the mean of both logits. Only the head is derived, so that every backend that trains a head has what it takes.
 * @throws {PipelineError} `MODEL_INVALID` where the output's head averages no feature map.
 */
export function gradCam(
  tf: Tf,
  model: LayersModel,
  { output = -1, mirror = false }: GradCamOptions = {},
): GradCam {
  const { cut, classes: count } = headOver(tf, model, output);
  /** Of each photo the maps of all layers, added, before the relu: [batch, height, width]. */
  const mapsOf = (pixels: Tensor, classes: readonly number[]): Tensor => {
    const read = cut.below(pixels);
    const names = [...read.keys()];
    const features = [...read.values()] as Tensor4D[];
    const wanted = tf.oneHot(tf.tensor1d([...classes], 'int32'), count).toFloat();
    const gradients = tf.grads((...inputs: Tensor[]) => {
      const [logits] = cut.above(new Map(names.map((name, index) => [name, inputs[index]!])));
      return logits!.mul(wanted).sum();
    })(features);
    const size = largest(features);
    const maps = features.map((feature, index) => {
      const weights = gradients[index]!.sum([HEIGHT_AXIS, WIDTH_AXIS], true);
      const map = feature.mul(weights).sum(-1, true) as Tensor4D;
      return map.shape[1] === size[0] && map.shape[2] === size[1]
        ? map
        : tf.image.resizeBilinear(map, size, false, true);
    });
    return tf.addN(maps).squeeze([3]);
  };
  return async (pixels, classes) => {
    const map = tf.tidy(() => {
      const plain = mapsOf(pixels, classes);
      if (!mirror) return plain;
      return plain.add(mapsOf(pixels.reverse(WIDTH_AXIS), classes).reverse(WIDTH_AXIS));
    });
    cut.dispose();
    const values = await map.data<'float32'>().finally(() => map.dispose());
    const [, height, width] = map.shape as [number, number, number];
    const size = height * width;
    return classes.map((_, row) => ({
      height,
      width,
      values: ofMost(values.slice(row * size, (row + 1) * size)),
    }));
  };
}

/** One output's head as what lies above the feature maps that it averages. */
function headOver(tf: Tf, model: LayersModel, output: number) {
  const chosen = model.outputs.at(output)!;
  // Other heads would be asked for gradients that they have no part in.
  const single = tf.model({ inputs: model.inputs, outputs: chosen });
  const below = namesUpTo(logitsLayers(single));
  const averaged = model.layers
    .filter((layer) => below.has(layer.name) && layer.getClassName() === 'GlobalAveragePooling2D')
    .flatMap(sourcesOf);
  if (averaged.length === 0) {
    throw new PipelineError(
      'MODEL_INVALID',
      `Expected a head on global averages of feature maps but ${model.name} has none`,
    );
  }
  return { cut: cutModel(tf, single, namesUpTo(averaged)), classes: chosen.shape.at(-1)! };
}

function largest(maps: readonly Tensor4D[]): [number, number] {
  const heights = maps.map(({ shape }) => shape[1]);
  const widths = maps.map(({ shape }) => shape[2]);
  return [Math.max(...heights), Math.max(...widths)];
}

/** What is positive, as a share of the most. */
function ofMost(values: Float32Array): Float32Array {
  const most = values.reduce((max, value) => Math.max(max, value), 0);
  return most > 0 ? values.map((value) => Math.max(0, value) / most) : values.fill(0);
}
