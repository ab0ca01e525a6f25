import type { LayersModel, SymbolicTensor, Tensor, Tensor4D } from '@tensorflow/tfjs';
import type { Normalisation } from '../../normalisation.js';
import type { Tf } from '../backends/backend.js';
import { isBatchNorm } from '../batch-norm.js';
import { sourcesOf } from '../heads.js';
import { networks } from '../networks/index.js';
import type { Network } from '../networks/network.js';
import type { Check } from './check.js';

const MODES: readonly Normalisation[] = ['scale', 'tf', 'torch', 'caffe'];
/** Another mode fits better if its distance is below this share of the recipe's. */
const BETTER = 0.7;

/**
 * Whether pixels come as the pretrained weights want them. What the network's first batch norm sees is compared with the
 * averages that it saw in training: how many of its own deviations the channels' means lie apart, in the median, for each way
 * of preprocessing. A network without batch norms can only be asked what its publisher did.
 * @param options.photos the same photos in a mode, [batch, height, width, 3]; the caller's to dispose.
 */
export async function checkPreprocessing(options: {
  tf: Tf;
  model: LayersModel;
  network: Network;
  pretrained: boolean;
  photos(mode: Normalisation): Promise<Tensor4D>;
}): Promise<Check> {
  const { tf, model, network, pretrained, photos } = options;
  const check = 'preprocessing' as const;
  const own = network.preprocessing;
  const published = networks[network.name].preprocessing;
  const declared =
    own === published
      ? `${own}, as ${network.name} was trained`
      : `${own}, but ${network.name} was trained with ${published}`;
  if (!pretrained) {
    return own === published
      ? { check, state: 'skipped', text: 'the weights are random: any preprocessing would do' }
      : {
          check,
          state: 'flag',
          text: `pixels are preprocessed by ${declared}; the weights are random here, so that nothing can be measured`,
        };
  }
  const norm = model.layers.find(isBatchNorm);
  if (norm === undefined) {
    const state = own === published ? 'ok' : 'flag';
    return { check, state, text: `${declared}; without batch norms it cannot be measured` };
  }
  const below = tf.model({ inputs: model.inputs, outputs: sourcesOf(norm)[0]!.output as SymbolicTensor });
  const figures: Record<string, number> = {};
  for (const mode of MODES) {
    const pixels = await photos(mode);
    figures[mode] = distance(tf, below, norm, pixels);
    pixels.dispose();
  }
  const best = MODES.reduce((a, b) => (figures[b]! < figures[a]! ? b : a));
  const at = `its first batch norm sees means ${figures[own]!.toFixed(2)} deviations off`;
  // Two ways can be alike on the first layer: then what the publisher did decides.
  const other = figures[best]! < BETTER * figures[own]! ? best : published;
  if (other !== own && figures[own]! >= BETTER * figures[other]!) {
    const text = `${declared}: ${at}, with ${other} ${figures[other]!.toFixed(2)}`;
    return { check, state: 'flag', text, figures };
  }
  return { check, state: 'ok', text: `${declared}: ${at}, and no other way fits much better`, figures };
}

type Layer = LayersModel['layers'][number];

function distance(tf: Tf, below: LayersModel, norm: Layer, pixels: Tensor4D): number {
  const weight = (name: string) => norm.weights.find((one) => one.originalName.endsWith(`/${name}`))!.read();
  const apart = tf.tidy(() => {
    const seen = (below.predictOnBatch(pixels) as Tensor).mean([0, 1, 2]);
    return seen.sub(weight('moving_mean')).abs().div(weight('moving_variance').sqrt().add(1e-3)).dataSync();
  });
  return [...apart].sort((a, b) => a - b)[Math.floor(apart.length / 2)]!;
}
