// What other processes hold in memory, and control groups that limit it.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const SAMPLE_EVERY_MS = 50;
const ROOT = '/sys/fs/cgroup';

/** Watches a process's RssAnon + RssShmem: `take` gives the most since it was last called, in MB. */
export function watchPeak(pid) {
  let peak = 0;
  const look = () => {
    try {
      const status = readFileSync(`/proc/${pid}/status`, 'utf8');
      const kilobytes = [...status.matchAll(/^Rss(?:Anon|Shmem):\s+(\d+) kB$/gm)].map(([, number]) =>
        Number(number),
      );
      peak = Math.max(peak, kilobytes.reduce((sum, number) => sum + number, 0) / 1024);
    } catch {
      // It has ended.
    }
  };
  const timer = setInterval(look, SAMPLE_EVERY_MS).unref();
  return {
    take() {
      look();
      const most = peak;
      peak = 0;
      return most;
    },
    stop: () => clearInterval(timer),
  };
}

/**
 * Makes a control group within this process's own, or within the folder that ABO_CGROUP names, whose processes may use
 * so many bytes, pages of files that they read included. Version 1 or 2.
 * @throws where that may not be written, or has no controller for memory.
 */
export function limitedGroup(name, bytes) {
  const old = existsSync(join(ROOT, 'memory'));
  const own = readFileSync('/proc/self/cgroup', 'utf8').match(old ? /:memory:(.*)$/m : /^0::(.*)$/m)?.[1];
  const folder = join(process.env.ABO_CGROUP ?? join(ROOT, old ? 'memory' : '', own ?? ''), name);
  const file = (ofOld, ofNew) => join(folder, old ? ofOld : ofNew);
  mkdirSync(folder);
  try {
    writeFileSync(file('memory.limit_in_bytes', 'memory.max'), String(bytes));
  } catch (error) {
    rmdirSync(folder);
    throw error;
  }
  return {
    folder,
    /** Puts files' pages out of memory, mapped ones too. */
    empty() {
      try {
        writeFileSync(file('memory.force_empty', 'memory.reclaim'), String(old ? 0 : bytes));
      } catch {
        // Less was there than it was told to reclaim.
      }
    },
    /** The most that was ever in use, in MB, files' pages included. */
    peak: () => Number(readFileSync(file('memory.max_usage_in_bytes', 'memory.peak'), 'utf8')) / 2 ** 20,
    /** Once its processes have ended. */
    remove: () => rmdirSync(folder),
  };
}

/** Puts files' pages that no process maps out of memory. */
export function forget(files) {
  for (const path of files) {
    execFileSync('sync', [path]);
    execFileSync('dd', [`if=${path}`, 'iflag=nocache', 'count=0', 'status=none']);
  }
}
