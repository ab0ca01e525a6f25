import { ellipse, path, rect, repeat, type Shape, strap } from './shape.js';

/** Pictures that many items share and that show no product. Lines stand for text: no font is needed. */
export const BOILERPLATE = {
  'size-chart': (): Shape => ({
    width: 150,
    height: 100,
    body:
      rect(0, 0, 150, 14, 'ink') +
      repeat(7, (row) =>
        repeat(5, (column) =>
          rect(
            30 * column + 5,
            20 + 11 * row,
            14 + ((row * 7 + column * 5) % 9),
            4,
            column === 0 ? 'ink' : 'metal',
          ),
        ),
      ) +
      repeat(8, (row) => strap(['M', 0, 16 + 11 * row, 'L', 150, 16 + 11 * row], 'metal', 0.6)),
  }),
  logo: (): Shape => ({
    width: 120,
    height: 60,
    body:
      ellipse(30, 30, 26, 26, 'ink') +
      path(['M', 14, 40, 'L', 30, 12, 'L', 46, 40, 'Z'], 'cream') +
      rect(62, 18, 54, 10, 'ink') +
      rect(62, 34, 36, 6, 'metal'),
  }),
  'care-card': (): Shape => ({
    width: 90,
    height: 120,
    body:
      rect(0, 0, 90, 120, 'cream', 4) +
      repeat(4, (n) => ellipse(18 + 18 * n, 24, 7, 7, 'ink') + ellipse(18 + 18 * n, 24, 5, 5, 'cream')) +
      repeat(6, (n) => rect(12, 46 + 10 * n, 40 + ((n * 17) % 26), 4, 'metal')),
  }),
} as const;

export type BoilerplateName = keyof typeof BOILERPLATE;
export const BOILERPLATE_NAMES = Object.keys(BOILERPLATE) as BoilerplateName[];
