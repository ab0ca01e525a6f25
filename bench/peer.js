// Sides in processes of their own, which do their work whenever they are asked, so that all can be timed in turn.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const { env } = process;
const TENSORFLOW = env.ABO_PYTHON ?? 'python3';
/** The Pythons, by what they are asked for. */
export const PYTHON = {
  tensorflow: TENSORFLOW,
  cv2: env.ABO_PYTHON_CV2 ?? TENSORFLOW,
  ffcv: env.ABO_PYTHON_FFCV ?? TENSORFLOW,
  listings: env.ABO_PYTHON_LISTINGS ?? TENSORFLOW,
};
const VARIABLES = 'ABO_PYTHON, ABO_PYTHON_CV2, ABO_PYTHON_FFCV, ABO_PYTHON_LISTINGS';
const SCRIPTS = join(env.ABO_SHARED ?? '../shared', 'peers');

/**
 * Starts `peers/SCRIPT PEER …`.
 * @param {string} python
 * @param {string} script
 * @param {readonly string[]} args the first names the peer
 * @param {{ group?: string }} [options] as `startSide`'s
 * @returns undefined, loudly, where that Python lacks the peer.
 */
export async function startPeer(python, script, args, options) {
  const [peer] = args;
  const path = fileURLToPath(new URL(`peers/${script}`, import.meta.url));
  const side = await startSide(peer, [python, path, ...args], options);
  if (side === undefined)
    console.log(`\nSKIPPED the peer: ${python} has no ${peer} (${VARIABLES} name others)`);
  return side;
}

/**
 * Starts a peer as its own script in ABO_SHARED/peers has it; what it takes is in `peers/shared.py`.
 * @param {keyof typeof PYTHON} python
 * @param {string} script
 * @param {string} peer
 * @param {object} asked
 * @param {{ group?: string }} [options] as `startSide`'s
 * @returns undefined, loudly, where that Python lacks the peer, or the scripts are absent.
 */
export async function startSharedPeer(python, script, peer, asked, options) {
  if (!existsSync(SCRIPTS)) {
    console.log(`\nSKIPPED the peer ${peer}: no scripts at ${SCRIPTS} (ABO_SHARED names their folder's)`);
    return undefined;
  }
  const path = fileURLToPath(new URL('peers/shared.py', import.meta.url));
  const command = [PYTHON[python], path, script, peer, JSON.stringify(asked)];
  const side = await startSide('', command, options);
  if (side === undefined)
    console.log(`\nSKIPPED the peer: ${PYTHON[python]} cannot run ${peer} (${VARIABLES} name others)`);
  return side;
}

/**
 * Starts a process that prints {"version"} when it is ready and {"photos"} for each line that it is sent.
 * @param {string} title comes before the version
 * @param {readonly string[]} command
 * @param {{ group?: string }} [options] `group`: the folder of a control group that it runs in
 * @returns undefined where it ends before it is ready.
 */
export async function startSide(title, command, { group } = {}) {
  const [file, ...args] =
    group === undefined
      ? command
      : ['sh', '-c', 'echo $$ > "$0/cgroup.procs" && exec "$@"', group, ...command];
  const stderr = env.ABO_BENCH_DEBUG ? 'inherit' : 'ignore';
  const child = spawn(file, args, { stdio: ['pipe', 'pipe', stderr] });
  child.on('error', () => undefined);
  child.stdin.on('error', () => undefined);
  const lines = createInterface({ input: child.stdout });
  const ended = once(lines, 'close');
  const gone = new Promise((resolve) => child.on('close', resolve));
  const answer = async () => {
    const [line] = await Promise.race([once(lines, 'line'), ended]);
    return line === undefined ? undefined : JSON.parse(line);
  };
  const ready = await answer();
  if (ready === undefined) return undefined;
  const name = `${title} ${ready.version}`.trim();
  return {
    name,
    pid: child.pid,
    async work() {
      child.stdin.write('\n');
      const done = await answer();
      if (done === undefined) throw new Error(`${name} ended`);
      return done.photos;
    },
    cpu: () => cpuOf(child.pid),
    /** Waits for its end. */
    async stop() {
      child.stdin.end();
      await gone;
    },
  };
}

/** @param {readonly (undefined | { name: string, work: () => Promise<number>, cpu: () => number })[]} sides those that are there, as `measure` takes them */
export function asSides(sides) {
  return Object.fromEntries(sides.filter(Boolean).map(({ name, work, cpu }) => [name, { work, cpu }]));
}

/** Linux counts in hundredths of a second, whatever the kernel's own clock. */
const TICK_MS = 10;

/** Milliseconds that a process and its children have used of the processor; 0 where /proc does not say. */
function cpuOf(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // Behind the name: user, system, and both of the children that have ended.
    const own = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .slice(11, 15);
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean);
    const ticks = own.reduce((sum, text) => sum + Number(text), 0);
    return children.reduce((sum, child) => sum + cpuOf(child), TICK_MS * ticks);
  } catch {
    return 0;
  }
}
