import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { PipelineError } from '../../errors.js';
import { userCache } from '../../user-cache.js';
import type { Network } from '../networks/network.js';

/** Where Keras publishes the weights of keras.applications. */
export const PUBLISHER = 'https://storage.googleapis.com/tensorflow/keras-applications';

/** The networks that have published weights. */
export const PUBLISHED = ['vgg16', 'resnet50', 'inception_v3', 'mobilenet'] as const;
export type PublishedNetwork = (typeof PUBLISHED)[number];

/** Width multipliers and input sizes of the published MobileNets. */
export const ALPHAS = [0.25, 0.5, 0.75, 1] as const;
export const SIZES = [128, 160, 192, 224] as const;

/** Trained on ImageNet, as all of them are. */
export interface PublishedChoice {
  network: PublishedNetwork;
  /** Of MobileNet only, where it has to be chosen. */
  alpha?: number;
  size?: number;
  /** With the layers of its thousand classes; default false. */
  top?: boolean;
}

export interface PublishedFile {
  name: string;
  /** The file's place under the publisher's address. */
  path: string;
  /** Hexadecimal; of MobileNets Keras publishes none. */
  md5?: string;
}

/** The folder under the publisher's address, and the MD5s as keras/src/applications/{vgg16,resnet,inception_v3}.py have them. */
const FILES = {
  vgg16: ['vgg16', '6d6bbae143d832006294945121d1f1fc', '64373286793e3c8b2b4e3219cbf3544b'],
  resnet50: ['resnet', '4d473c1dd8becc155b73f8504c6f6626', '2cb95161c43110f7111970584f804107'],
  inception_v3: ['inception_v3', 'bcbd6486424b2319ff4ef7d526e38f63', '9a0d58056eeedaa3f26cb7ebd46da564'],
} as const;

/** Alpha in the names of MobileNet's files, as keras/src/applications/mobilenet.py has it. */
const ALPHA_NAMES: Readonly<Record<number, string>> = { 0.25: '2_5', 0.5: '5_0', 0.75: '7_5', 1: '1_0' };

/** The published file of a network: of MobileNet the one of alpha 1 at 224 pixels unless another is chosen. */
export function publishedFile({
  network,
  alpha = 1,
  size = 224,
  top = false,
}: PublishedChoice): PublishedFile {
  if (network === 'mobilenet') {
    const name = `mobilenet_${ALPHA_NAMES[alpha]}_${size}_tf${top ? '' : '_no_top'}.h5`;
    return { name, path: `mobilenet/${name}` };
  }
  const [folder, noTop, withTop] = FILES[network];
  const name = `${network}_weights_tf_dim_ordering_tf_kernels${top ? '' : '_notop'}.h5`;
  return { name, path: `${folder}/${name}`, md5: top ? withTop : noTop };
}

/** A network's published files that are the same below their top: with and without it, what is read first first. */
function pairsOf(network: PublishedNetwork): [noTop: string, withTop: string][] {
  const choices: PublishedChoice[] =
    network === 'mobilenet'
      ? ALPHAS.flatMap((alpha) => SIZES.map((size) => ({ network, alpha, size })))
      : [{ network }];
  return choices.map((one) => [publishedFile(one).name, publishedFile({ ...one, top: true }).name]);
}

/** The folder that `pipeline fetch weights` puts files in. */
export const weightsFolder = (env?: NodeJS.ProcessEnv): string => userCache('weights', env);

const isPublished = (name: string): name is PublishedNetwork => PUBLISHED.some((one) => one === name);

/**
 * A network's published file in a folder, by its name; undefined where there is none.
 * @throws {PipelineError} `USAGE` where there are several, which differ in more than their top.
 */
export async function publishedIn(folder: string, network: Network['name']): Promise<string | undefined> {
  if (!isPublished(network)) return undefined;
  const names = new Set(await readdir(folder).catch(() => []));
  const found = pairsOf(network).flatMap((pair) => pair.find((name) => names.has(name)) ?? []);
  if (found.length > 1) {
    throw new PipelineError(
      'USAGE',
      `Expected one file of ${network}'s weights in ${folder} but there are ${found.join(', ')}`,
      { hint: `Name one: --weights ${network}=${join(folder, found[0]!)}` },
    );
  }
  return found[0] && join(folder, found[0]);
}

const WEIGHTS_FILE = /\.(h(df)?5|safetensors)$/i;

/**
 * What a path of weights names: a file or a folder in TensorFlow.js layers format (or its model.json) is itself, of any other folder it is
 * the network's published file.
 * @throws {PipelineError} `NOT_FOUND`, `USAGE` for another kind of file, and as `publishedIn`.
 */
export async function weightsAt(path: string, network: Network['name']): Promise<string> {
  const there = await stat(path).catch(() => undefined);
  if (there?.isFile() && basename(path) === 'model.json') return dirname(path);
  if (there?.isFile() && !WEIGHTS_FILE.test(path)) {
    throw new PipelineError('USAGE', `Expected a .h5 or .safetensors file of weights but received ${path}`, {
      hint: 'Or a folder in TensorFlow.js layers format (model.json and the shards that it names). Keras writes .h5 by model.save_weights.',
    });
  }
  if (!there?.isDirectory() || (await stat(join(path, 'model.json')).catch(() => undefined))) return path;
  const file = await publishedIn(path, network);
  if (file !== undefined) return file;
  const published = isPublished(network)
    ? ` or a file of keras.applications, such as ${publishedFile({ network }).name}`
    : '';
  throw new PipelineError('NOT_FOUND', `Expected weights of ${network} in ${path} but there are none`, {
    hint: `Expected is a folder in TensorFlow.js layers format (model.json and the shards that it names)${published}.`,
  });
}
