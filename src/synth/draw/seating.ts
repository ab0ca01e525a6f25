import { type Drawer, ellipse, path, polygon, rect, repeat } from './shape.js';

export const chair: Drawer = (draws) => {
  const seat = draws.range('seat', 44, 64);
  const back = draws.range('back', 36, 68);
  const legs = draws.range('legs', 30, 52);
  const depth = draws.range('depth', 9, 20);
  const splay = draws.range('splay', 0, 9);
  const thick = draws.range('thick', 2.5, 5.5);
  const cushion = draws.range('cushion', 4, 11);
  const inset = draws.range('inset', 0, 8);
  const tone = draws.pick('frame', ['wood', 'metal', 'ink', 'dark'] as const);
  const x = splay + 6;
  const front = back + depth;
  const height = front + cushion + legs;
  const leg = (top: number, from: number, bottom: number, lean: number) =>
    polygon(
      [
        [from, top],
        [from + thick, top],
        [from + thick * 0.75 + lean, bottom],
        [from + thick * 0.25 + lean, bottom],
      ],
      tone,
    );
  const backrest = draws.weighted('backrest', [
    [rect(x + inset, 0, seat - 2 * inset, back + 3, 'main', draws.range('corner', 1, 8)), 3],
    [
      path(
        ['M', x + inset, back + 3, 'L', x + inset, back * 0.4]
          .concat(['Q', x + seat / 2, -back * 0.35, x + seat - inset, back * 0.4])
          .concat(['L', x + seat - inset, back + 3, 'Z']),
        'main',
      ),
      2,
    ],
    [
      rect(x + inset, 0, seat - 2 * inset, back * 0.2, tone, 2) +
        repeat(5, (n) =>
          rect(x + inset + (n * (seat - 2 * inset - thick)) / 4, back * 0.1, thick, back * 0.9, tone),
        ),
      2,
    ],
  ] as const);
  const arms = draws.chance('arms', 0.35)
    ? rect(x - 5, back * 0.62, 6, front - back * 0.62 + 4, tone, 2) +
      rect(x + seat - 1, back * 0.62, 6, front - back * 0.62 + 4, tone, 2)
    : '';
  const top = back;
  const body =
    leg(top, x + inset, height - depth * 0.6, -splay * 0.5) +
    leg(top, x + seat - inset - thick, height - depth * 0.6, splay * 0.5) +
    backrest +
    polygon(
      [
        [x + inset, top],
        [x + seat - inset, top],
        [x + seat + 2, front],
        [x - 2, front],
      ],
      'light',
    ) +
    leg(front, x, height, -splay) +
    leg(front, x + seat - thick, height, splay) +
    rect(x - 2, front, seat + 4, cushion, 'main', 2) +
    arms;
  return { width: seat + 2 * splay + 12, height, body };
};

export const stool: Drawer = (draws) => {
  const seat = draws.range('seat', 38, 58);
  const legs = draws.range('legs', 46, 92);
  const splay = draws.range('splay', 2, 12);
  const thick = draws.range('thick', 2.5, 5.5);
  const cushion = draws.range('cushion', 4, 12);
  const tone = draws.pick('frame', ['wood', 'metal', 'ink'] as const);
  const round = draws.chance('round', 0.6);
  const low = draws.chance('low-back', 0.25) ? draws.range('back', 12, 26) : 0;
  const x = splay + 2;
  const y = low + 8;
  const height = y + cushion + legs;
  const leg = (from: number, lean: number) =>
    polygon(
      [
        [from, y + cushion - 1],
        [from + thick, y + cushion - 1],
        [from + thick + lean, height],
        [from + lean, height],
      ],
      tone,
    );
  const ring = y + cushion + legs * draws.range('ring', 0.5, 0.78);
  const body =
    (low > 0 ? rect(x + 2, 0, seat - 4, low + 8, 'main', 5) : '') +
    leg(x + seat * 0.28, -splay * 0.4) +
    leg(x + seat * 0.66, splay * 0.4) +
    rect(x - splay * 0.5, ring, seat + splay, thick * 0.7, tone) +
    leg(x + 3, -splay) +
    leg(x + seat - 3 - thick, splay) +
    (round
      ? path(
          ['M', x, y, 'L', x, y + cushion, 'Q', x + seat / 2, y + cushion + 9, x + seat, y + cushion].concat([
            'L',
            x + seat,
            y,
            'Z',
          ]),
          'main',
        ) + ellipse(x + seat / 2, y, seat / 2, 6.5, 'light')
      : rect(x, y, seat, cushion, 'main', 3) +
        polygon(
          [
            [x + 5, y - 7],
            [x + seat - 5, y - 7],
            [x + seat, y + 1],
            [x, y + 1],
          ],
          'light',
        ));
  return { width: seat + 2 * splay + 4, height, body };
};

export const sofa: Drawer = (draws) => {
  const width = draws.range('width', 120, 225);
  const height = draws.range('height', 62, 88);
  const arm = draws.range('arm', 9, 26);
  const armTop = height * draws.range('arm-top', 0.12, 0.45);
  const feet = draws.range('feet', 3, 12);
  const seatTop = height * draws.range('seat-top', 0.5, 0.6);
  const corner = draws.range('corner', 2, 12);
  const seats = width < 150 ? draws.integer('seats', 1, 2) : draws.integer('seats', 2, 3);
  const tone = draws.pick('frame', ['wood', 'metal', 'ink'] as const);
  const inner = width - 2 * arm;
  const each = inner / seats;
  const bottom = height - feet;
  const pillows = draws.integer('pillows', 0, 2);
  const body =
    rect(arm, bottom - 3, 6, feet + 3, tone) +
    rect(width - arm - 6, bottom - 3, 6, feet + 3, tone) +
    rect(arm * 0.4, 0, width - arm * 0.8, bottom, 'dark', corner) +
    repeat(seats, (n) => rect(arm + n * each, height * 0.06, each, seatTop, 'main', corner * 0.8)) +
    repeat(seats, (n) => rect(arm + n * each, seatTop, each, (bottom - seatTop) * 0.52, 'light', 4)) +
    rect(arm, seatTop + (bottom - seatTop) * 0.5, inner, (bottom - seatTop) * 0.5, 'main') +
    repeat(pillows, (n) =>
      rect(n === 0 ? arm + 4 : width - arm - 28, seatTop - 22, 24, 22, n === 0 ? 'cream' : 'dark', 5),
    ) +
    rect(0, armTop, arm, bottom - armTop, 'main', corner) +
    rect(width - arm, armTop, arm, bottom - armTop, 'main', corner);
  return { width, height, body };
};
