import sharp from 'sharp';
import type { RandomSource } from '../random.js';
import { BOILERPLATE, type BoilerplateName } from './draw/boilerplate.js';
import { PRODUCT_KINDS, type ProductType } from './draw/index.js';
import type { Shape } from './draw/shape.js';
import { type Draws, drawsFor } from './draws.js';
import { type ColorName, hsl, type Paint, paintOf } from './palette.js';

/** The longest side of `images/small`, in pixels. */
const LONGEST = 256;
/** Originals' longest sides, in pixels. */
const ORIGINAL: readonly [number, number] = [500, 2560];
const SLIMMEST = 0.42;

/** What is on a photo: everything that its pixels depend on, besides the seed. */
export type Scene =
  | { kind: 'product'; type: ProductType; color: ColorName; product: number; view: number }
  | { kind: 'boilerplate'; name: BoilerplateName };

/** `again`: decoded and encoded once more; `stretched`: to 256 × 256 as well. */
export type Encoding = 'once' | 'again' | 'stretched';

export interface Picture {
  svg: string;
  /** Of the small photo, in pixels. */
  width: number;
  height: number;
  /** What the image table says: the size of the photo that this one would have been made from. */
  original: { width: number; height: number };
  quality: number;
}

/** Draws a scene: a pure function of the seed and the scene. */
export function drawPicture(random: RandomSource, scene: Scene): Picture {
  if (scene.kind === 'boilerplate') {
    const draws = drawsFor(random, 'boilerplate', scene.name);
    const paint = paintOf('Grey', draws, draws);
    return frame(BOILERPLATE[scene.name](), paint, draws, { ...PLAIN_POSE, square: true });
  }
  const { type, color, product, view } = scene;
  // The colour enters the paint alone: colour variants are one shot.
  const shape = drawsFor(random, 'product', product);
  const shot = shape.part('view', view);
  const { draw, tilt } = PRODUCT_KINDS[type];
  return frame(draw(shape.part(type)), paintOf(color, shape, shot), shot, poseOf(shot, view, tilt));
}

interface Pose {
  /** Degrees. */
  turn: number;
  /** Share of the width that is left when seen from the side, and the shear that goes with it. */
  squeeze: number;
  shear: number;
  mirrored: boolean;
  /** Above 1 the product leaves the frame. */
  zoom: number;
  /** Where in the frame its centre lies, as a share of the room that is left. */
  offset: readonly [x: number, y: number];
  square: boolean;
  ground: 'white' | 'shade' | 'scene';
}

const PLAIN_POSE: Pose = {
  turn: 0,
  squeeze: 1,
  shear: 0,
  mirrored: false,
  zoom: 1,
  offset: [0, 0],
  square: false,
  ground: 'white',
};

/** The main view is upright on white; the others are turned, seen from the side, in a room or close. */
function poseOf(shot: Draws, view: number, tilt: number): Pose {
  const pose: Pose = {
    ...PLAIN_POSE,
    turn: shot.range('turn', -tilt, tilt),
    squeeze: shot.range('squeeze', 0.9, 1.08),
    shear: shot.range('shear', -0.05, 0.05),
    mirrored: shot.chance('mirrored', 0.3),
    zoom: shot.range('zoom', 0.86, 1),
    offset: [shot.range('x', -0.4, 0.4), shot.range('y', -0.4, 0.4)],
    square: shot.chance('square', 0.55),
    ground: shot.chance('shade', 0.25) ? 'shade' : 'white',
  };
  if (view === 0) return pose;
  switch (
    shot.weighted('kind', [
      ['side', 5],
      ['turned', 3],
      ['scene', 3],
      ['close', 1],
    ] as const)
  ) {
    case 'side':
      return {
        ...pose,
        squeeze: shot.range('side', 0.66, 0.86),
        shear: shot.range('side-shear', -0.14, 0.14),
      };
    case 'turned':
      return { ...pose, turn: shot.range('far-turn', -15, 15), mirrored: !pose.mirrored };
    case 'scene':
      return { ...pose, ground: 'scene', square: true, zoom: shot.range('far', 0.62, 0.86) };
    case 'close':
      return { ...pose, square: true, zoom: shot.range('close', 1.2, 1.5) };
  }
}

/** A shape in its frame. */
function frame(shape: Shape, { defs, line }: Paint, shot: Draws, pose: Pose): Picture {
  const turn = (pose.turn * Math.PI) / 180;
  const flip = pose.mirrored ? -1 : 1;
  const [cos, sin] = [Math.cos(turn), Math.sin(turn)];
  // SVG's matrix(a b c d …): squeeze and mirror, then shear, then turn.
  const a = cos * pose.squeeze * flip;
  const b = sin * pose.squeeze * flip;
  const c = cos * pose.shear - sin;
  const d = sin * pose.shear + cos;
  const box = {
    width: Math.abs(a) * shape.width + Math.abs(c) * shape.height,
    height: Math.abs(b) * shape.width + Math.abs(d) * shape.height,
  };
  const margin = 1 + 2 * shot.range('margin', 0.03, 0.1);
  let width = box.width * margin;
  let height = box.height * margin;
  if (pose.square) width = height = Math.max(width, height);
  width = Math.max(width, height * SLIMMEST);
  height = Math.max(height, width * SLIMMEST);
  const scale = LONGEST / Math.max(width, height);
  const small = { width: Math.round(width * scale), height: Math.round(height * scale) };
  const size = scale * pose.zoom;
  const centre = [
    small.width / 2 + (pose.offset[0] * (small.width - box.width * size)) / 2,
    small.height / 2 + (pose.offset[1] * (small.height - box.height * size)) / 2,
  ] as const;
  const [e, f] = [
    centre[0] - ((a * shape.width + c * shape.height) * size) / 2,
    centre[1] - ((b * shape.width + d * shape.height) * size) / 2,
  ];
  const matrix = [a * size, b * size, c * size, d * size, e, f].map((n) => n.toFixed(4)).join(' ');
  const foot = centre[1] + (box.height * size) / 2;
  const svg =
    `<svg xmlns="http://www.w3.org/2000/svg" width="${small.width}" height="${small.height}">` +
    `<defs>${defs}</defs>${groundOf(pose.ground, shot, small, foot)}` +
    `<g transform="matrix(${matrix})" stroke="${line}" stroke-width="0.6" stroke-linejoin="round">${shape.body}</g></svg>`;
  const longest = shot.integer('original', ...ORIGINAL);
  const larger = longest / LONGEST;
  return {
    svg,
    ...small,
    original: { width: Math.round(small.width * larger), height: Math.round(small.height * larger) },
    quality: shot.integer('quality', 78, 92),
  };
}

function groundOf(
  ground: Pose['ground'],
  shot: Draws,
  { width, height }: { width: number; height: number },
  foot: number,
): string {
  const white = `<rect width="${width}" height="${height}" fill="#fff"/>`;
  if (ground === 'white') return white;
  if (ground === 'shade') {
    return `${white}<ellipse cx="${(width / 2).toFixed(1)}" cy="${(foot - 2).toFixed(1)}" rx="${(width * 0.4).toFixed(1)}" ry="6" fill="#000" opacity="0.14"/>`;
  }
  const hue = shot.range('wall-hue', 0, 360);
  const wall = hsl(hue, shot.range('wall-saturation', 4, 30), shot.range('wall', 66, 90));
  const floor = hsl(
    shot.range('floor-hue', 20, 45),
    shot.range('floor-saturation', 8, 40),
    shot.range('floor', 40, 75),
  );
  const y = Math.min(foot - shot.range('horizon', 8, 50), height - 10).toFixed(1);
  return `<rect width="${width}" height="${height}" fill="${wall}"/><rect y="${y}" width="${width}" height="${height}" fill="${floor}"/>`;
}

/** Renders a picture as JPEG: a pure function of its arguments for one version of sharp. */
export async function renderPicture(picture: Picture, encoding: Encoding): Promise<Buffer> {
  const first = await sharp(Buffer.from(picture.svg))
    .flatten({ background: '#fff' })
    .jpeg({ quality: picture.quality })
    .toBuffer();
  switch (encoding) {
    case 'once':
      return first;
    case 'again':
      return sharp(first)
        .jpeg({ quality: picture.quality - 22 })
        .toBuffer();
    case 'stretched':
      return sharp(first)
        .resize(LONGEST, LONGEST, { fit: 'fill' })
        .jpeg({ quality: picture.quality - 10 })
        .toBuffer();
  }
}
