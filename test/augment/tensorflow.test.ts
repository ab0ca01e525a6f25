import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { augmenter } from '#src/augment/augmenter.js';
import { matrixOf } from '#src/augment/matrix.js';
import { augmentationOf } from '#src/augment/parameters.js';
import { augmentationSchema } from '#src/augment/schema.js';

/** Asked for by name: it takes seconds to load. */
const python = process.env['ABO_PYTHON'];
const PROBE =
  'import sys, importlib.util as u; sys.exit(not (u.find_spec("keras") and u.find_spec("tensorflow")))';
const hasKeras = python !== undefined && spawnSync(python, ['-c', PROBE]).status === 0;
if (!hasKeras) {
  console.warn('SKIPPED: views are not compared with a live Keras (ABO_PYTHON names a Python that has it)');
}
const script = fileURLToPath(new URL('keras_views.py', import.meta.url));

const [height, width] = [96, 128];
const VIEWS = 12;
const recipe = augmentationSchema.parse({
  rotation: 0.2,
  translation: 0.2,
  zoom: [0.2, 0.3],
  flip: 'horizontal',
  brightness: 0.2,
  contrast: 0.3,
  hue: 0.2,
});

it.skipIf(!hasKeras)('drawn views are what TensorFlow and Keras make of the same draws', () => {
  const size = { width, height };
  const photo = Uint8Array.from({ length: width * height * 3 }, (_, at) => {
    const [x, y] = [Math.floor(at / 3) % width, Math.floor(at / 3 / width)];
    return 127 + 100 * Math.sin(x / 9 + at) * Math.cos(y / 7) + 27 * Math.sin(x * y);
  });
  const views = Array.from({ length: VIEWS }, (_, key) => augmentationOf(recipe, { seed: 3, epoch: 1, key }));
  const asked = {
    shape: [height, width, 3],
    photo: [...photo],
    views: views.map(({ brightness, contrast, hue, ...view }) => ({
      matrix: matrixOf({ brightness, contrast, hue, ...view }, size, size),
      brightness,
      contrast,
      hue,
    })),
  };
  const { status, stdout, stderr } = spawnSync(python!, [script], {
    input: JSON.stringify(asked),
    maxBuffer: 2 ** 28,
    encoding: 'utf8',
  });
  expect(status, stderr).toBe(0);
  const answers = JSON.parse(stdout.trim().split('\n').at(-1)!) as number[][];
  const kernel = augmenter({ source: size, target: size });
  kernel.source.set(photo);
  const out = new Float32Array(photo.length);
  for (const [index, view] of views.entries()) {
    kernel.augment(view, out);
    const differences = out.map((level, at) => Math.abs(level - answers[index]![at]!));
    expect(Math.max(...differences)).toBeLessThan(0.5);
    expect(differences.reduce((sum, value) => sum + value, 0) / out.length).toBeLessThan(0.02);
  }
});
