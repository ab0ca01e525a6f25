import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StartedBackend } from '#src/models/backends/backend.js';
import { startBackend } from '#src/models/backends/index.js';
import { MODEL_FORMATS } from '#src/models/export/formats.js';
import { readModelMetadata } from '#src/models/model-folder.js';
import { networks } from '#src/models/networks/index.js';
import { exportModel } from '#src/steps/export-model.js';
import { temporaryFolder } from '../../fixtures.js';
import { absent, SAMPLE } from '../../shared.js';
import { answers, keras, pythonKeras, savedModel, TRUNK_TASKS } from './models.js';

const PHOTOS = ['00/00078fb9.jpg', '3c/3c48571f.jpg', 'a0/a06ba367.jpg'];
const PROGRAM = `
import json, sys, numpy as np, keras, onnx, onnxruntime
root, *shape = sys.argv[1:]
shape = [int(size) for size in shape]
read = lambda name: np.fromfile(root + '/' + name, 'float32').reshape(shape)
levels, x = read('levels'), read('input')
whole = keras.models.load_model(root + '/keras/model.h5', compile=False)
parts = keras.models.model_from_json(open(root + '/weights-h5/model.json').read())
before = parts.predict(x, verbose=0)
parts.load_weights(root + '/weights-h5/model.weights.h5')
onnx.checker.check_model(root + '/onnx/model.onnx', full_check=True)
session = onnxruntime.InferenceSession(root + '/onnx/model.onnx')
answer = lambda y: np.asarray(y, 'float64').ravel().tolist()
print(json.dumps({
  'keras': answer(whole.predict(x, verbose=0)),
  'before': answer(before),
  'weights': answer(parts.predict(x, verbose=0)),
  'onnx': answer(session.run(None, {'pixels': levels})[0]),
}))
`;

const differences = (a: readonly number[], b: readonly number[]) =>
  b.map((value, at) => Math.abs(value - (a[at] ?? Number.NaN)));

describe.skipIf(!pythonKeras() || absent(SAMPLE))('an exported model', () => {
  let folder: { path: string; dispose(): Promise<void> };
  let backend: StartedBackend;
  beforeAll(async () => {
    folder = await temporaryFolder('export-python');
    backend = await startBackend('wasm');
  });
  afterAll(async () => {
    await backend.stop();
    await folder.dispose();
  });

  it.each([
    ...Object.values(networks).map(({ name }) => ({ name, kind: 'plain' as const })),
    ...(['kernel', 'branches', 'trunk'] as const).map((kind) => ({ name: 'small-cnn' as const, kind })),
  ])(
    'of $name, $kind, predicts on real photos in Keras and onnxruntime what it does here',
    async ({ name, kind }) => {
      const model = await savedModel(backend.tf, folder.path, name, kind);
      const root = join(folder.path, `${name}-${kind}`);
      const signal = new AbortController().signal;
      const request = { model, signal, ...(kind === 'trunk' && { task: TRUNK_TASKS[1] }) };
      const tfjs = exportModel({ ...request, format: 'tfjs', out: join(root, 'tfjs') });
      if (kind === 'kernel') await expect(tfjs).rejects.toMatchObject({ code: 'LAYER_UNSUPPORTED' });
      await Promise.allSettled([tfjs]);
      for (const format of MODEL_FORMATS.filter((one) => one !== 'tfjs')) {
        await exportModel({ ...request, format, out: join(root, format) });
      }
      const { height, width } = (await readModelMetadata(model)).input;
      const photos = await Promise.all(
        PHOTOS.map((path) =>
          sharp(join(SAMPLE, 'images/small', path))
            .resize(width, height, { fit: 'fill' })
            .toColourspace('srgb')
            .removeAlpha()
            .raw()
            .toBuffer(),
        ),
      );
      const ours = await answers(backend.tf, model, photos, request.task);
      await writeFile(join(root, 'levels'), new Uint8Array(ours.levels.buffer));
      await writeFile(join(root, 'input'), new Uint8Array(ours.input.buffer));
      const theirs = keras(PROGRAM, root, ...ours.shape.map(String)) as Record<string, number[]>;
      // Answers that are all 0 or 1 would hide what differs.
      expect(Math.max(...ours.probabilities), 'likeliest').toBeLessThan(0.999);
      expect(Math.max(...differences(theirs['before']!, ours.probabilities))).toBeGreaterThan(1e-3);
      for (const [answer, expected] of [
        ['keras', ours.probabilities],
        ['weights', ours.probabilities],
        ['onnx', ours.calibrated],
      ] as const) {
        expect(Math.max(...differences(theirs[answer]!, expected)), answer).toBeLessThan(1e-4);
      }
    },
    300_000,
  );
});
