import type { Fit } from '../../kernels/fit.js';
import type { ModelMetadata } from '../model-folder.js';

type Input = Pick<ModelMetadata['input'], 'width' | 'height' | 'fit' | 'filter'>;

/**
 * Lines of Python that read photo.jpg with Pillow and bring it to a model's input as caches do (src/kernels/fit.ts): `x` is
 * [1, height, width, 3] float32, levels 0..255. `Image.resize` would smooth what it shrinks, `Image.transform` does not.
 */
export function pythonPhoto(input: Input): string[] {
  const { width, height, fit, filter } = input;
  const [w, h] = fit === 'letterbox' ? ['w', 'h'] : [width, height];
  const sampled = (size: string) =>
    `image = image.transform(${size}, Image.EXTENT, (0, 0, *image.size), Image.BILINEAR)`;
  const resized =
    filter === 'area'
      ? [
          `k = max(-(-image.width // ${w}), -(-image.height // ${h}))`,
          `${sampled(`(k * ${w}, k * ${h})`)}.reduce(k)`,
        ]
      : [sampled(`(${w}, ${h})`)];
  return [
    `image = ImageOps.exif_transpose(Image.open('photo.jpg')).convert('RGB')`,
    ...PYTHON_BEFORE[fit](input),
    ...resized,
    ...(fit === 'letterbox'
      ? [`image = ImageOps.expand(image, (left, top, ${width} - w - left, ${height} - h - top), 'white')`]
      : []),
    `x = np.asarray(image, 'float32')[None]`,
  ];
}

const PYTHON_BEFORE: Record<Fit, (input: Input) => string[]> = {
  stretch: () => [],
  letterbox: ({ width, height }) => [
    `scale = min(${width} / image.width, ${height} / image.height)`,
    'w, h = (max(1, int(side * scale + 0.5)) for side in image.size)',
    `left, top = (${width} - w) // 2, (${height} - h) // 2`,
  ],
  cover: ({ width, height }) => [
    `scale = min(image.width / ${width}, image.height / ${height})`,
    `w, h = (max(1, int(side * scale + 0.5)) for side in (${width}, ${height}))`,
    'left, top = (image.width - w) // 2, (image.height - h) // 2',
    'image = image.crop((left, top, left + w, top + h))',
  ],
  trim: () => [
    '# Cells of 8 x 8 pixels whose mean luma is below 245 are no white border.',
    `luma = np.asarray(image, 'int64') @ [299, 587, 114] - 245_000`,
    'cells = np.add.reduceat(luma, range(0, image.height, 8), 0)',
    'rows, columns = np.nonzero(np.add.reduceat(cells, range(0, image.width, 8), 1) < 0)',
    'if rows.size > 0:',
    '    right, bottom = 8 * columns.max() + 8, 8 * rows.max() + 8',
    '    image = image.crop((8 * columns.min(), 8 * rows.min(), min(right, image.width), min(bottom, image.height)))',
  ],
};

/** The same in JavaScript: `x` of what `tf.browser.fromPixels` makes of `image`. */
export function tfjsPhoto(input: Input): string[] {
  const { width, height, fit, filter } = input;
  const cut = fit === 'cover' || fit === 'trim';
  const photo = cut ? 'part' : 'photo';
  const [w, h] = fit === 'letterbox' ? ['w', 'h'] : [width, height];
  const resized =
    filter === 'area'
      ? [
          `const k = Math.ceil(Math.max(${photo}.shape[0] / ${h}, ${photo}.shape[1] / ${w}));`,
          `const resized = ${photo}.resizeBilinear([k * ${h}, k * ${w}], false, true).avgPool(k, k, 'valid');`,
        ]
      : [`const resized = ${photo}.resizeBilinear([${h}, ${w}], false, true);`];
  const padding = `[[top, ${height} - h - top], [left, ${width} - w - left], [0, 0]]`;
  return [
    'const photo = tf.browser.fromPixels(image);',
    ...(fit === 'stretch' ? [] : ['const [height, width] = photo.shape;']),
    ...TFJS_BEFORE[fit](input),
    ...resized,
    `const x = resized${fit === 'letterbox' ? `.pad(${padding}, 255)` : ''}.expandDims();`,
  ];
}

const TFJS_BEFORE: Record<Fit, (input: Input) => string[]> = {
  stretch: () => [],
  letterbox: ({ width, height }) => [
    `const scale = Math.min(${width} / width, ${height} / height);`,
    'const [h, w] = [height, width].map((side) => Math.max(1, Math.round(side * scale)));',
    `const [top, left] = [(${height} - h) >> 1, (${width} - w) >> 1];`,
  ],
  cover: ({ width, height }) => [
    `const scale = Math.min(width / ${width}, height / ${height});`,
    `const [h, w] = [${height}, ${width}].map((side) => Math.max(1, Math.round(side * scale)));`,
    'const part = photo.slice([(height - h) >> 1, (width - w) >> 1, 0], [h, w, 3]);',
  ],
  trim: () => [
    '// Cells of 8 × 8 pixels whose mean luma is below 245 are no white border.',
    'const luma = photo.mul([299, 587, 114]).sum(-1).sub(245_000).pad([[0, -height & 7], [0, -width & 7]]);',
    'const cells = luma.reshape([luma.shape[0] / 8, 8, luma.shape[1] / 8, 8]).sum([1, 3]);',
    'const filled = await cells.less(0).array();',
    'const rows = filled.flatMap((row, index) => (row.includes(1) ? [index] : []));',
    'const columns = filled[0].flatMap((_, index) => (filled.some((row) => row[index]) ? [index] : []));',
    'const from = rows.length > 0 ? [8 * rows[0], 8 * columns[0], 0] : [0, 0, 0];',
    'const end = rows.length > 0 ? [8 * rows.at(-1) + 8, 8 * columns.at(-1) + 8] : [height, width];',
    'const part = photo.slice(from, [Math.min(end[0], height) - from[0], Math.min(end[1], width) - from[1], 3]);',
  ],
};
