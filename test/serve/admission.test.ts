import { expect, it } from 'vitest';
import { admission } from '#src/serve/admission.js';

const overloaded = expect.objectContaining({ code: 'OVERLOADED' });

it('lets as many photos and bytes in as there is room for, and again once they left', () => {
  const door = admission({ photos: 3, bytes: 100 });
  const first = door.enter();
  const second = door.enter();
  first.photos(2);
  expect(door.held).toEqual({ photos: 3, bytes: 0 });
  expect(() => door.enter()).toThrow(overloaded);
  first.bytes(60);
  expect(() => second.bytes(41)).toThrow(overloaded);
  second.bytes(40);
  expect(door.held).toEqual({ photos: 3, bytes: 100 });
  first.leave();
  first.leave();
  expect(door.held).toEqual({ photos: 1, bytes: 40 });
  door.enter().photos(2);
  second.leave();
  expect(door.held).toEqual({ photos: 2, bytes: 0 });
});

it('takes nothing where not all has room', () => {
  const door = admission({ photos: 4, bytes: 10 });
  const ticket = door.enter();
  expect(() => ticket.photos(5)).toThrow(overloaded);
  expect(door.held).toEqual({ photos: 1, bytes: 0 });
});
