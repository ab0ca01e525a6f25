import { type Drawing, line, path, rect } from './svg.js';

/** A low shoe from the side: sole, upper, opening, laces. */
export const shoe: Drawing = (draws, { colour, material }) => {
  const length = draws.range('length', 66, 80);
  const height = draws.range('height', 26, 40);
  const sole = draws.range('sole', 7, 14);
  const toe = draws.range('toe', 12, 22);
  const laces = draws.integer('laces', 0, 4);
  const rows = Array.from({ length: laces }, (_, i) => {
    const x = -6 + i * 10;
    const y = -height * 0.72 + i * 6;
    return line(
      [
        [x, y],
        [x + 8, y + 8],
      ],
      material.tone(0.5),
      2.5,
    );
  });
  return [
    path(
      [
        'M',
        -length,
        0,
        'Q',
        -length - 4,
        -height * 1.1,
        -length + 12,
        -height * 1.25,
        'L',
        -length + 30,
        -height,
        'Q',
        -10,
        -height * 0.95,
        0,
        -height * 0.9,
        'Q',
        length * 0.4,
        -toe * 1.4,
        length * 0.8,
        -toe,
        'Q',
        length,
        -toe * 0.7,
        length,
        2,
        'Z',
      ],
      colour.base,
    ),
    path(
      [
        'M',
        -length + 12,
        -height * 1.2,
        'Q',
        -length + 24,
        -height * 0.75,
        -12,
        -height * 0.93,
        'L',
        -length + 30,
        -height,
        'Z',
      ],
      colour.tone(-0.5),
    ),
    path(['M', -length, -2, 'L', -length + 20, -height * 0.5, 'L', -length + 32, -2, 'Z'], colour.tone(-0.2)),
    ...rows,
    rect(
      -length - 2,
      0,
      2 * length + 5,
      sole,
      draws.chance('light sole', 0.6) ? '#e3e1dc' : material.tone(-0.4),
      sole / 2.5,
    ),
  ].join('');
};

/** A boot from the side: a shoe with a shaft. */
export const boot: Drawing = (draws, { colour, material }) => {
  const length = draws.range('length', 44, 60);
  const shaft = draws.range('shaft', 44, 92);
  const wide = draws.range('wide', 30, 42);
  const heel = draws.range('heel', 6, 20);
  const toe = draws.range('toe', 20, 28);
  const base = shaft / 2;
  const laced = draws.chance('laced', 0.4);
  return [
    rect(-length, base, wide * 0.55, heel, material.tone(-0.5), 2),
    path(
      [
        'M',
        -length,
        base + 2,
        'L',
        -length - 1,
        base - 18,
        'Q',
        -length + 4,
        base - shaft * 0.5,
        -length + 2,
        base - shaft,
        'L',
        -length + wide,
        base - shaft,
        'Q',
        -length + wide - 2,
        base - shaft * 0.4,
        -length + wide + 4,
        base - toe,
        'Q',
        length * 0.7,
        base - toe * 0.9,
        length,
        base - 4,
        'L',
        length,
        base + 2,
        'Z',
      ],
      colour.base,
    ),
    rect(-length + 1, base - shaft, wide, draws.range('cuff', 4, 12), colour.tone(-0.25), 2),
    ...(laced
      ? Array.from({ length: 4 }, (_, i) =>
          line(
            [
              [-length + wide - 14, base - shaft * 0.85 + i * shaft * 0.17],
              [-length + wide - 2, base - shaft * 0.8 + i * shaft * 0.17],
            ],
            material.tone(0.5),
            2.5,
          ),
        )
      : [rect(-length + 6, base - shaft * 0.9, 4, shaft * 0.6, colour.tone(0.25), 2)]),
    rect(-length - 1, base, 2 * length + 2, 6, material.tone(-0.55), 2),
  ].join('');
};

/** A sandal from the side: a sole with straps. */
export const sandal: Drawing = (draws, { colour, material }) => {
  const length = draws.range('length', 64, 80);
  const sole = draws.range('sole', 8, 16);
  const heel = draws.chance('heeled', 0.35) ? draws.range('heel', 10, 30) : 0;
  const height = draws.range('height', 20, 34);
  const strap = draws.range('strap', 5, 10);
  const straps = draws.integer('straps', 1, 3);
  const bands = Array.from({ length: straps }, (_, i) => {
    const x = length * (0.62 - 0.34 * i);
    const y = -height * (0.75 + 0.2 * i);
    return `<path d="M ${(x - 24).toFixed(1)} 0 Q ${(x - 6).toFixed(1)} ${(2 * y).toFixed(1)} ${(x + 14).toFixed(1)} 0" fill="none" stroke="${colour.tone(-0.08 * i)}" stroke-width="${strap.toFixed(1)}"/>`;
  });
  const ankle = draws.chance('ankle', 0.5)
    ? line(
        [
          [-length + 8, 0],
          [-length + 12, -height * 1.2],
          [-length + 44, -height * 1.1],
        ],
        colour.tone(-0.1),
        strap * 0.8,
      )
    : '';
  return [
    ankle,
    ...bands,
    ...(heel > 0 ? [rect(-length, sole - 2, 22, heel, material.tone(-0.3), 3)] : []),
    rect(-length, 0, 2 * length, sole, material.tone(-0.15), sole / 2),
    rect(-length + 2, -2, 2 * length - 4, 4, colour.tone(0.3), 2),
  ].join('');
};
