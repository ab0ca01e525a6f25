import { spawn, spawnSync } from 'node:child_process';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { pipeline, temporaryFolder } from '../fixtures.js';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The command line with one more command, which has a bar on the terminal and does not end when it is asked to. */
const PROGRAM = `
import { setTimeout } from 'node:timers/promises';
import { commands } from '#src/cli/commands.js';
import { main } from '#src/cli/main.js';
import { showProgress } from '#src/cli/progress.js';
import { eventBus } from '#src/events.js';
const stubborn = (program, { goesOn }) =>
  program.command('stubborn').option('--resumes').action(async ({ resumes }) => {
    if (resumes) goesOn();
    const events = eventBus();
    showProgress(events, { quiet: false });
    process.once('SIGINT', () => process.stderr.write('[heard]'));
    for (let done = 1; ; done += 1) {
      // A line takes the bar away, and the next progress brings it back.
      events.emit({ type: 'message', level: 'info', text: 'step' });
      events.emit({ type: 'progress', stage: 'stage', done, total: 1e6, unit: 'photos' });
      await setTimeout(20);
    }
  });
commands.Help.stubborn = async () => stubborn;
process.stderr.write('[pid ' + process.pid + ']');
await main(process.argv.slice(1));
`;

/** Runs it on a terminal of its own, with a second Ctrl-C or without: all that the terminal received. */
async function interrupted(times: number, ...args: string[]): Promise<string> {
  const command = `"${process.execPath}" --input-type=module -e "$PROGRAM" stubborn ${args.join(' ')}`;
  const env = { ...process.env, PROGRAM, TERM: 'xterm', NO_COLOR: '1' };
  const child = spawn('script', ['-qec', command, '/dev/null'], { cwd: root, env, stdio: 'pipe' });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  const ended = new Promise((resolve) => child.on('close', resolve));
  const until = async (said: RegExp) => {
    for (let tries = 0; !said.test(text) && tries < 3000; tries++) await setTimeout(10);
    return said.exec(text)!;
  };
  await until(/photos/);
  const pid = Number((await until(/\[pid (\d+)\]/))[1]);
  process.kill(pid, 'SIGINT');
  // The bar is there again.
  await until(/\[heard\][\s\S]*photos[\s\S]*photos/);
  if (times > 1) process.kill(pid, 'SIGINT');
  await ended;
  return text;
}

/** What was last said of a mode of the terminal: `h` is on, `l` is off. */
const mode = (text: string, name: number) =>
  [...text.matchAll(new RegExp(`\\x1b\\[\\?${name}([hl])`, 'g'))].at(-1)?.[1];

it.skipIf(process.platform !== 'linux' || spawnSync('script', ['--version']).status !== 0).each([
  ['a second Ctrl-C', 2, []],
  ['what does not end after the first', 1, ['--resumes']],
])('a terminal has its cursor and line wrap again after %s', async (_, times, args) => {
  const text = await interrupted(times, ...args);
  const [cursor, wrap] = [mode(text, 25), mode(text, 7)];
  expect({ cursor, wrap }).toEqual({ cursor: 'h', wrap: 'h' });
  // In place of the bar.
  const said = args.length > 0 ? 'Cancelled; the same command goes on from here.' : 'Cancelled.';
  expect(text).toContain(`\u001b[2K${said}`);
});

it('says that a command goes on only of those that do', async () => {
  const folder = await temporaryFolder('interrupt');
  try {
    const running = pipeline(['synth', '--listings', '100000', '--out', `${folder.path}/dump`], {
      cwd: root,
    });
    // Told once it is under way.
    await new Promise((resolve) => running.child.stderr.once('data', resolve));
    running.child.kill('SIGINT');
    expect((await running).stderr).toMatch(/^Cancelled\.$/m);
  } finally {
    await folder.dispose();
  }
});
