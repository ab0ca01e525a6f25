import { hash } from 'node:crypto';
import { uniform } from '#src/random.js';
import type { Side } from '#src/records.js';
import type { GalleryEntry } from '#src/similar/write.js';

/** Photos of so many components, two each, whose embeddings lie about those of their types. */
export function drawnEntries(components: number, { types = 4, width = 20 } = {}): GalleryEntry[] {
  return Array.from({ length: 2 * components }, (_, index) => {
    const component = Math.floor(index / 2);
    const type = component % types;
    const split: Side = component % 5 === 0 ? 'test' : 'train';
    return {
      photo: {
        imageId: `image${index}`,
        path: `${index}.jpg`,
        sha256: hash('sha256', String(index)),
        component: `component${component}`,
        split,
        labels: { product_type: `TYPE${type}` },
        ...(index % 3 === 0 && { images: [`image${index}`, `copy${index}`] }),
      },
      embedding: Float32Array.from(
        { length: width },
        (_, at) =>
          4 * uniform('type', type, at) +
          2 * uniform('component', component, at) +
          0.5 * uniform('photo', index, at) -
          3,
      ),
    };
  });
}
