import type { LayersModel, Tensor4D } from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import type { Tf } from '#src/models/backends/backend.js';
import { type BranchOptions, buildClassifier } from '#src/models/classifier.js';
import { type Cut, cutModel } from '#src/models/cut.js';
import { type GradCamOptions, gradCam } from '#src/models/grad-cam.js';
import { namesUpTo } from '#src/models/heads.js';
import { networks } from '#src/models/networks/index.js';
import type { ModelRecipe } from '#src/recipe.js';
import { expectClose, numbers } from './on.js';

const SIZE = 32;
const CLASSES = 3;
const PHOTOS = [0, 2];
const PLAIN = { units: [], dropout: 0, labelSmoothing: 0 };
/** Of 4 × 4 and 2 × 2 pixels. */
const LAYERS = ['block3_pool', 'block4_pool'];
const STEP = 1e-2;

interface Head {
  what: string;
  head: ModelRecipe['head'];
  /** The layers that it reads. */
  layers: readonly string[];
  options: GradCamOptions;
}

const HEADS: Head[] = [
  { what: 'a hidden layer', head: { ...PLAIN, units: [6] }, layers: ['block4_pool'], options: {} },
  { what: 'several layers', head: { ...PLAIN, layers: LAYERS }, layers: LAYERS, options: { output: 1 } },
  {
    what: 'a kernel, several layers and mirror images',
    head: { ...PLAIN, layers: LAYERS, kernel: { gamma: 2, ridge: 0.1 } },
    layers: LAYERS,
    options: { mirror: true },
  },
];

/** Heat maps beside the definition: a dense head's by its weights, others' by differences of the logits. */
export function gradCamSuite(backend: () => Tf): void {
  describe('Grad-CAM', () => {
    it('of a dense layer on global averages is the class activation map', async () => {
      const tf = backend();
      const model = classifier(tf, PLAIN);
      const heat = await heatOf(tf, model, {});
      const [map, weights] = await scoped(tf, async () => {
        const features = tf.model({
          inputs: model.inputs,
          outputs: model.getLayer('block4_pool').output as never,
        });
        const kernel = model.getLayer('logits').getWeights()[0]!;
        const given = features.predict(photos(tf)) as Tensor4D;
        return [await given.array(), (await kernel.array()) as number[][]] as const;
      });
      for (const [row, chosen] of PHOTOS.entries()) {
        const cam = map[row]!.flat().map((channels) =>
          channels.reduce((sum, value, k) => sum + value * weights[k]![chosen]!, 0),
        );
        expectClose(heat[row]!.values, ofMost(cam), 1e-4);
      }
      model.dispose();
    });

    it.each(HEADS)('of a head with $what is what the logits’ differences say', async (one) => {
      const tf = backend();
      const coarse = { name: 'coarse', after: 'block2_pool', classes: 2 };
      const model = classifier(tf, one.head, one.options.output === 1 ? [coarse] : []);
      const heat = await heatOf(tf, model, one.options);
      const expected = await scoped(tf, async () => {
        const plain = await mapsByDifferences(tf, model, one.layers, photos(tf));
        if (one.options.mirror !== true) return plain;
        const mirrored = await mapsByDifferences(tf, model, one.layers, photos(tf).reverse(2));
        return plain.map((map, row) => sum([map, mirrored[row]!.map((line) => [...line].reverse())]));
      });
      for (const [row, { width, height, values }] of heat.entries()) {
        expect([height, width]).toEqual([expected[row]!.length, expected[row]![0]!.length]);
        expect(Math.max(...values)).toBe(1);
        expectClose(values, ofMost(expected[row]!.flat()), 1e-2);
      }
      model.dispose();
    });

    it('leaves no tensor behind, and is 0 where nothing speaks for the class', async () => {
      const tf = backend();
      const model = classifier(tf, PLAIN);
      const logits = model.getLayer('logits');
      const kernel = tf.fill(logits.getWeights()[0]!.shape, -1);
      const bias = tf.zeros([CLASSES]);
      logits.setWeights([kernel, bias]);
      const explain = gradCam(tf, model, { mirror: true });
      const pixels = photos(tf);
      const before = tf.memory().numTensors;
      const heat = await explain(pixels, PHOTOS);
      expect(tf.memory().numTensors).toBe(before);
      expect(heat.map(({ values }) => [...values])).toEqual([Array(4).fill(0), Array(4).fill(0)]);
      tf.dispose([pixels, kernel, bias]);
      model.dispose();
    });

    it('refuses a model whose head averages no feature map', () => {
      const tf = backend();
      const flat = tf.layers.flatten({ inputShape: [4, 4, 3] });
      const model = tf.sequential({ layers: [flat, tf.layers.dense({ units: 2 })] });
      expect(() => gradCam(tf, model)).toThrow(expect.objectContaining({ code: 'MODEL_INVALID' }));
      model.dispose();
    });
  });
}

function classifier(tf: Tf, head: ModelRecipe['head'], branches: readonly BranchOptions[] = []): LayersModel {
  const model = buildClassifier(tf, {
    network: networks['small-cnn'],
    height: SIZE,
    width: SIZE,
    classes: CLASSES,
    head,
    branches,
    centres: 10,
    seed: 5,
  });
  // A kernel head is solved: what it starts with is 0.
  for (const name of head.kernel === undefined ? [] : ['head_kernel', 'logits']) {
    const layer = model.getLayer(name);
    const weights = layer.getWeights().map(({ shape }, at) => tf.tensor(numbers(at + 1, shape, 1), shape));
    layer.setWeights(weights);
    tf.dispose(weights);
  }
  return model;
}

const photos = (tf: Tf): Tensor4D =>
  tf.tensor4d(numbers(3, [PHOTOS.length, SIZE, SIZE, 3]), [PHOTOS.length, SIZE, SIZE, 3]);

/** A tidy that waits: a graphics device is not read at once. */
async function scoped<T>(tf: Tf, work: () => Promise<T>): Promise<T> {
  tf.engine().startScope();
  try {
    return await work();
  } finally {
    tf.engine().endScope();
  }
}

async function heatOf(tf: Tf, model: LayersModel, options: GradCamOptions) {
  const pixels = photos(tf);
  const heat = await gradCam(tf, model, options)(pixels, PHOTOS);
  pixels.dispose();
  return heat;
}

/** Σ over layers of the map of Σₖ Δlogit/Δ(channel k) · Aᵏ, brought to 4 × 4 where there is such a layer. */
async function mapsByDifferences(
  tf: Tf,
  model: LayersModel,
  layers: readonly string[],
  pixels: Tensor4D,
): Promise<number[][][]> {
  const read = layers.map((name) => model.getLayer(name));
  const single = tf.model({ inputs: model.inputs, outputs: model.outputs.at(-1)! });
  const cut = cutModel(tf, single, namesUpTo(read));
  const all: number[][][] = [];
  for (const [row, chosen] of PHOTOS.entries()) {
    const below = new Map(
      [...cut.below(pixels.slice([row], [1]))].map(([name, map]) => [name, map as Tensor4D]),
    );
    const maps: number[][][] = [];
    for (const name of layers) {
      const slopes = await slopesOf(tf, cut, below, name, chosen);
      const [map] = await below.get(name)!.array();
      const weighted = map!.map((line) => line.map((channels) => dot(channels, slopes)));
      maps.push(layers.length > 1 && weighted.length === 2 ? twiceAsLarge(weighted) : weighted);
    }
    all.push(sum(maps));
  }
  cut.dispose();
  return all;
}

/** How fast a class's logit grows with each channel of a layer, all of its pixels together. */
async function slopesOf(
  tf: Tf,
  cut: Cut,
  below: ReadonlyMap<string, Tensor4D>,
  name: string,
  chosen: number,
): Promise<number[]> {
  const channels = below.get(name)!.shape[3];
  const shift = tf.eye(channels).mul(STEP).reshape([channels, 1, 1, channels]);
  const [more, less] = [shift, shift.neg()].map((by) => {
    const inputs = [...below].map(([own, map]) => {
      const tiled = map.tile([channels, 1, 1, 1]);
      return [own, own === name ? tiled.add(by) : tiled] as const;
    });
    return cut.above(new Map(inputs))[0]!;
  });
  const [high, low] = [await more!.array(), await less!.array()];
  return high.map((row, k) => (row[chosen]! - low[k]![chosen]!) / (2 * STEP));
}

/** Bilinear, pixels' centres at halves, the border repeated: 2 × 2 → 4 × 4. */
function twiceAsLarge(map: readonly number[][]): number[][] {
  const between = (a: number, b: number) => [a, 0.75 * a + 0.25 * b, 0.25 * a + 0.75 * b, b];
  const [above, below] = map.map(([left, right]) => between(left!, right!));
  const columns = above!.map((value, x) => between(value, below![x]!));
  return [0, 1, 2, 3].map((y) => columns.map((column) => column[y]!));
}

const dot = (a: readonly number[], b: readonly number[]) =>
  a.reduce((total, value, at) => total + value * b[at]!, 0);

function sum(maps: readonly number[][][]): number[][] {
  return maps.reduce((all, map) => all.map((line, y) => line.map((value, x) => value + map[y]![x]!)));
}

function ofMost(values: readonly number[]): number[] {
  const most = Math.max(...values);
  return values.map((value) => Math.max(0, value) / most);
}
