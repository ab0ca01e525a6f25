import type { Draws } from '../draws.js';
import { type Drawer, ellipse, path, rect, repeat, type Shape, strap } from './shape.js';

/** What all three have in common; that they look alike is the point. */
function foot(draws: Draws) {
  return {
    length: draws.range('length', 88, 116),
    heel: draws.weighted('heel-kind', [
      [draws.range('flat', 3, 8), 5],
      [draws.range('high', 14, 34), 2],
    ] as const),
    sole: draws.range('sole', 3, 8),
    toe: draws.range('toe', 11, 22),
    tone: draws.pick('sole-tone', ['cream', 'ink', 'wood', 'dark'] as const),
  };
}

type Foot = ReturnType<typeof foot>;

/** The sole from the heel at the left to the toe at the right, its upper side at `y` in front. */
function soleOf({ length, heel, sole, tone }: Foot, y: number): string {
  const step = heel > 12 ? 0.16 : 0.32;
  return (
    path(
      ['M', 2, y - heel, 'L', 2 + length * step * 0.2, y + sole, 'L', length * step, y + sole].concat([
        'L',
        length * step,
        y - heel * 0.75,
        'Z',
      ]),
      tone,
    ) +
    path(
      ['M', 0, y - heel, 'Q', length * 0.35, y - heel, length * 0.55, y, 'L', length, y - 2]
        .concat(['Q', length + 4, y + sole, length - 6, y + sole, 'L', length * 0.5, y + sole])
        .concat(['Q', length * 0.3, y - heel + sole, 0, y - heel + sole, 'Z']),
      tone,
    )
  );
}

/** An upper whose opening lies `top` above the heel and `opening` long. */
function upperOf({ length, heel, toe }: Foot, y: number, top: number, opening: number, slope: number) {
  const ankle = y - heel - top;
  return path(
    ['M', 1, y - heel, 'L', 3, ankle, 'L', opening, ankle]
      .concat(['Q', opening + slope, y - toe - 8, length * 0.72, y - toe])
      .concat(['Q', length + 2, y - toe * 0.8, length, y - 1, 'L', length * 0.55, y + 1])
      .concat(['Q', length * 0.35, y - heel + 1, 1, y - heel, 'Z']),
    'main',
  );
}

function lacesOf(draws: Draws, from: readonly [number, number], to: readonly [number, number]): string {
  const count = draws.integer('laces', 3, 6);
  const tone = draws.pick('lace-tone', ['cream', 'ink', 'light'] as const);
  return repeat(count, (n) => {
    const share = n / (count - 1);
    const x = from[0] + share * (to[0] - from[0]);
    const y = from[1] + share * (to[1] - from[1]);
    return strap(['M', x - 4, y - 2, 'L', x + 5, y + 3], tone, 1.8);
  });
}

function standing(base: Foot, above: number, body: string): Shape {
  return { width: base.length + 3, height: above + base.heel + base.sole, body };
}

export const shoe: Drawer = (draws) => {
  const base = foot(draws);
  const top = draws.range('top', 15, 30);
  const y = top + base.heel;
  const opening = base.length * draws.range('opening', 0.3, 0.48);
  const laced = base.heel < 12 && draws.chance('laced', 0.65);
  return standing(
    base,
    top,
    soleOf(base, y) +
      upperOf(base, y, top, opening, base.length * 0.06) +
      ellipse(opening / 2 + 2, top - top + 1.5, opening / 2 - 2, 3, 'dark') +
      (draws.chance('cap', 0.4)
        ? ellipse(base.length * 0.9, y - base.toe * 0.42, base.length * 0.085, base.toe * 0.36, 'light')
        : '') +
      (draws.chance('stripe', 0.45)
        ? strap(
            ['M', base.length * 0.25, y - base.heel * 0.4 - 2, 'L', base.length * 0.5, y - base.toe - 3],
            'light',
            draws.range('stripe-width', 2, 6),
          )
        : '') +
      (laced ? lacesOf(draws, [opening + 2, top * 0.35 + 2], [base.length * 0.66, y - base.toe + 1]) : ''),
  );
};

export const boot: Drawer = (draws) => {
  const base = foot(draws);
  const top = draws.range('shaft', 38, 98);
  const y = top + base.heel;
  const opening = base.length * draws.range('opening', 0.34, 0.46);
  return standing(
    base,
    top,
    soleOf(base, y) +
      upperOf(base, y, top, opening, base.length * 0.02) +
      rect(
        3,
        0,
        opening - 3,
        draws.range('cuff', 3, 14),
        draws.pick('cuff-tone', ['dark', 'cream', 'light']),
      ) +
      (draws.chance('laced', 0.4)
        ? lacesOf(draws, [opening - 1, top * 0.15 + 8], [base.length * 0.6, y - base.toe - 3])
        : strap(['M', opening * 0.6, 6, 'L', opening * 0.62, y - base.heel - 4], 'dark', 1.4)) +
      (draws.chance('buckle', 0.3) ? rect(2, top * 0.7, opening + 2, 4, 'ink') : ''),
  );
};

export const sandal: Drawer = (draws) => {
  const base = foot(draws);
  const top = draws.range('top', 16, 30);
  const y = top + base.heel;
  const { length, heel, toe } = base;
  const width = draws.range('strap', 4, 10);
  const front = draws.integer('front-straps', 1, 3);
  const slingback = draws.chance('slingback', 0.65);
  return standing(
    base,
    top,
    soleOf(base, y) +
      repeat(front, (n) => {
        const x = length * (0.86 - 0.15 * n);
        return strap(['M', x, y - 1, 'Q', x - 8, y - toe - 8, x - 22, y - 2], 'main', width);
      }) +
      (slingback
        ? strap(['M', 4, y - heel, 'L', 4, y - heel - top + 6], 'main', width * 0.9) +
          strap(
            ['M', 4, y - heel - top + 5, 'Q', length * 0.25, y - heel - top, length * 0.38, y - heel * 0.6],
            'main',
            width * 0.8,
          )
        : strap(
            ['M', length * 0.5, y - 2, 'Q', length * 0.42, y - toe - 12, length * 0.3, y - 2],
            'main',
            width,
          )),
  );
};
