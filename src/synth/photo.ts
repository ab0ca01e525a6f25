import sharp from 'sharp';
import type { RandomSource } from '../random.js';
import { CATALOGUE } from './catalogue.js';
import { ellipse, line, rect } from './draw/svg.js';
import { type Draws, drawsFor } from './draws.js';
import { ink, METALS, PALETTE, WOODS } from './palette.js';
import type { Damage, Product } from './product.js';

/** A photo as a dump has it: the small JPEG, and the size that its original is said to have. */
export interface DrawnPhoto {
  bytes: Buffer;
  width: number;
  height: number;
}

/** Longest side of a small photo in pixels, as ABO's. */
const LONGEST = 256;

/** Draws one view of a product on white. View 0 is the main photo; others are turned, mirrored or come closer. */
export async function drawPhoto(random: RandomSource, product: Product, view: number): Promise<DrawnPhoto> {
  // Variants of one shot differ in nothing but the colour.
  const shot = drawsFor(random, `shot ${product.shape} ${view}`);
  const shape = drawsFor(random, `shape ${product.shape}`);
  const paints = {
    colour: ink(PALETTE[product.colour]),
    material: shape.pick('material', shape.chance('wooden', 0.5) ? WOODS : METALS),
  };
  const body = CATALOGUE[product.type].drawing(shape, paints);
  const { width, height } = sizeOf(shot);
  return {
    bytes: await render(scene(body, shot, view, width, height), width, height, 88),
    ...original(shot, width, height),
  };
}

function scene(body: string, shot: Draws, view: number, width: number, height: number): string {
  const closer = view === 2 ? shot.range('closer', 1.25, 1.6) : 1;
  const scale = closer * (Math.min(width, height) / 200) * shot.range('scale', 0.85, 1.15);
  const turn = shot.range('turn', -7, 7) + (view === 1 ? shot.range('turned', -16, 16) : 0);
  const mirrored = view === 0 ? shot.chance('mirrored', 0.25) : view === 1;
  const x = width / 2 + shot.range('x', -0.06, 0.06) * width;
  const y = height / 2 + shot.range('y', -0.05, 0.05) * height;
  const squeeze = shot.range('squeeze', 0.88, 1.1);
  const shadow = shot.chance('shadow', 0.6) ? ellipse(4, 84, 62, 6, '#00000018') : '';
  const light = shot.range('light', 0, 0.16).toFixed(3);
  const transform = `translate(${x.toFixed(1)} ${y.toFixed(1)}) rotate(${turn.toFixed(1)}) scale(${(mirrored ? -scale : scale).toFixed(4)} ${(scale * squeeze).toFixed(4)})`;
  return [
    `<defs><linearGradient id="light" x1="0" y1="0" x2="1" y2="1"><stop offset="0" stop-color="#fff" stop-opacity="${light}"/><stop offset="1" stop-color="#000" stop-opacity="${light}"/></linearGradient></defs>`,
    `<rect width="100%" height="100%" fill="#ffffff"/>`,
    `<g transform="${transform}">${shadow}${body}</g>`,
    `<rect width="100%" height="100%" fill="url(#light)" opacity="0.35"/>`,
  ].join('');
}

/** The images that many products share. */
export async function drawBoilerplate(kind: 'size-chart' | 'logo'): Promise<DrawnPhoto> {
  const chart = Array.from({ length: 8 }, (_, row) =>
    line(
      [
        [20, 40 + row * 22],
        [236, 40 + row * 22],
      ],
      '#333333',
      1.5,
    ),
  ).concat(
    Array.from({ length: 5 }, (_, column) =>
      line(
        [
          [20 + column * 54, 40],
          [20 + column * 54, 194],
        ],
        '#333333',
        1.5,
      ),
    ),
    rect(20, 40, 216, 22, '#d8dde3'),
    rect(60, 12, 136, 16, '#555b66'),
  );
  const logo = [
    ellipse(128, 108, 70, 70, '#1f4e79'),
    ellipse(128, 108, 50, 50, '#ffffff'),
    rect(84, 196, 88, 14, '#1f4e79', 7),
  ];
  const body = `<rect width="100%" height="100%" fill="#ffffff"/>${(kind === 'logo' ? logo : chart).join('')}`;
  return { bytes: await render(body, LONGEST, LONGEST, 90), width: 1000, height: 1000 };
}

/** The same picture in other bytes: stretched to a square and compressed again, as marketplaces do. */
export async function encodeAgain(photo: DrawnPhoto): Promise<DrawnPhoto> {
  const bytes = await sharp(photo.bytes)
    .resize(LONGEST, LONGEST, { fit: 'fill' })
    .jpeg({ quality: 74, chromaSubsampling: '4:2:0' })
    .toBuffer();
  return { ...photo, bytes };
}

export function damaged({ bytes }: DrawnPhoto, damage: Damage): Buffer {
  switch (damage) {
    case 'cut':
      return bytes.subarray(0, Math.floor(bytes.length / 2));
    case 'empty':
      return Buffer.alloc(0);
    case 'text':
      return Buffer.from('<html><body>503 Service Unavailable</body></html>\n');
  }
}

function sizeOf(shot: Draws): { width: number; height: number } {
  const short = shot.pick('short', [LONGEST, LONGEST, 224, 200, 176]);
  return shot.chance('wide', 0.5) ? { width: LONGEST, height: short } : { width: short, height: LONGEST };
}

function original(shot: Draws, width: number, height: number): { width: number; height: number } {
  const times = shot.range('original', 3, 9);
  return { width: Math.round(width * times), height: Math.round(height * times) };
}

function render(body: string, width: number, height: number, quality: number): Promise<Buffer> {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${body}</svg>`;
  return sharp(Buffer.from(svg)).jpeg({ quality, chromaSubsampling: '4:2:0' }).toBuffer();
}
