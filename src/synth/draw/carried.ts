import { type Drawing, ellipse, line, path, rect } from './svg.js';

/** A handbag: a body, a flap, a handle. */
export const handbag: Drawing = (draws, { colour, material }) => {
  const width = draws.range('width', 36, 60);
  const height = draws.range('height', 44, 68);
  const taper = draws.range('taper', -8, 12);
  const handle = draws.range('handle', 22, 52);
  const flap = draws.range('flap', 0, 0.6);
  const top = -height / 2 + 16;
  const grip = draws.range('grip', 0.4, 0.75) * width;
  return [
    `<path d="M ${-grip.toFixed(1)} ${top.toFixed(1)} C ${(-grip).toFixed(1)} ${(top - handle * 1.3).toFixed(1)} ${grip.toFixed(1)} ${(top - handle * 1.3).toFixed(1)} ${grip.toFixed(1)} ${top.toFixed(1)}" fill="none" stroke="${colour.tone(-0.35)}" stroke-width="${draws.range('strap', 3, 7).toFixed(1)}"/>`,
    path(
      [
        'M',
        -width + taper,
        top,
        'L',
        width - taper,
        top,
        'L',
        width,
        top + height - 8,
        'Q',
        width,
        top + height,
        width - 8,
        top + height,
        'L',
        -width + 8,
        top + height,
        'Q',
        -width,
        top + height,
        -width,
        top + height - 8,
        'Z',
      ],
      colour.base,
    ),
    ...(flap > 0.2
      ? [
          path(
            [
              'M',
              -width + taper,
              top,
              'L',
              width - taper,
              top,
              'L',
              width - taper / 2,
              top + height * flap * 0.7,
              'Q',
              0,
              top + height * flap * 1.2,
              -width + taper / 2,
              top + height * flap * 0.7,
              'Z',
            ],
            colour.tone(-0.15),
          ),
        ]
      : [rect(-width + taper, top, 2 * (width - taper), 6, colour.tone(-0.25))]),
    rect(-5, top + height * Math.max(flap, 0.25) * 0.8, 10, 8, material.base, 2),
  ].join('');
};

/** A phone case: a tall rounded plate with a camera opening, often with a print. */
export const phoneCase: Drawing = (draws, { colour, material }) => {
  const width = draws.range('width', 30, 38);
  const height = draws.range('height', 66, 80);
  const round = draws.range('round', 8, 14);
  const print = draws.pick('print', ['none', 'stripes', 'dots', 'band'] as const);
  const camera = draws.chance('camera', 0.5) ? -1 : 1;
  const other = colour.tone(draws.chance('lighter', 0.5) ? 0.5 : -0.4);
  const figures = Array.from({ length: draws.integer('figures', 3, 6) }, (_, i) => {
    const y = -height * 0.45 + (i * height * 1.3) / 6;
    if (print === 'stripes')
      return line(
        [
          [-width + 4, y + 8],
          [width - 4, y],
        ],
        other,
        5,
      );
    if (print === 'dots')
      return ellipse(draws.range(`dot ${i}`, -width + 10, width - 10), y + 12, 5, 5, other);
    return '';
  });
  return [
    rect(-width - 2, -height + 2, 2 * width + 4, 2 * height, colour.tone(-0.35), round + 1),
    rect(-width, -height, 2 * width, 2 * height, colour.base, round),
    ...figures,
    ...(print === 'band' ? [rect(-width, height * 0.1, 2 * width, height * 0.3, other)] : []),
    rect(
      camera < 0 ? -width + 6 : width - 26,
      -height + 7,
      20,
      draws.range('opening', 20, 34),
      material.tone(-0.5),
      7,
    ),
    rect(-width + 3, -height + 6, 3, 2 * height - 20, colour.tone(0.4), 1.5),
  ].join('');
};
