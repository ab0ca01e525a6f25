import { createReadStream, createWriteStream, existsSync } from 'node:fs';
import { mkdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { hashOf } from './canonical-json.js';
import { PipelineError } from './errors.js';
import type { EventBus } from './events.js';
import { acquireLock } from './lock.js';
import { writeWholeFile } from './whole-file.js';

/** What a run's steps did: the file by which a folder is known for a run. */
export const MANIFEST = 'manifest.json';
/** The whole recipe of the last run, defaults and overrides included. */
export const RECIPE_FILE = 'recipe.json';
/** Raised when the meaning of a step's result changes, so that older run folders are done again, not misread. */
const SCHEMA_VERSION = 1;

const stepSchema = z.object({
  hash: z.string(),
  outputs: z.array(z.string()),
  seconds: z.number(),
  result: z.unknown(),
});
const manifestSchema = z.object({
  schemaVersion: z.literal(SCHEMA_VERSION),
  steps: z.record(z.string(), stepSchema),
  /** The steps of the last whole run: outputs of others are what `clean` removes. */
  current: z.array(z.string()).default([]),
  /** The steps that summary and ledger tell of, in order, each by its hash as it was then; none in older versions. */
  told: z.array(z.tuple([z.string(), z.string()])).default([]),
});
export type Manifest = z.output<typeof manifestSchema>;

/** One finished step: what it depended on, what it wrote, and what it found out. */
export type StepRecord = z.output<typeof stepSchema>;

/** A piece of a run: done once for each value of `dependsOn`, then kept. */
export interface Step<Result> {
  readonly name: string;
  /** Everything that the result depends on, as plain JSON. */
  readonly dependsOn: unknown;
  /** Files and folders it writes, relative to the run folder (or absolute, for shared caches). */
  readonly outputs: readonly string[];
  /** Whether a kept result still describes what lies there; default: yes, once all outputs are there. */
  holds?(result: Result): Promise<boolean>;
  work(): Promise<Result>;
}

/** A folder with everything that one recipe made from one dump, locked against a second writer. */
export interface RunFolder {
  readonly path: string;
  /** Does a step, or returns the kept result of an earlier run that depended on the same. */
  step<Result>(step: Step<Result>): Promise<Result>;
  /** The names of the steps that this process did or kept, in order. */
  readonly current: readonly string[];
  /** Steps that were done, not kept. */
  readonly done: readonly string[];
  /** Those of them that were never done, or depended on something else when they were. */
  readonly changed: readonly string[];
  /** The record of a step of an earlier run or this one. */
  record(name: string): StepRecord | undefined;
  /**
   * Steps that summary and ledger tell of and this process has not come to, in order; undefined where one of them was
   * done otherwise since, or is gone.
   */
  later(): string[] | undefined;
  /**
   * Joins the steps' ledgers into RUN/ledger.jsonl.gz and remembers which steps are current.
   * @param whole whether these were all steps of a run, so that no other step is current any more.
   * @param later steps of earlier processes that hold all the same.
   */
  finish(options: { whole: boolean; later?: readonly string[] }): Promise<void>;
  /** Forgets every step but the current ones; what they wrote stays. */
  forgetOthers(): Promise<void>;
  close(): void;
}

/**
 * Opens (or makes) a run folder for writing.
 * @throws {PipelineError} `RUN_LOCKED` when another process writes it, `USAGE` where it cannot be written.
 */
export async function openRunFolder(path: string, events: EventBus): Promise<RunFolder> {
  const lock = acquireLock(join(path, '.lock'), `the run folder ${path}`);
  try {
    await mkdir(join(path, 'ledgers'), { recursive: true });
    const { steps, current: before, told: toldBefore } = await readManifest(path);
    let remembered = before;
    let told = toldBefore;
    const current: string[] = [];
    const done: string[] = [];
    const changed: string[] = [];
    const save = async () => {
      const manifest: Manifest = { schemaVersion: SCHEMA_VERSION, steps, current: remembered, told };
      const text = JSON.stringify(manifest, null, 1);
      await writeWholeFile(join(path, MANIFEST), text);
    };
    return {
      path,
      current,
      done,
      changed,
      record: (name) => steps[name],
      close: lock.release,
      later() {
        const others = told.filter(([name]) => !current.includes(name));
        return others.every(([name, hash]) => steps[name]?.hash === hash)
          ? others.map(([name]) => name)
          : undefined;
      },
      async finish({ whole, later = [] }) {
        const all = [...current, ...later];
        await joinLedgers(path, all);
        const now = whole ? [...current] : [...new Set([...remembered, ...current])];
        const tells = all.map((name): [string, string] => [name, steps[name]!.hash]);
        if (hashOf([now, tells]) === hashOf([remembered, told])) return;
        remembered = now;
        told = tells;
        await save();
      },
      async forgetOthers() {
        if (remembered.length === 0) return;
        for (const name of Object.keys(steps)) if (!remembered.includes(name)) delete steps[name];
        await save();
      },
      async step<Result>({ name, dependsOn, outputs, holds, work }: Step<Result>) {
        const hash = hashOf({ name, dependsOn });
        current.push(name);
        const kept = steps[name];
        const there = outputs.every((output) => existsSync(resolveOutput(path, output)));
        if (kept?.hash === hash && there && ((await holds?.(kept.result as Result)) ?? true)) {
          events.emit({ type: 'step', step: name, state: 'kept' });
          return kept.result as Result;
        }
        events.emit({ type: 'step', step: name, state: 'started' });
        // Forgotten first: a run that dies in the middle must not find the old result beside half-written outputs.
        delete steps[name];
        // So is whoever wrote the same files before.
        for (const [other, record] of Object.entries(steps)) {
          if (record.outputs.some((output) => outputs.includes(output))) delete steps[other];
        }
        await save();
        const started = performance.now();
        const result = await work();
        const seconds = (performance.now() - started) / 1000;
        steps[name] = { hash, outputs: [...outputs], seconds, result };
        await save();
        done.push(name);
        if (kept?.hash !== hash) changed.push(name);
        events.emit({ type: 'step', step: name, state: 'finished', seconds });
        return result;
      },
    };
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** Where an output of a step lies. */
export function resolveOutput(run: string, output: string): string {
  return output.startsWith('/') ? output : join(run, output);
}

/**
 * What a run folder says it has; nothing where it has no manifest, or is a file.
 * @throws {PipelineError} `INPUT_INVALID` when the manifest is of another version or no manifest at all.
 */
export async function readManifest(path: string): Promise<Manifest> {
  let text: string;
  try {
    text = await readFile(join(path, MANIFEST), 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT' && code !== 'ENOTDIR') throw error;
    return { schemaVersion: SCHEMA_VERSION, steps: {}, current: [], told: [] };
  }
  try {
    return manifestSchema.parse(JSON.parse(text));
  } catch (error) {
    throw new PipelineError('INPUT_INVALID', `Expected ${MANIFEST} of this version in ${path}`, {
      hint: 'Choose another --out folder, or remove this file to do every step again.',
      cause: error,
    });
  }
}

/** A step's own ledger; gzip members can simply be put one after the other. */
export function stepLedger(run: string, step: string): string {
  return join(run, stepLedgerName(step));
}

/** The same, relative to the run folder. */
export function stepLedgerName(step: string): string {
  return `ledgers/${step}.jsonl.gz`;
}

async function joinLedgers(path: string, steps: readonly string[]): Promise<void> {
  const out = createWriteStream(join(path, 'ledger.jsonl.gz.unfinished'));
  async function* members() {
    for (const step of steps) {
      const file = stepLedger(path, step);
      if (existsSync(file)) yield* createReadStream(file);
    }
  }
  await pipeline(members, out);
  await rename(join(path, 'ledger.jsonl.gz.unfinished'), join(path, 'ledger.jsonl.gz'));
}
