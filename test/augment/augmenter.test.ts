import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AugmenterOptions, augmenter } from '#src/augment/augmenter.js';
import { matrixOf } from '#src/augment/matrix.js';
import { type Augmentation, UNCHANGED } from '#src/augment/parameters.js';
import { channelsOf, type Normalisation } from '#src/normalisation.js';
import { golden, hasShared } from '../models/goldens.js';

interface Goldens {
  shape: [height: number, width: number, channels: number];
  input: number[];
  cases: { name: string; matrix?: number[]; fill: string; interpolation: string; values: number[] }[];
  colour: Record<string, number[]>;
}

interface Resizes {
  shape: [height: number, width: number, channels: number];
  input: number[];
  cases: { to: [number, number]; method: string; antialias?: boolean; values: number[] }[];
}

const view = (changes: Partial<Augmentation>): Augmentation => ({ ...UNCHANGED, ...changes });
const horizontal = { horizontal: true, vertical: false };

function augmented(photo: ArrayLike<number>, changes: Partial<Augmentation>, options: AugmenterOptions) {
  const { width, height } = options.target;
  const kernel = augmenter(options);
  kernel.source.set(photo);
  const out = new Float32Array(width * height * 3);
  kernel.augment(view(changes), out);
  return out;
}

function largest(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a.length).toBe(b.length);
  let most = 0;
  for (let at = 0; at < a.length; at++) most = Math.max(most, Math.abs(a[at]! - b[at]!));
  return most;
}

const pattern = (width: number, height: number, seed = 7) =>
  Uint8Array.from({ length: width * height * 3 }, (_, at) => (Math.imul(at + seed, 2654435761) >>> 11) & 255);

describe.skipIf(!hasShared('goldens/augment.json.gz'))("TensorFlow's transform", () => {
  const load = () => golden<Goldens>('augment.json.gz');
  const views: [string, Partial<Augmentation>][] = [
    ['rotation +0.1 turn', { rotation: 0.1 }],
    ['rotation -0.2 turn', { rotation: -0.2 }],
    ['translation y+0.15 x-0.2', { translation: { x: -0.2, y: 0.15 } }],
    ['zoom 1.25 (zooms out)', { zoom: 1.25 }],
    ['flip', { flip: horizontal }],
    [
      'composed: rotate, then shift, then zoom, then flip',
      { rotation: 0.1, translation: { x: -0.2, y: 0.15 }, zoom: 1.25, flip: horizontal },
    ],
  ];

  it.each(views)('is the same for a %s', (name, changes) => {
    const { shape, input, cases } = load();
    const size = { height: shape[0], width: shape[1] };
    const found = cases.find(
      (one) => one.name === name && one.fill === 'reflect' && one.interpolation === 'bilinear',
    )!;
    expect(largest(matrixOf(view(changes), size, size), found.matrix!.slice(0, 6))).toBeLessThan(1e-6);
    const levels = augmented(input, changes, { source: size, target: size });
    expect(largest(levels, found.values)).toBeLessThan(0.05);
    const scaled = augmented(input, changes, { source: size, target: size, normalise: 'scale' });
    expect(
      largest(
        scaled,
        found.values.map((value) => value / 255),
      ),
    ).toBeLessThan(2e-4);
  });

  it.each([
    ['brightness +20', { brightness: 20 }, 1],
    ['contrast 1.3', { contrast: 1.3 }, 1],
    ['hue +0.1 (input / 255)', { hue: 0.1 }, 255],
  ] as const)('is the same for %s', (name, changes, scale) => {
    const { shape, input, colour } = load();
    const size = { height: shape[0], width: shape[1] };
    // Keras's layers clip, TensorFlow's functions do not.
    const expected = colour[name]!.map((value) => Math.min(255, Math.max(0, value * scale)));
    expect(largest(augmented(input, changes, { source: size, target: size }), expected)).toBeLessThan(0.05);
  });

  it.each([
    [24, 24],
    [61, 40],
    [37, 53],
  ])('resizes inside the warp to %i × %i as tf.image.resize does', (height, width) => {
    const { shape, input, cases } = golden<Resizes>('resize/tiny.json.gz');
    const source = { height: shape[0], width: shape[1] };
    const expected = cases.find(
      ({ to, method, antialias }) =>
        to[0] === height && to[1] === width && method === 'bilinear' && antialias === false,
    )!;
    const result = augmented(input, {}, { source, target: { height, width } });
    expect(largest(result, expected.values)).toBeLessThan(0.05);
  });
});

/** The same in 64 bits and one number at a time, from the definition. */
function slowly(
  photo: Uint8Array,
  changes: Partial<Augmentation>,
  { source, target, normalise }: AugmenterOptions,
) {
  const [a0, a1, a2, b0, b1, b2] = matrixOf(view(changes), source, target);
  const mirrored = (at: number, length: number) => {
    const place = (((at + 0.5) % (2 * length)) + 2 * length) % (2 * length);
    return Math.min(length - 1, Math.max(0, Math.min(place, 2 * length - place) - 0.5));
  };
  const out: number[] = [];
  for (let y = 0; y < target.height; y++) {
    for (let x = 0; x < target.width; x++) {
      const u = mirrored(a0 * x + a1 * y + a2, source.width);
      const v = mirrored(b0 * x + b1 * y + b2, source.height);
      const [left, top] = [Math.floor(u), Math.floor(v)];
      for (const { from, scale, shift } of channelsOf(normalise)) {
        const tap = (dx: number, dy: number) => {
          const column = Math.min(source.width - 1, left + dx);
          const row = Math.min(source.height - 1, top + dy);
          return photo[3 * (row * source.width + column) + from]!;
        };
        const upper = tap(0, 0) + (tap(1, 0) - tap(0, 0)) * (u - left);
        const lower = tap(0, 1) + (tap(1, 1) - tap(0, 1)) * (u - left);
        out.push((upper + (lower - upper) * (v - top)) * scale + shift);
      }
    }
  }
  return out;
}

const side = fc.integer({ min: 1, max: 40 });
const size = fc.record({ width: side, height: side });
const share = fc.double({ min: -1, max: 1, noNaN: true });
const geometry: fc.Arbitrary<Partial<Augmentation>> = fc.record({
  rotation: share,
  translation: fc.record({ x: share, y: share }),
  zoom: fc.double({ min: 0.1, max: 6, noNaN: true }),
  flip: fc.record({ horizontal: fc.boolean(), vertical: fc.boolean() }),
  crop: fc
    .tuple(...[0, 1, 2, 3].map(() => fc.double({ min: 0, max: 1, noNaN: true })))
    .map(([left, top, width, height]) => ({
      left: 0.5 * left!,
      top: 0.5 * top!,
      width: 0.05 + 0.45 * width!,
      height: 0.05 + 0.45 * height!,
    })),
});
const normalisations: (Normalisation | undefined)[] = [undefined, 'scale', 'tf', 'torch', 'caffe'];

describe('augment', () => {
  it('is the definition, for any sizes, geometry and normalisation', () => {
    fc.assert(
      fc.property(
        size,
        size,
        geometry,
        fc.constantFrom(...normalisations),
        fc.integer({ min: 0, max: 99 }),
        (source, target, changes, normalise, seed) => {
          const options = { source, target, ...(normalise && { normalise }) };
          const photo = pattern(source.width, source.height, seed);
          const found = augmented(photo, changes, options);
          const level = channelsOf(normalise)[2]!.scale;
          expect(largest(found, slowly(photo, changes, options))).toBeLessThan(0.1 * level);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('is exactly the normalised photo where nothing changes', () => {
    fc.assert(
      fc.property(size, fc.constantFrom(...normalisations), (same, normalise) => {
        const photo = pattern(same.width, same.height);
        const channels = channelsOf(normalise).map(({ from, scale, shift }) => ({
          from,
          scale: Math.fround(scale),
          shift: Math.fround(shift),
        }));
        const expected = Float32Array.from(photo, (_, at) => {
          const { from, scale, shift } = channels[at % 3]!;
          return Math.fround(Math.fround(photo[at - (at % 3) + from]! * scale) + shift);
        });
        const found = augmented(photo, {}, { source: same, target: same, ...(normalise && { normalise }) });
        expect(found).toEqual(expected);
      }),
    );
  });

  it('refuses sides and normalisations that are none', () => {
    const size = { width: 8, height: 8 };
    for (const side of [0, -1, 2.5, Number.NaN, 8193]) {
      expect(() => augmenter({ source: { ...size, width: side }, target: size })).toThrow(RangeError);
      expect(() => augmenter({ source: size, target: { ...size, height: side } })).toThrow(RangeError);
    }
    expect(() => augmenter({ source: size, target: size, normalise: 'zz' as never })).toThrow(/one of scale/);
  });

  it('is exact within the same bound for photos of more than 512 pixels a side', () => {
    const options = { source: { width: 700, height: 3 }, target: { width: 90, height: 5 } };
    const photo = pattern(700, 3);
    const changes = { rotation: 0.01, zoom: 1.2 };
    // Coordinates have a bit less below the point.
    expect(largest(augmented(photo, changes, options), slowly(photo, changes, options))).toBeLessThan(0.2);
  });

  it('leaves a plain photo exactly plain', () => {
    fc.assert(
      fc.property(
        size,
        size,
        geometry,
        fc.integer({ min: 0, max: 255 }),
        (source, target, changes, level) => {
          const photo = new Uint8Array(source.width * source.height * 3).fill(level);
          expect(new Set(augmented(photo, changes, { source, target }))).toEqual(new Set([level]));
        },
      ),
    );
  });

  it('writes one view at its place and nothing beside it, and leaves the photo as it is', () => {
    const source = { width: 7, height: 5 };
    const target = { width: 5, height: 3 };
    const kernel = augmenter({ source, target });
    const photo = pattern(7, 5);
    kernel.source.set(photo);
    const numbers = 5 * 3 * 3;
    const whole = new Float32Array(3 * numbers).fill(-1);
    kernel.augment(view({ rotation: 0.1, brightness: 3 }), whole, numbers);
    expect([...kernel.source]).toEqual([...photo]);
    expect(new Set(whole.subarray(0, numbers))).toEqual(new Set([-1]));
    expect(new Set(whole.subarray(2 * numbers))).toEqual(new Set([-1]));
    expect(whole.subarray(numbers, 2 * numbers).every((value) => value >= 0)).toBe(true);
  });

  it('gives bytes: the levels, half up', () => {
    const options = { source: { width: 9, height: 6 }, target: { width: 11, height: 7 } };
    const kernel = augmenter(options);
    const photo = pattern(9, 6);
    kernel.source.set(photo);
    const bytes = new Uint8Array(11 * 7 * 3);
    const changes = { rotation: 0.2, contrast: 1.4 };
    kernel.augment(view(changes), bytes);
    expect([...bytes]).toEqual(
      [...augmented(photo, changes, options)].map((level) => Math.floor(level + 0.5)),
    );
    const normalising = augmenter({ ...options, normalise: 'tf' });
    expect(() => normalising.augment(UNCHANGED, bytes)).toThrow(/Expected float32/);
  });

  it('changes colours before it normalises, as it does without', () => {
    const options = { source: { width: 9, height: 6 }, target: { width: 9, height: 6 } };
    const photo = pattern(9, 6);
    const changes = { brightness: -20, contrast: 0.7, hue: -0.3, zoom: 1.1 };
    const levels = augmented(photo, changes, options);
    for (const normalise of ['scale', 'tf', 'torch', 'caffe'] as const) {
      const channels = channelsOf(normalise);
      const expected = levels.map((_, at) => {
        const { from, scale, shift } = channels[at % 3]!;
        return levels[at - (at % 3) + from]! * scale + shift;
      });
      expect(largest(augmented(photo, changes, { ...options, normalise }), expected)).toBeLessThan(1e-4);
    }
  });

  it('paints the cutout with its level, normalised, and nothing else', () => {
    const options = {
      source: { width: 8, height: 8 },
      target: { width: 8, height: 8 },
      normalise: 'tf',
    } as const;
    const photo = new Uint8Array(8 * 8 * 3).fill(255);
    const cutout = { left: 0.25, top: 0.5, width: 0.5, height: 0.25, level: 127.5 };
    const out = augmented(photo, { cutout }, options);
    const painted = [...out.keys()].filter((at) => Math.abs(out[at]!) < 1e-6);
    const inside = (at: number) => {
      const [x, y] = [Math.floor(at / 3) % 8, Math.floor(at / 24)];
      return x >= 2 && x < 6 && y >= 4 && y < 6;
    };
    expect(painted).toEqual([...out.keys()].filter(inside));
  });

  it('refuses photos that its arithmetic has no room for', () => {
    expect(() => augmenter({ source: { width: 8193, height: 1 }, target: { width: 1, height: 1 } })).toThrow(
      /8192/,
    );
  });
});
