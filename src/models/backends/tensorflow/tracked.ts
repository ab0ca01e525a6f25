import type { Binding } from './load.js';

/**
 * The addon with a memory of which tensors it holds: TensorFlow's handles outlive the backend, so that stopping it has
 * to give back those that nobody disposed of.
 */
export function trackedBinding(binding: Binding): { binding: Binding; deleteAll(): void } {
  const live = new Set<number>();
  const own: Pick<Binding, 'createTensor' | 'executeOp' | 'deleteTensor'> = {
    createTensor(...args) {
      const id = binding.createTensor(...args);
      live.add(id);
      return id;
    },
    executeOp(...args) {
      const outputs = binding.executeOp(...args);
      for (const { id } of outputs) live.add(id);
      return outputs;
    },
    deleteTensor(id) {
      if (live.delete(id)) binding.deleteTensor(id);
    },
  };
  // Inherits what the addon defines as read-only and not enumerable.
  const tracked = Object.create(binding, Object.getOwnPropertyDescriptors(own)) as Binding;
  return {
    binding: tracked,
    deleteAll() {
      for (const id of live) binding.deleteTensor(id);
      live.clear();
    },
  };
}
