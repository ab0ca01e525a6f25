import { existsSync } from 'node:fs';
import type { StageCounts } from '../events.js';
import type { Fate } from '../ledger.js';
import { type SampleRecord, SIDES, type Side } from '../records.js';
import { resolveOutput } from '../run.js';
import type { PartialSummary } from '../summary.js';
import type { Findings } from './findings.js';
import type { GroupLine, PhotoRow, RunFiles, TaskFiles } from './run-files.js';

/** What the ledger's lines come to. */
export interface LedgerSums {
  /** Lines by stage, task and fate. */
  counts: Map<string, number>;
  /** Image ids that a task's stages did not pass on, by task, each with why. */
  left: Map<string, Map<string, string>>;
  /** What each merged image went into, by image id. */
  merged: Map<string, string>;
}

const FATES: readonly Exclude<Fate, 'conflict'>[] = ['dropped', 'merged', 'capped', 'quarantined'];
/** Stages whose output is the next one's input, once a run and once a task. */
const CURATION = ['parse', 'explode', 'join', 'deduplicate'];
const OF_TASK = ['label', 'balance', 'split'];

/** The files of a run's samples: as the step that wrote them remembers them, and alike in both formats. */
export function checkFiles(
  findings: Findings,
  { task, samples, parquet, digest, recorded }: TaskFiles,
): void {
  findings.looked('files', samples.length);
  const found = (key: string, message: string) => findings.found({ check: 'files', key, message });
  const file = `samples-${task}.jsonl`;
  if (digest !== recorded.digest) found(file, 'it is not what the step wrote: it was changed since');
  // Parquet has null where JSON lines have nothing, or the empty hash of a photo that curation did not read.
  const key = (sample: SampleRecord) =>
    JSON.stringify(
      Object.entries(sample)
        .filter(([, value]) => value)
        .sort(),
    );
  const other = new Set(parquet.map(key));
  const own = new Set(samples.map(key));
  const differing = [
    ...samples.filter((one) => !other.has(key(one))),
    ...parquet.filter((one) => !own.has(key(one))),
  ];
  for (const path of new Set(differing.map(({ path }) => path))) {
    found(path, `${file} and samples-${task}.parquet tell of it differently`);
  }
}

/** Whether everything lies there that the run's steps wrote. */
export function checkOutputs(
  findings: Findings,
  { path, manifest }: Pick<RunFiles, 'path' | 'manifest'>,
): void {
  for (const [step, { outputs }] of Object.entries(manifest.steps)) {
    findings.looked('files', outputs.length);
    for (const output of outputs) {
      if (existsSync(resolveOutput(path, output))) continue;
      findings.found({ check: 'files', key: output, message: `the step ${step} wrote it, and it is gone` });
    }
  }
}

/** Whether each picture that photos were merged into is a group of its own. */
export function checkGroups(
  findings: Findings,
  { photos, groups }: { photos: readonly PhotoRow[]; groups: readonly GroupLine[] },
): void {
  const same = new Map(
    groups.filter(({ relation }) => relation === 'same').map((group) => [group.representative, group.images]),
  );
  for (const { imageId, images } of photos) {
    if (images.length === 1) continue;
    const told = new Set(same.get(imageId));
    const missing = images.filter((image) => !told.has(image));
    if (missing.length === 0) continue;
    const message = `photos.parquet merges ${missing.join(', ')} into it, duplicates.jsonl does not`;
    findings.found({ check: 'records', key: imageId, message });
  }
}

/** Reads the ledger once. */
export async function sumLedger(
  lines: AsyncIterable<{
    stage: string;
    task?: string | undefined;
    key: string;
    fate: Fate;
    reason: string;
    into?: string | undefined;
  }>,
): Promise<LedgerSums> {
  const sums: LedgerSums = { counts: new Map(), left: new Map(), merged: new Map() };
  for await (const { stage, task, key, fate, reason, into } of lines) {
    const id = countOf(stage, task, fate);
    sums.counts.set(id, (sums.counts.get(id) ?? 0) + 1);
    if (task !== undefined && fate !== 'conflict') {
      const left = sums.left.get(task) ?? new Map<string, string>();
      sums.left.set(task, left.set(key, reason));
    }
    if (reason === 'same-picture' && into !== undefined) sums.merged.set(key, into);
  }
  return sums;
}

function countOf(stage: string, task: string | undefined, fate: Fate): string {
  return JSON.stringify([stage, task ?? '', fate]);
}

/** Whether stages add up, follow one another, and are told in the ledger record by record. */
export function checkStages(
  findings: Findings,
  options: {
    stages: readonly StageCounts[];
    ledger: LedgerSums;
    tasks: readonly TaskFiles[];
    photos: number | undefined;
  },
): void {
  const { stages, ledger, tasks, photos } = options;
  const stageOf = (name: string, task?: string) =>
    stages.find((stage) => stage.name === name && (stage.task === undefined || stage.task === task));
  findings.looked('stages', stages.length);
  const found = (key: string, message: string) => findings.found({ check: 'stages', key, message });
  for (const { name, task, in: received, added, out, ...fates } of stages) {
    const key = task === undefined ? name : `${name} ${task}`;
    const sum = FATES.reduce((total, fate) => total + fates[fate], out);
    if (received + added !== sum) found(key, `${received} + ${added} came in and ${sum} went out`);
    for (const fate of FATES) {
      const lines = ledger.counts.get(countOf(name, task, fate)) ?? 0;
      findings.looked('ledger', lines);
      if (lines === fates[fate]) continue;
      const message = `${fates[fate]} ${fate} in the summary, ${lines} in the ledger`;
      findings.found({ check: 'ledger', key, message });
    }
  }
  const curated = tasks.filter(({ given }) => !given);
  const chains: [task: string | undefined, names: string[]][] = [
    ...(curated.length > 0 ? [[undefined, CURATION] as [undefined, string[]]] : []),
    ...curated.map(({ task }): [string, string[]] => [task, [CURATION.at(-1)!, ...OF_TASK]]),
  ];
  for (const [task, names] of chains) {
    for (const [index, name] of names.entries()) {
      const before = index === 0 ? undefined : stageOf(names[index - 1]!, task);
      const stage = stageOf(name, task);
      if (stage === undefined)
        found(name, `the summary has no such stage${task === undefined ? '' : ` for ${task}`}`);
      else if (before && before.out !== stage.in)
        found(name, `${stage.in} came in, ${before.name} gave ${before.out}`);
    }
  }
  const gave = stageOf('deduplicate')?.out;
  if (photos !== undefined && gave !== undefined && gave !== photos) {
    found('deduplicate', `it gave ${gave} photos, photos.parquet has ${photos}`);
  }
  for (const { task, given, samples } of tasks) {
    const last = stageOf(given ? 'samples' : 'split', task);
    if (last && last.out !== samples.length) {
      found(
        `${last.name} ${task}`,
        `it gave ${last.out} samples, samples-${task}.jsonl has ${samples.length}`,
      );
    }
  }
}

/** Whether each photo of curation is a sample of each task, or in the ledger, and never both. */
export function checkRecords(
  findings: Findings,
  options: { photos: readonly PhotoRow[]; tasks: readonly TaskFiles[]; ledger: LedgerSums },
): void {
  const { photos, tasks, ledger } = options;
  const found = (key: string, message: string) => findings.found({ check: 'records', key, message });
  const known = new Map(photos.map((photo) => [photo.imageId, photo]));
  for (const { task, given, samples } of tasks) {
    if (given) continue;
    findings.looked('records', photos.length);
    const left = ledger.left.get(task) ?? new Map<string, string>();
    const kept = new Set<string>();
    for (const { imageId, split } of samples) {
      if (kept.has(imageId)) found(imageId, `it is twice a sample of ${task}`);
      kept.add(imageId);
      const photo = known.get(imageId);
      if (photo === undefined) found(imageId, `it is a sample of ${task} and not in photos.parquet`);
      else if (photo.split !== split) {
        found(
          imageId,
          `it is on the ${split} side in ${task}, on ${photo.split ?? 'none'} in photos.parquet`,
        );
      }
    }
    for (const { imageId } of photos) {
      const reason = left.get(imageId);
      if (!kept.has(imageId) && reason === undefined) {
        found(imageId, `neither a sample of ${task} nor in the ledger`);
      }
      if (kept.has(imageId) && reason !== undefined) {
        found(imageId, `a sample of ${task}, and in the ledger as ${reason}`);
      }
    }
  }
  for (const { imageId, images } of photos) {
    for (const image of images) {
      if (image === imageId || ledger.merged.get(image) === imageId) continue;
      found(
        image,
        `photos.parquet merges it into ${imageId}, the ledger ${ledger.merged.get(image) ?? 'does not'}`,
      );
    }
  }
}

/** Whether the summary's counts of each task are those of what is used of its samples. */
export function checkSummary(
  findings: Findings,
  { summary }: Pick<RunFiles, 'summary'>,
  used: ReadonlyMap<string, readonly { label: string; split: Side }[]>,
): void {
  for (const [task, samples] of used) {
    findings.looked('summary', 1);
    const told: PartialSummary['tasks'][string] | undefined = summary.tasks[task];
    const found = (what: string, says: unknown, have: unknown) => {
      if (says === have) return;
      const message = `${what}: ${String(says)} in the summary, ${String(have)} in the files`;
      findings.found({ check: 'summary', key: task, message });
    };
    found('samples', told?.samples, samples.length);
    found('classes', told?.classes, new Set(samples.map(({ label }) => label)).size);
    for (const side of SIDES) {
      found(side, told?.splits[side], samples.filter(({ split }) => split === side).length);
    }
  }
}
