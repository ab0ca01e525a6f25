import { PipelineError } from '../../errors.js';
import { modelOf, type Recipe } from '../../recipe.js';
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

/**
 * Looks whether the layers that a recipe's phases name are there, before anything is done.
 * @throws {PipelineError} `RECIPE_INVALID`
 */
export function assertLayers(recipe: Recipe): void {
  for (const task of Object.keys(recipe.tasks)) {
    const model = modelOf(recipe, task);
    const { layers } = networks[model.network];
    for (const [index, { train }] of model.phases.entries()) {
      if (typeof train === 'string' || !('from' in train) || layers.includes(train.from)) continue;
      throw new PipelineError(
        'RECIPE_INVALID',
        `model.phases.${index}.train.from: Expected a layer of ${model.network} but received "${train.from}"`,
        { hint: `Its layers are ${layers.join(', ')}.` },
      );
    }
  }
}
