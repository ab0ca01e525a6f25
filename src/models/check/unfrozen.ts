import type { ModelRecipe } from '../../recipe.js';
import type { Network } from '../networks/network.js';
import { phaseName, trainedOf } from '../phases.js';
import { tapsOfModel } from '../taps.js';
import type { Check } from './check.js';

/**
 * Whether each phase that speaks of the base trains layers of it that have weights. The post's V2 froze `layers[:19 - 20]`,
 * which left nothing to train but the head.
 */
export function checkUnfrozen(
  network: Network,
  model: Pick<ModelRecipe, 'phases' | 'head' | 'branches'>,
  faithful = false,
): Check[] {
  const read = tapsOfModel(model, network);
  const checks = model.phases.flatMap((phase, index): Check[] => {
    if (phase.train === 'head') return [];
    const trained = trainedOf(network, phase, { faithful, read });
    const meant = trainedOf(network, phase, { read });
    const at = { check: 'unfrozen', phase: index + 1, figures: { layers: trained.length } } as const;
    if (trained.length === 0) {
      const text = `"${phaseName(phase)}" of ${network.name} unfreezes nothing that has weights: the phase trains the head alone${
        meant.length > 0 ? `, where ${meant.length} layers from ${meant[0]} on were meant` : ''
      }`;
      return [{ ...at, state: 'flag', text }];
    }
    const text = `"${phaseName(phase)}" trains ${trained.length} layers of ${network.name}, from ${trained[0]} on`;
    return [{ ...at, state: 'ok', text }];
  });
  return checks.length > 0
    ? checks
    : [{ check: 'unfrozen', state: 'ok', text: 'the head alone is trained, as the recipe says' }];
}
