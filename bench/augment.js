// The V2 augmentation: rotation ±0.2 turn, translation ±0.2, zoom 0.2–0.3, horizontal flip, reflected borders, bilinear;
// bytes → float32. One thread of ours, draws included, beside OpenCV and Keras on one core in processes of their own.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { augmenter } from '#src/augment/augmenter.js';
import { augmentationOf } from '#src/augment/parameters.js';
import { augmentationSchema } from '#src/augment/schema.js';
import { SIZE } from './data.js';
import { measure } from './measure.js';
import { asSides, PYTHON, startPeer } from './peer.js';

export const V2 = { rotation: 0.2, translation: 0.2, zoom: [0.2, 0.3], flip: 'horizontal' };
const COLOUR = { ...V2, brightness: 0.1, contrast: 0.2, hue: 0.1, crop: 0.7, cutout: { probability: 1 } };
const BATCH = 32;
/** Keras's layers take seconds for more. */
const KERAS_PHOTOS = 96;

export default async function augment({ photos, folder }) {
  const start = async (python, peer, some) => {
    const file = join(folder, `augment-${peer}.raw`);
    await writeFile(file, Buffer.concat(some.map(({ pixels }) => pixels)));
    return startPeer(python, 'augment.py', [peer, file, String(SIZE)]);
  };
  const peers = [
    await start(PYTHON.cv2, 'cv2', photos),
    await start(PYTHON.tensorflow, 'keras', photos.slice(0, KERAS_PHOTOS)),
  ];
  try {
    await measure(`V2 augmentation, ${SIZE} × ${SIZE}, bytes → float32, one core`, {
      'abo-pipeline': ours(V2, photos, SIZE),
      ...asSides(peers),
    });
    await measure('More of it, in one thread', {
      'V2, 224 → 160 within the warp': ours(V2, photos, 160),
      'V2 at 224': ours(V2, photos, SIZE),
      'with crop, colour and cutout': ours(COLOUR, photos, SIZE),
      'normalised alone': ours({}, photos, SIZE),
    });
  } finally {
    for (const peer of peers) await peer?.stop();
  }
}

/** All photos once an epoch, into a ring of one batch; another epoch each time. */
function ours(recipe, photos, size) {
  const augmentation = augmentationSchema.parse(recipe);
  const source = { width: SIZE, height: SIZE };
  const kernel = augmenter({ source, target: { width: size, height: size }, normalise: 'scale' });
  const numbers = size * size * 3;
  const batch = new Float32Array(BATCH * numbers);
  let epoch = 0;
  return () => {
    epoch += 1;
    for (const [key, { pixels }] of photos.entries()) {
      kernel.source.set(pixels);
      kernel.augment(augmentationOf(augmentation, { seed: 1, epoch, key }), batch, (key % BATCH) * numbers);
    }
    return photos.length;
  };
}
