import { expect, it } from 'vitest';
import { printable } from '#src/cli/printable.js';
import { pipeline } from '../fixtures.js';

it('shows control characters, and leaves lines, tabs and letters alone', () => {
  expect(printable('a\tb\né 犬\u001b[31m\r\u0000\u009b1m')).toBe('a\tb\né 犬\\x1b[31m\\x0d\\x00\\x9b1m');
});

it('is how errors name what they were given', async () => {
  const { stderr } = await pipeline(['why', '/nowhere\u001b[2J', 'x']);
  expect(stderr).toContain('\\x1b[2J');
  expect(stderr).not.toContain('\u001b');
});
