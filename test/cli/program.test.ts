import { expect, it } from 'vitest';
import { commands } from '#src/cli/commands.js';
import { createProgram } from '#src/cli/program.js';
import { visibleCommands } from '#src/cli/usage.js';

const environment = { signal: new AbortController().signal, allowToEnd: () => {}, goesOn: () => {} };
const names = Object.values(commands).flatMap((group) => Object.keys(group));

it.each(names.filter((name) => name !== 'help'))('%s needs no other command’s file', async (name) => {
  const program = await createProgram(environment, name);
  expect(visibleCommands(program).map((command) => command.name())).toEqual([name]);
});

it.each([undefined, 'help', 'complete', '--help', 'traiin'])('%s goes by all of them', async (first) => {
  const program = await createProgram(environment, first);
  expect(visibleCommands(program).map((command) => command.name())).toEqual(names);
});
