import { PipelineError } from '../../errors.js';
import { type ModelRecipe, modelOf, type PhaseRecipe, type Recipe } from '../../recipe.js';
import { trainedOf } from '../phases.js';
import { tapsOfModel } from '../taps.js';
import { inceptionV3 } from './inception-v3.js';
import { mobilenet } from './mobilenet.js';
import type { Network } from './network.js';
import { resnet50 } from './resnet50.js';
import { smallCnn } from './small-cnn.js';
import { vgg16 } from './vgg16.js';

/** Every network that a recipe can name. */
export const networks: Readonly<Record<Network['name'], Network>> = {
  inception_v3: inceptionV3,
  mobilenet,
  resnet50,
  'small-cnn': smallCnn,
  vgg16,
};

/** The network that a model section names, with the preprocessing that the section asks for. */
export function networkOf({
  network: name,
  preprocessing,
}: Pick<ModelRecipe, 'network' | 'preprocessing'>): Network {
  if (preprocessing === undefined) return networks[name];
  return { ...networks[name], preprocessing: preprocessing === 'scale-255' ? 'scale' : preprocessing };
}

/**
 * Looks whether each phase of a recipe finds the layer that it names and trains something beside the head where it says
 * so, before anything is done. `faithful` recipes may train the head alone, as the post did.
 * @throws {PipelineError} `RECIPE_INVALID`
 */
export function assertPhases(recipe: Recipe): void {
  for (const task of Object.keys(recipe.tasks)) {
    const model = modelOf(recipe, task);
    const own = recipe.tasks[task]?.model?.phases !== undefined;
    for (const [index, phase] of model.phases.entries()) {
      const where = `${own ? `tasks.${task}.` : ''}model.phases.${index}.train`;
      const network = networks[model.network];
      const read = tapsOfModel(model, network);
      assertPhase(network, phase, where, { read, ...(recipe.faithful && { faithful: true }) });
    }
  }
}

/**
 * @param where names the recipe's key in messages.
 * @throws {PipelineError} `RECIPE_INVALID` where a network has no layer of that name.
 */
export function assertLayer(network: Network, layer: string, where: string): void {
  if (network.layers.includes(layer)) return;
  throw new PipelineError(
    'RECIPE_INVALID',
    `${where}: Expected a layer of ${network.name} but received "${layer}"`,
    { hint: `Its layers are ${network.layers.join(', ')}.` },
  );
}

function assertPhase(
  network: Network,
  phase: PhaseRecipe,
  where: string,
  { read, faithful = false }: { read: readonly string[]; faithful?: boolean },
): void {
  const { train } = phase;
  if (typeof train === 'object' && 'from' in train) assertLayer(network, train.from, `${where}.from`);
  if (train === 'head' || faithful || trainedOf(network, phase, { read }).length > 0) return;
  const frozen = phase.batchNorm === 'frozen' ? ' beside frozen batch norms' : '';
  const below = read.includes(network.featureLayer) ? '' : ` below ${read.at(-1)}`;
  const candidates = trainedOf(network, { ...phase, train: 'all' }, { read });
  throw new PipelineError(
    'RECIPE_INVALID',
    `${where}: Expected layers of ${network.name} with weights${frozen}${below} but received ${JSON.stringify(train)}, which has none`,
    { hint: `Begin at a layer that has some: {from: ${candidates.at(-1)}}, or train the head.` },
  );
}
