import { describe, expect, it } from 'vitest';
import { hasColours, paintedStates } from '#src/cli/colours.js';
import { pipeline } from '../fixtures.js';

describe('hasColours', () => {
  it.each<[string, { isTTY?: boolean }, Record<string, string>, boolean]>([
    ['a terminal', { isTTY: true }, {}, true],
    ['a file or a pipe', {}, {}, false],
    ['a dumb terminal', { isTTY: true }, { TERM: 'dumb' }, false],
    ['NO_COLOR', { isTTY: true }, { NO_COLOR: '1' }, false],
    ['an empty NO_COLOR', { isTTY: true }, { NO_COLOR: '' }, true],
    ['FORCE_COLOR', {}, { FORCE_COLOR: '1' }, true],
    ['FORCE_COLOR=0', { isTTY: true }, { FORCE_COLOR: '0' }, false],
    ['both', { isTTY: true }, { FORCE_COLOR: '1', NO_COLOR: '1' }, false],
  ])('of %s', (_, screen, env, expected) => {
    expect(hasColours(screen, env)).toBe(expected);
  });
});

it('paints how a check went, and nothing that is data', () => {
  const text = 'ok    fine (3)\n  FAIL  FAIL of okay\nokra ok\n';
  expect(paintedStates(text, {})).toBe(text);
});

describe('the command line', () => {
  const ESCAPE = '\u001b[';
  const environments = { plain: {}, forced: { FORCE_COLOR: '1' }, no: { FORCE_COLOR: '1', NO_COLOR: '1' } };

  it('has no colours in a pipe, unless FORCE_COLOR asks for them and NO_COLOR does not', async () => {
    for (const [name, env] of Object.entries(environments)) {
      const clean = { FORCE_COLOR: '', NO_COLOR: '', ...env };
      const help = await pipeline(['train', '--help'], { env: clean });
      const wrong = await pipeline(['trian'], { env: clean });
      expect(help.stdout.includes(ESCAPE), name).toBe(name === 'forced');
      expect(wrong.stderr.includes(ESCAPE), name).toBe(name === 'forced');
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out.
      expect(wrong.stderr.replace(/\u001b\[\d+m/g, '')).toMatch(/^USAGE: Expected a command/);
    }
  });
});
