import { expect, it } from 'vitest';
import { asPipelineError, explain, PipelineError } from '#src/errors.js';

it.each([
  ['EACCES', /permissions/],
  ['EEXIST', /in the way/],
  ['EMFILE', /ulimit/],
  [undefined, /ABO_DEBUG=1/],
])('what the system refuses with %s says what to do', (code, hint) => {
  const error = asPipelineError(Object.assign(new Error('open "x"'), { code }));
  expect(error).toMatchObject({ code: 'INTERNAL', message: 'open "x"' });
  expect(error.hint).toMatch(hint);
});

it('tells a cause of many lines in one, of a length that can be read', () => {
  const cause = new Error(`[\n  {\n    "path": "steps"\n  }\n]${'x'.repeat(1000)}`);
  const lines = explain(new PipelineError('INPUT_INVALID', 'Expected a manifest', { cause })).split('\n');
  expect(lines).toHaveLength(2);
  expect(lines[1]).toMatch(/^ {2}because: \[ \{ "path": "steps" \} \]x+…$/);
  expect(lines[1]!.length).toBeLessThan(520);
});
