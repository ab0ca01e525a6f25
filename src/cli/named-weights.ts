import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { meant } from '../edit-distance.js';
import { publishedIn, weightsFolder } from '../models/weights/published.js';
import { modelOf, type Recipe } from '../recipe.js';
import { usageError } from './command.js';

/** One --weights: whose, undefined where it names no network, and where they are; undefined: none, from scratch. */
interface Named {
  network: string | undefined;
  path: string | undefined;
}

/**
 * Where the pretrained weights of a recipe's networks are, by network; undefined: from scratch.
 * @param values `[NETWORK=]PATH` for each --weights. Without NETWORK, `none` and a folder of published files hold for all
 *   pretrained networks that no other value names, anything else for the only one.
 * @param options.needed whether every pretrained network needs some: they are named, or have been fetched.
 * @throws {PipelineError} `USAGE`
 */
export async function namedWeights(
  values: readonly string[],
  recipe: Recipe,
  { needed }: { needed: boolean },
): Promise<Map<string, string | undefined>> {
  const networks = [...new Set(Object.keys(recipe.tasks).map((task) => modelOf(recipe, task).network))];
  const pretrained = networks.filter((network) => network !== 'small-cnn');
  const all = values.map((value) => readValue(value, networks));
  const weights = new Map<string, string | undefined>();
  for (const { network, path } of all) {
    if (network !== undefined) continue;
    if (pretrained.length !== 1 && path !== undefined && !(pretrained.length > 1 && holdsSeveral(path))) {
      throw usageError(
        `Expected NETWORK=PATH for --weights but received "${path}"`,
        `This recipe's pretrained networks: ${pretrained.join(', ') || 'none'}.`,
      );
    }
    for (const one of pretrained) weights.set(one, path);
  }
  for (const { network, path } of all) if (network !== undefined) weights.set(network, path);
  if (!needed) return weights;
  for (const network of pretrained.filter((one) => !weights.has(one))) {
    const fetched = await publishedIn(weightsFolder(), network);
    if (fetched === undefined) {
      throw usageError(
        `Expected --weights for ${network}`,
        `Run \`pipeline fetch weights ${network}\` once; or pass a TF.js layers folder (model.json and its shards), a Keras .h5 or a .safetensors file, or \`--weights none\` to train from scratch.`,
      );
    }
    weights.set(network, fetched);
  }
  return weights;
}

function readValue(value: string, networks: readonly string[]): Named {
  const network = networks.find((one) => value.startsWith(`${one}=`));
  const path = network === undefined ? value : value.slice(network.length + 1);
  const other = network === undefined ? /^([\w-]+)=/.exec(value)?.[1] : undefined;
  if (other !== undefined && !existsSync(value)) {
    throw usageError(
      `Expected a network of the recipe in --weights but received "${other}"${meant(other, networks)}`,
      `Its networks are ${networks.join(', ')}.`,
    );
  }
  if (path === 'none') return { network, path: undefined };
  if (existsSync(path)) return { network, path };
  throw usageError(
    `Expected weights at ${path} but there is nothing`,
    '`pipeline fetch weights NETWORK` downloads what is published.',
  );
}

/** Whether a path may hold files of several networks: a file, or a model of TensorFlow.js, is one network's. */
function holdsSeveral(path: string): boolean {
  return statSync(path).isDirectory() && !existsSync(join(path, 'model.json'));
}
