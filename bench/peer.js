// Peers in Python: a process that does its work whenever it is asked, so that both sides can be timed in turn.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/**
 * Starts `peers/SCRIPT PEER …`, which prints {"version"} when it is ready and {"photos"} for each line that it is sent.
 * @param {string} python
 * @param {string} script
 * @param {readonly string[]} args the first names the peer
 * @returns undefined, loudly, where that Python lacks the peer.
 */
export async function startPeer(python, script, args) {
  const [peer] = args;
  const path = fileURLToPath(new URL(`peers/${script}`, import.meta.url));
  const child = spawn(python, [path, ...args], { stdio: ['pipe', 'pipe', 'ignore'] });
  child.on('error', () => undefined);
  child.stdin.on('error', () => undefined);
  const lines = createInterface({ input: child.stdout });
  const answer = async () => {
    const [line] = await Promise.race([once(lines, 'line'), once(lines, 'close')]);
    return line === undefined ? undefined : JSON.parse(line);
  };
  const ready = await answer();
  if (ready === undefined) {
    console.log(`\nSKIPPED the peer: ${python} has no ${peer} (ABO_PYTHON, ABO_PYTHON_CV2 name another)`);
    return undefined;
  }
  return {
    name: `${peer} ${ready.version}`,
    async work() {
      child.stdin.write('\n');
      const done = await answer();
      if (done === undefined) throw new Error(`${peer} ended`);
      return done.photos;
    },
    stop: () => child.stdin.end(),
  };
}
