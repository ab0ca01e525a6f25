import type { PhaseRecipe } from '../recipe.js';
import { INPUT, type Network } from './networks/network.js';

/** How a phase is named in histories and messages: `head`, `all`, `from NAME`, `last N`. */
export function phaseName({ train }: PhaseRecipe): string {
  if (typeof train === 'string') return train;
  return 'from' in train ? `from ${train.from}` : `last ${train.last}`;
}

/**
 * The index, among a base's layers with its input, of the first that a phase trains; their number where it trains none.
 * `last: N` counts as Keras does, layers without weights and the input too; an N beyond the base's depth trains all of
 * it.
 * @param faithful slices as the post did: it froze `layers[:depth - N]`, which for an N beyond the depth is Python's
 *   count from the end.
 * @param layers names of the base's layers, the input first; where a named one is not among them, −1.
 */
export function firstOfBase(layers: readonly string[], { train }: PhaseRecipe, faithful = false): number {
  if (train === 'head') return layers.length;
  if (train === 'all') return 0;
  if ('from' in train) return layers.indexOf(train.from);
  const frozen = layers.length - train.last;
  if (frozen >= 0) return frozen;
  return faithful ? Math.max(0, layers.length + frozen) : 0;
}

/**
 * The layers of a base that a phase trains, by name: those with weights, but for frozen batch norms.
 * @param read names of the layers that heads read: what comes after all of them is not part of the classifier.
 */
export function trainedOf(
  network: Network,
  phase: PhaseRecipe,
  { faithful = false, read = [network.featureLayer] }: { faithful?: boolean; read?: readonly string[] } = {},
): string[] {
  const layers = [INPUT, ...network.layers];
  const end = 1 + Math.max(...read.map((name) => layers.indexOf(name)));
  return layers
    .slice(firstOfBase(layers, phase, faithful), end)
    .filter((name) => network.weighted.has(name))
    .filter((name) => phase.batchNorm !== 'frozen' || network.weighted.get(name) !== 'batch norm');
}

/** What a phase does that its recipe may not let one expect, in words; undefined where there is nothing to say. */
export function phaseNote(network: Network, phase: PhaseRecipe, faithful = false): string | undefined {
  const { train } = phase;
  if (typeof train === 'string' || 'from' in train) return undefined;
  const depth = network.layers.length + 1;
  const beyond = train.last > depth;
  const what = `The phase "${phaseName(phase)}" of ${network.name}, whose base has ${depth} layers,`;
  if (beyond && !faithful) return `${what} trains all of it`;
  const trained = trainedOf(network, phase, { faithful });
  if (!beyond && trained.length > 0) return undefined;
  const slice = beyond ? `freezes layers[:${depth} - ${train.last}] as the post did and ` : '';
  return `${what} ${slice}trains ${trained.length === 0 ? 'the head alone: the layers left have no weights' : `from ${trained[0]} on`}`;
}
