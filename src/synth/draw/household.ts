import { type Drawer, ellipse, path, polygon, rect, repeat, strap } from './shape.js';

export const lamp: Drawer = (draws) => {
  const shade = draws.range('shade', 34, 66);
  const narrow = shade * draws.range('narrow', 0.4, 0.95);
  const high = draws.range('high', 22, 46);
  const stem = draws.weighted('stem-kind', [
    [draws.range('table', 22, 56), 3],
    [draws.range('floor', 95, 150), 1],
  ] as const);
  const base = draws.range('base', 18, 42);
  const thick = draws.range('thick', 2, 5);
  const tone = draws.pick('metal', ['metal', 'wood', 'ink', 'dark'] as const);
  const width = Math.max(shade, base);
  const centre = width / 2;
  const pot = draws.chance('pot', 0.45) && stem < 60;
  const foot = high + stem;
  const body =
    rect(centre - thick / 2, high - 2, thick, stem + 2, tone) +
    (pot
      ? ellipse(
          centre,
          high + stem * 0.6,
          base * 0.42,
          stem * 0.4,
          draws.chance('pot-main', 0.5) ? 'main' : tone,
        )
      : '') +
    path(
      ['M', centre - base / 2, foot + 5, 'L', centre - base / 2, foot + 2].concat([
        'Q',
        centre,
        foot - 6,
        centre + base / 2,
        foot + 2,
        'L',
        centre + base / 2,
        foot + 5,
        'Z',
      ]),
      tone,
    ) +
    polygon(
      [
        [centre - narrow / 2, 3],
        [centre + narrow / 2, 3],
        [centre + shade / 2, high],
        [centre - shade / 2, high],
      ],
      draws.chance('cream-shade', 0.3) ? 'cream' : 'main',
    ) +
    ellipse(centre, 3, narrow / 2, 2.5, 'light');
  return { width, height: foot + 5, body };
};

export const table: Drawer = (draws) => {
  const width = draws.range('width', 64, 150);
  const legs = draws.range('legs', 34, 66);
  const depth = draws.range('depth', 8, 24);
  const thick = draws.range('thick', 2.5, 7);
  const leg = draws.range('leg', 3, 7);
  const lean = draws.range('lean', -5, 5);
  const top = draws.pick('top', ['main', 'main', 'wood'] as const);
  const tone = draws.pick('frame', ['wood', 'metal', 'ink', 'dark'] as const);
  const height = depth + thick + legs;
  const margin = 8;
  const post = (x: number, from: number, to: number, slant: number) =>
    polygon(
      [
        [x, from],
        [x + leg, from],
        [x + leg * 0.8 + slant, to],
        [x + leg * 0.2 + slant, to],
      ],
      tone,
    );
  if (draws.chance('round', 0.3)) {
    const centre = width / 2;
    const body =
      rect(centre - leg, depth / 2, 2 * leg, legs + depth / 2, tone) +
      ellipse(centre, height - 4, width * 0.26, 5, tone) +
      ellipse(centre, depth / 2 + thick, width / 2, depth / 2, 'dark') +
      ellipse(centre, depth / 2, width / 2, depth / 2, top);
    return { width, height: height + 1, body };
  }
  const drawers = draws.chance('drawers', 0.4) ? draws.integer('drawer-count', 1, 3) : 0;
  const apron = drawers > 0 ? draws.range('apron', 9, 18) : 4;
  const shelf = draws.chance('shelf', 0.3);
  const body =
    post(margin + 6, depth, height - depth * 0.7, -lean * 0.5) +
    post(width - margin - 6 - leg, depth, height - depth * 0.7, lean * 0.5) +
    (shelf ? rect(5, depth + thick + legs * 0.62, width - 10, 3.5, top === 'wood' ? 'wood' : 'dark') : '') +
    rect(4, depth + thick - 1, width - 8, apron, 'dark') +
    repeat(drawers, (n) => {
      const each = (width - 12) / drawers;
      return (
        rect(6 + n * each, depth + thick + 1, each - 2, apron - 3, 'light', 1) +
        ellipse(6 + (n + 0.5) * each - 1, depth + thick + apron / 2, 1.6, 1.6, 'ink')
      );
    }) +
    post(2, depth + thick, height, -Math.min(lean, 2)) +
    post(width - 2 - leg, depth + thick, height, Math.min(lean, 2)) +
    polygon(
      [
        [margin, 0],
        [width - margin, 0],
        [width, depth],
        [0, depth],
      ],
      top,
    ) +
    rect(0, depth, width, thick, top);
  return { width, height, body };
};

export const rug: Drawer = (draws) => {
  const width = draws.range('width', 52, 100);
  const height = width * draws.range('aspect', 1, 2);
  const border = draws.range('border', 3, 11);
  const tone = draws.pick('pattern-tone', ['light', 'dark', 'cream'] as const);
  const pattern = draws.pick('pattern', ['stripes', 'diamonds', 'frames', 'dots', 'plain'] as const);
  const count = draws.integer('count', 3, 8);
  if (draws.chance('round', 0.2)) {
    const radius = width / 2;
    const body = repeat(count, (n) =>
      ellipse(
        radius,
        radius,
        radius * (1 - n / count),
        radius * (1 - n / count),
        n % 2 === 0 ? 'main' : tone,
      ),
    );
    return { width, height: width, body };
  }
  const inner = { width: width - 2 * border, height: height - 2 * border };
  const fringe = draws.chance('fringe', 0.4)
    ? repeat(18, (n) => {
        const x = 1 + (n * (width - 2)) / 17;
        return strap(['M', x, -4, 'L', x, height + 4], 'cream', 1);
      })
    : '';
  const inside = {
    plain: () => rect(border, border, inner.width, inner.height, tone),
    stripes: () =>
      repeat(count, (n) =>
        rect(
          border,
          border + ((n + 0.25) * inner.height) / count,
          inner.width,
          inner.height / count / 2,
          tone,
        ),
      ),
    frames: () =>
      repeat(count, (n) => {
        const share = n / count / 2;
        return rect(
          border + inner.width * share,
          border + inner.height * share,
          inner.width * (1 - 2 * share),
          inner.height * (1 - 2 * share),
          n % 2 === 0 ? tone : 'main',
        );
      }),
    diamonds: () =>
      repeat(count, (n) => {
        const y = border + ((n + 0.5) * inner.height) / count;
        const reach = inner.height / count / 2;
        return polygon(
          [
            [border + inner.width * 0.12, y],
            [width / 2, y - reach],
            [width - border - inner.width * 0.12, y],
            [width / 2, y + reach],
          ],
          tone,
        );
      }),
    dots: () =>
      repeat(3 * count, (n) =>
        ellipse(
          border + ((n % 3) + 0.5) * (inner.width / 3),
          border + (Math.floor(n / 3) + 0.5) * (inner.height / count),
          inner.width / 10,
          inner.width / 10,
          tone,
        ),
      ),
  }[pattern]();
  return { width, height, body: fringe + rect(0, 0, width, height, 'main', 1.5) + inside };
};

/** A mug, or a pot with two handles and a lid. */
export const mug: Drawer = (draws) => {
  const width = draws.range('width', 38, 60);
  const tapered = draws.range('tapered', -2, 9);
  const pot = draws.chance('pot', 0.3);
  const height = pot ? draws.range('low', 28, 46) : draws.range('high', 42, 74);
  const rim = draws.range('rim', 3, 7);
  const grip = draws.range('grip', 9, 18);
  const thick = draws.range('thick', 3, 6);
  const top = pot ? rim + 12 : rim;
  const x = pot ? grip : 2;
  const right = x + width;
  const low = top + height;
  const handle = (side: 1 | -1) => {
    const from = side === 1 ? right : x;
    return strap(
      ['M', from - side * 2, top + height * 0.2]
        .concat(['C', from + side * grip, top + height * 0.1, from + side * grip, top + height * 0.8])
        .concat([from - side * (2 + tapered * 0.6), top + height * 0.72]),
      'dark',
      thick,
    );
  };
  const body =
    handle(1) +
    (pot ? handle(-1) : '') +
    path(
      ['M', x, top, 'L', x + tapered, low - 4, 'Q', x + width / 2, low + 6, right - tapered, low - 4].concat([
        'L',
        right,
        top,
        'Z',
      ]),
      'main',
    ) +
    (draws.chance('band', 0.5)
      ? rect(
          x + tapered * 0.5 + 1,
          top + height * draws.range('band-at', 0.35, 0.6),
          width - tapered - 2,
          height * draws.range('band-width', 0.08, 0.25),
          draws.pick('band-tone', ['cream', 'light', 'ink']),
        )
      : '') +
    ellipse(x + width / 2, top, width / 2, rim, pot ? 'metal' : 'dark') +
    (pot
      ? path(['M', x, top, 'Q', x + width / 2, top - 22, right, top, 'Z'], 'light') +
        ellipse(x + width / 2, top - 12, 4, 3, 'ink')
      : '');
  return { width: right + grip, height: low + 2, body };
};
