import { type Drawing, ellipse, line, polygon, rect } from './svg.js';

/** A table: a thin top on two visible pairs of legs, sometimes a lower shelf. */
export const table: Drawing = (draws, { colour, material }) => {
  const width = draws.range('width', 52, 84);
  const depth = draws.range('depth', 12, 30);
  const legs = draws.range('legs', 34, 70);
  const leg = draws.range('leg', 4, 9);
  const round = draws.chance('round', 0.3);
  const shelf = draws.chance('shelf', 0.35);
  const top = -legs / 2;
  const at = (x: number, y: number, length: number, tone: number) =>
    rect(x - leg / 2, y, leg, length, material.tone(tone));
  return [
    at(-width * 0.72, top - depth * 0.3, legs * 0.86, -0.3),
    at(width * 0.72, top - depth * 0.3, legs * 0.86, -0.3),
    ...(shelf
      ? [
          polygon(
            [
              [-width * 0.8, top + legs * 0.62],
              [width * 0.8, top + legs * 0.62],
              [width * 0.92, top + legs * 0.62 + depth * 0.5],
              [-width * 0.92, top + legs * 0.62 + depth * 0.5],
            ],
            colour.tone(-0.15),
          ),
        ]
      : []),
    round
      ? ellipse(0, top, width, depth * 0.75, colour.tone(0.1)) +
        ellipse(0, top - 3, width, depth * 0.75, colour.tone(0.22))
      : polygon(
          [
            [-width * 0.82, top - depth],
            [width * 0.82, top - depth],
            [width, top],
            [-width, top],
          ],
          colour.tone(0.18),
        ) + rect(-width, top, 2 * width, draws.range('edge', 5, 11), colour.tone(-0.1)),
    at(-width * 0.9, top + 5, legs, 0),
    at(width * 0.9, top + 5, legs, 0),
  ].join('');
};

/** A lamp: a shade on a stem and a foot. */
export const lamp: Drawing = (draws, { colour, material }) => {
  const top = draws.range('top', 14, 30);
  const bottom = top + draws.range('flare', 4, 26);
  const shade = draws.range('shade', 34, 58);
  const stem = draws.range('stem', 36, 84);
  const foot = draws.range('foot', 18, 34);
  const y = -(shade + stem) / 2;
  const bulged = draws.chance('bulged', 0.4);
  return [
    rect(-2.5, y + shade - 4, 5, stem + 4, material.base),
    ...(bulged ? [ellipse(0, y + shade + stem * 0.6, foot * 0.7, stem * 0.3, material.tone(0.12))] : []),
    ellipse(0, y + shade + stem, foot, 6, material.tone(-0.2)),
    ellipse(0, y + shade + stem - 2, foot, 5, material.tone(0.1)),
    polygon(
      [
        [-top, y],
        [top, y],
        [bottom, y + shade],
        [-bottom, y + shade],
      ],
      colour.base,
    ),
    polygon(
      [
        [-top * 0.5, y],
        [-top * 0.1, y],
        [-bottom * 0.1, y + shade],
        [-bottom * 0.5, y + shade],
      ],
      colour.tone(0.3),
    ),
    ellipse(0, y + shade, bottom, 4, colour.tone(-0.3)),
  ].join('');
};

/** A rug, flat or seen from the front, with a border and a pattern. */
export const rug: Drawing = (draws, { colour }) => {
  const width = draws.range('width', 56, 84);
  const height = draws.range('height', 34, 62);
  const skew = draws.range('skew', -18, 18);
  const border = draws.range('border', 5, 12);
  const pattern = draws.pick('pattern', ['stripes', 'diamonds', 'plain', 'rings'] as const);
  const other = colour.tone(draws.chance('lighter', 0.6) ? 0.45 : -0.4);
  const count = draws.integer('count', 3, 6);
  const inner = (u: number, v: number) =>
    [u * (width - border) + v * skew, v * (height - border)] as [number, number];
  const quad = (w: number, h: number, fill: string) =>
    polygon(
      [
        [-w - skew, -h],
        [w - skew, -h],
        [w + skew, h],
        [-w + skew, h],
      ],
      fill,
    );
  const figures = Array.from({ length: count }, (_, i) => {
    const u = -1 + (2 * i + 1) / count;
    const step = 0.7 / count;
    if (pattern === 'stripes')
      return polygon(
        [
          inner(u - step * 0.5, -1),
          inner(u + step * 0.5, -1),
          inner(u + step * 0.5, 1),
          inner(u - step * 0.5, 1),
        ],
        other,
      );
    if (pattern === 'diamonds')
      return polygon([inner(u, -0.7), inner(u + step, 0), inner(u, 0.7), inner(u - step, 0)], other);
    if (pattern === 'rings') return ellipse(...inner(u, 0), step * width * 0.8, height * 0.4, other);
    return '';
  });
  const fringe = draws.chance('fringe', 0.4)
    ? Array.from({ length: 16 }, (_, i) => {
        const y = -height + ((i + 0.5) * 2 * height) / 16;
        const x = width + (y / height) * skew;
        return (
          line(
            [
              [x, y],
              [x + 5, y],
            ],
            colour.tone(0.5),
            1.5,
          ) +
          line(
            [
              [-x + 2 * (y / height) * skew, y],
              [-x - 5 + 2 * (y / height) * skew, y],
            ],
            colour.tone(0.5),
            1.5,
          )
        );
      })
    : [];
  return [
    ...fringe,
    quad(width, height, colour.tone(-0.2)),
    quad(width - border, height - border, colour.base),
    ...figures,
  ].join('');
};
