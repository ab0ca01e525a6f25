import { type Drawing, line, polygon, rect } from './svg.js';

/** A chair seen a little from the side: four legs, a seat, a back. */
export const chair: Drawing = (draws, { colour, material }) => {
  const width = draws.range('width', 34, 50);
  const back = draws.range('back', 42, 66);
  const legs = draws.range('legs', 40, 60);
  const depth = draws.range('depth', 14, 24);
  const lean = draws.range('lean', 0, 9);
  const slats = draws.integer('slats', 0, 4);
  const arms = draws.chance('arms', 0.3);
  const seat = draws.range('seat', 0, 10);
  const leg = draws.range('leg', 4, 7);
  const frame = (x: number, y: number) =>
    line(
      [
        [x, y],
        [x * 1.08, y + legs],
      ],
      material.base,
      leg,
    );
  const rows = Array.from({ length: slats }, (_, i) => {
    const y = seat - back + ((i + 0.6) * back) / (slats + 0.4);
    return line(
      [
        [-width + 8 - lean, y],
        [width - 8 - lean, y],
      ],
      colour.tone(-0.25),
      4,
    );
  });
  return [
    frame(-width + depth, seat - 4),
    frame(width + depth * 0.4, seat - 4),
    rect(-width - lean, seat - back, 2 * width, back + 6, slats > 0 ? colour.tone(0.12) : colour.base, 8),
    ...rows,
    polygon(
      [
        [-width, seat],
        [width, seat],
        [width + depth * 0.6, seat + 14],
        [-width - depth * 0.4, seat + 14],
      ],
      colour.tone(0.15),
    ),
    rect(-width - depth * 0.4, seat + 13, 2 * width + depth, 7, colour.tone(-0.2), 3),
    frame(-width - depth * 0.3, seat + 17),
    frame(width + depth * 0.4, seat + 17),
    ...(arms
      ? [
          line(
            [
              [-width, seat - back * 0.35],
              [-width - depth * 0.4, seat - back * 0.35],
              [-width - depth * 0.4, seat + 13],
            ],
            material.base,
            leg,
          ),
          line(
            [
              [width, seat - back * 0.35],
              [width + depth * 0.5, seat - back * 0.35],
              [width + depth * 0.5, seat + 13],
            ],
            material.base,
            leg,
          ),
        ]
      : []),
  ].join('');
};

/** A stool: a seat on high legs with a rung, seldom a low back. */
export const stool: Drawing = (draws, { colour, material }) => {
  const width = draws.range('width', 26, 42);
  const legs = draws.range('legs', 66, 96);
  const spread = draws.range('spread', 4, 16);
  const top = -legs / 2 - draws.range('top', 0, 12);
  const back = draws.chance('back', 0.25) ? draws.range('back height', 14, 30) : 0;
  const leg = draws.range('leg', 4, 7);
  const rung = top + legs * draws.range('rung', 0.45, 0.75);
  const at = (side: number, y: number) => side * (width - 6 + (spread * (y - top)) / legs);
  return [
    line(
      [
        [-width * 0.35, top],
        [-width * 0.35 - spread * 0.5, top + legs * 0.92],
      ],
      material.tone(-0.25),
      leg,
    ),
    line(
      [
        [width * 0.35, top],
        [width * 0.35 + spread * 0.5, top + legs * 0.92],
      ],
      material.tone(-0.25),
      leg,
    ),
    line(
      [
        [at(-1, rung), rung],
        [at(1, rung), rung],
      ],
      material.base,
      leg * 0.8,
    ),
    line(
      [
        [at(-1, top), top],
        [at(-1, top + legs), top + legs],
      ],
      material.base,
      leg,
    ),
    line(
      [
        [at(1, top), top],
        [at(1, top + legs), top + legs],
      ],
      material.base,
      leg,
    ),
    ...(back > 0 ? [rect(-width + 4, top - back - 6, 2 * width - 8, back, colour.tone(-0.1), 6)] : []),
    rect(-width, top - 8, 2 * width, draws.range('cushion', 8, 16), colour.base, 6),
    rect(-width + 3, top - 8, 2 * width - 6, 4, colour.tone(0.25), 2),
  ].join('');
};

/** A sofa: a wide seat of cushions between two arms. */
export const sofa: Drawing = (draws, { colour, material }) => {
  const width = draws.range('width', 66, 86);
  const back = draws.range('back', 30, 46);
  const arm = draws.range('arm', 10, 18);
  const cushions = draws.integer('cushions', 2, 4);
  const round = draws.range('round', 3, 12);
  const legs = draws.range('legs', 4, 14);
  const inner = 2 * (width - arm);
  const seats = Array.from({ length: cushions }, (_, i) => {
    const x = -width + arm + (i * inner) / cushions;
    return (
      rect(x + 1, 0, inner / cushions - 2, 18, colour.tone(0.16), round / 2) +
      rect(x + 1, -back + 6, inner / cushions - 2, back - 4, colour.tone(0.06), round)
    );
  });
  return [
    rect(-width + 6, 26, 6, legs + 10, material.base),
    rect(width - 12, 26, 6, legs + 10, material.base),
    rect(-width, -back, 2 * width, back + 30, colour.tone(-0.12), round),
    ...seats,
    rect(-width, 17, 2 * width, 13, colour.tone(-0.18), 3),
    rect(-width - 3, -back * 0.45, arm + 3, back * 0.45 + 32, colour.base, round),
    rect(width - arm, -back * 0.45, arm + 3, back * 0.45 + 32, colour.base, round),
  ].join('');
};
