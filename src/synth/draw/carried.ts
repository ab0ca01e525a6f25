import { type Drawer, ellipse, path, polygon, rect, repeat, strap } from './shape.js';

export const handbag: Drawer = (draws) => {
  const width = draws.range('width', 62, 108);
  const high = draws.range('high', 44, 74);
  const inset = draws.range('inset', -6, 12);
  const handle = draws.range('handle', 20, 48);
  const thick = draws.range('thick', 2.5, 5.5);
  const spread = width * draws.range('spread', 0.16, 0.34);
  const flap = draws.range('flap', 0.2, 0.62);
  const left = Math.max(0, -inset);
  const right = left + width;
  const bottom = handle + high;
  const centre = left + width / 2;
  const corner = draws.range('corner', 2, 12);
  const long = draws.chance('long-strap', 0.35);
  const from = long ? centre - left - 6 : spread;
  const carrier = (lift: number, tone: 'dark' | 'main') =>
    strap(
      ['M', centre - from, handle + 4, 'C', centre - from, -handle * 0.28 + lift, centre + from].concat([
        -handle * 0.28 + lift,
        centre + from,
        handle + 4,
      ]),
      tone,
      thick,
    );
  const body =
    carrier(0, 'dark') +
    path(
      ['M', left + inset, handle, 'L', right - inset, handle, 'L', right, bottom - corner]
        .concat(['Q', right, bottom, right - corner, bottom, 'L', left + corner, bottom])
        .concat(['Q', left, bottom, left, bottom - corner, 'Z']),
      'main',
    ) +
    (draws.chance('flapped', 0.5)
      ? path(
          [
            'M',
            left + inset,
            handle,
            'L',
            right - inset,
            handle,
            'L',
            right - inset * 0.4 - 2,
            handle + high * flap,
          ]
            .concat(['Q', centre, handle + high * (flap + 0.2), left + inset * 0.4 + 2, handle + high * flap])
            .concat(['Z']),
          'light',
        ) + rect(centre - 4, handle + high * flap - 1, 8, 9, 'metal', 1.5)
      : rect(left + inset, handle, width - 2 * inset, 5, 'dark') +
        (draws.chance('pocket', 0.5)
          ? rect(left + width * 0.2, handle + high * 0.42, width * 0.6, high * 0.42, 'light', 4)
          : '')) +
    (long ? '' : carrier(5, 'main'));
  return { width: width + 2 * left, height: bottom, body };
};

/** A case for a phone, seen from behind; sometimes two leaning together, as catalogues show them. */
export const phoneCase: Drawer = (draws) => {
  const width = draws.range('width', 42, 52);
  const height = width * draws.range('aspect', 1.85, 2.15);
  const corner = draws.range('corner', 4, 10);
  const pattern = draws.pick('pattern', ['plain', 'plain', 'stripes', 'waves', 'dots', 'split'] as const);
  const tone = draws.pick('tone', ['light', 'dark', 'cream'] as const);
  const count = draws.integer('count', 3, 7);
  const lens = draws.pick('lens', ['corner', 'bar', 'single'] as const);
  const decorated = {
    plain: () => '',
    stripes: () =>
      repeat(count, (n) =>
        rect(4, height * (0.3 + (0.62 * n) / count), width - 8, (height * 0.3) / count, tone),
      ),
    waves: () =>
      repeat(count, (n) => {
        const y = height * (0.34 + (0.58 * n) / count);
        return strap(['M', 5, y, 'Q', width / 2, y + 12, width - 5, y - 4], tone, 2.4);
      }),
    dots: () =>
      repeat(2 * count, (n) =>
        ellipse(
          width * (n % 2 === 0 ? 0.3 : 0.7),
          height * (0.36 + (0.56 * Math.floor(n / 2)) / count),
          4,
          4,
          tone,
        ),
      ),
    split: () =>
      polygon(
        [
          [2, height * 0.55],
          [width - 2, height * 0.38],
          [width - 2, height - corner],
          [2, height - corner],
        ],
        tone,
      ),
  }[pattern]();
  const camera = {
    corner: () =>
      rect(5, 5, width * 0.4, width * 0.42, 'ink', 5) +
      repeat(2, (n) => ellipse(5 + width * (0.12 + 0.17 * n), 5 + width * 0.2, 3, 3, 'metal')),
    bar: () =>
      rect(5, 7, width - 10, width * 0.22, 'ink', 5) +
      repeat(3, (n) => ellipse(width * (0.28 + 0.22 * n), 7 + width * 0.11, 3, 3, 'metal')),
    single: () => ellipse(width * 0.24, width * 0.24, 5.5, 5.5, 'ink'),
  }[lens]();
  const back = rect(0, 0, width, height, 'main', corner) + decorated + camera;
  if (!draws.chance('pair', 0.25)) return { width, height, body: back };
  const front =
    rect(0, 0, width, height, 'dark', corner) + rect(3, 3, width - 6, height - 6, 'ink', corner * 0.7);
  const shift = width * draws.range('shift', 0.45, 0.9);
  return {
    width: width + shift,
    height: height + 6,
    body: `<g transform="translate(${shift.toFixed(2)} 6)">${front}</g>${back}`,
  };
};
