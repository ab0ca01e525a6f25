import { once } from 'node:events';
import { gzipFile } from '../sinks/jsonl.js';

const CHUNK = 32 * 1024;

/** A gzipped text file that is appended to line by line. */
export interface LinesFile {
  /** Lines written so far. */
  readonly lines: number;
  write(line: string): Promise<void>;
  close(): Promise<void>;
  /** Gives the file up, after a failure elsewhere. */
  destroy(): void;
}

/** zlib writes no time and no name into the header: the bytes depend on the lines alone. */
export function linesFile(file: string): LinesFile {
  const { stream, done } = gzipFile(file);
  let text = '';
  let lines = 0;
  return {
    get lines() {
      return lines;
    },
    async write(line) {
      text += `${line}\n`;
      lines += 1;
      if (text.length < CHUNK) return;
      const full = !stream.write(text);
      text = '';
      if (full) await Promise.race([once(stream, 'drain'), done]);
    },
    async close() {
      stream.end(text);
      text = '';
      await done;
    },
    // An error, because only that reaches the file behind the gzip stream and closes it.
    destroy: () => void stream.destroy(new Error('given up')),
  };
}
