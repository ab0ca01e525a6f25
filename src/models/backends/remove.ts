import type { Tf } from './backend.js';

/** What is used of the engine's state, which tfjs does not type as public. */
interface Engine {
  readonly registeredVariables: Record<string, { readonly dataId: object; dispose(): void }>;
  readonly state: { readonly tensorInfo: WeakMap<object, { readonly backend: unknown }> };
}

/**
 * Disposes of a backend's variables and memory; it can be started again afterwards. Tensors that it still held are
 * gone with it.
 */
export function removeBackend(tf: Tf, name: string): void {
  const backend: unknown = tf.findBackend(name);
  if (!backend) return;
  const { registeredVariables, state } = tf.engine() as unknown as Engine;
  for (const variable of Object.values(registeredVariables)) {
    if (state.tensorInfo.get(variable.dataId)?.backend === backend) variable.dispose();
  }
  const factory = tf.findBackendFactory(name);
  tf.removeBackend(name);
  tf.registerBackend(name, factory, name === 'cpu' ? 1 : 2);
}
