import { readdirSync, readFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';

const SAMPLE_EVERY_MS = 200;

/**
 * Memory of this process and its children in bytes: RssAnon + RssShmem on Linux, where mapped cache pages belong
 * to the system and are left out; the resident set elsewhere.
 */
export function memoryInUse(): number {
  return process.platform === 'linux' ? treeMemory('self') : process.memoryUsage.rss();
}

function treeMemory(pid: string): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    let bytes = 0;
    for (const [, kilobytes] of status.matchAll(/^Rss(?:Anon|Shmem):\s+(\d+) kB$/gm))
      bytes += Number(kilobytes) * 1024;
    for (const thread of readdirSync(`/proc/${pid}/task`)) {
      const children = readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8');
      for (const child of children.split(' ').filter(Boolean)) bytes += treeMemory(child);
    }
    return bytes;
  } catch {
    // The process or thread ended between two reads, or the kernel does not list children.
    return 0;
  }
}

/** Watches memory until stopped; the timer never keeps the process alive. */
export function watchMemory(): { readonly peakBytes: number; stop(): void } {
  let peakBytes = memoryInUse();
  const timer = setInterval(() => {
    peakBytes = Math.max(peakBytes, memoryInUse());
  }, SAMPLE_EVERY_MS).unref();
  return {
    get peakBytes() {
      return peakBytes;
    },
    stop: () => clearInterval(timer),
  };
}

/**
 * Lets V8's heap grow by half of what lives in it before it is swept, where V8 itself allows up to three times as
 * much on a large machine: for work that holds much for long. Gives what takes that back.
 */
export function frugalHeap(): () => void {
  // Read by V8 at the end of each sweep, so that it may be set at any time.
  setFlagsFromString('--heap-growing-percent=50');
  return () => setFlagsFromString('--heap-growing-percent=0');
}
