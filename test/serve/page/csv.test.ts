import { expect, it } from 'vitest';
import { csv } from '#src/serve/page/csv.js';

it('quotes what needs it, and lets no text run as a formula', () => {
  expect(
    csv([
      ['file', 'label'],
      ['a, "b".jpg', 0.5],
      ['=HYPERLINK("x")', -1],
      ['+1', 'ü\n'],
      ['-a', '@b'],
    ]),
  ).toBe('\ufefffile,label\r\n"a, ""b"".jpg",0.5\r\n"\'=HYPERLINK(""x"")",-1\r\n\'+1,"ü\n"\r\n\'-a,\'@b\r\n');
});
