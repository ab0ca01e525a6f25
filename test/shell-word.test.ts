import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { shellWord } from '#src/shell-word.js';

it('is read by a shell as it was, on one line', () => {
  const text = fc.string({ unit: 'binary', minLength: 1 }).filter((one) => !one.includes('\0'));
  const odd = fc.constantFrom("it's", 'run ü', 'a\nb', "\\'\n", '$HOME', '~', '\u2028');
  const words = fc.array(fc.oneof(text, odd), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(words, (some) => {
      const line = some.map(shellWord).join(' ');
      expect(line).not.toMatch(/[\n\r]/);
      const env = { ...process.env, LC_ALL: 'C.UTF-8' };
      const read = execFileSync('bash', ['-c', `printf '%s\\0' ${line}`], { env, encoding: 'utf8' });
      expect(read.split('\0').slice(0, -1)).toEqual(some);
    }),
    { numRuns: 30 },
  );
});

it('leaves plain words as they are', () => {
  expect(shellWord('runs/demo-dump')).toBe('runs/demo-dump');
  expect(shellWord('run ü')).toBe("'run ü'");
});
