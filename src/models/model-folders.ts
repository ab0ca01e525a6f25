import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isFolder } from '../folder.js';
import { METADATA, type ModelMetadata, readModelMetadata } from './model-folder.js';

/** A model's folder, and the tasks whose classes it names: one, or those that share its trunk. */
export interface FoundModel {
  folder: string;
  metadata: ModelMetadata;
  tasks: string[];
}

/** Whether a folder is a model's own, as `saveModel` writes it. */
function isModelFolder(folder: string): boolean {
  return existsSync(join(folder, METADATA));
}

/**
 * The models whose folders lie in a folder, as in RUN/model, by their names; none where there is no such folder.
 * @throws {PipelineError} as `readModelMetadata`.
 */
async function modelsIn(folder: string): Promise<FoundModel[]> {
  if (!isFolder(folder)) return [];
  const whole = (name: string) => !name.endsWith('.unfinished') && isModelFolder(join(folder, name));
  const names = (await readdir(folder)).filter(whole).sort();
  return Promise.all(names.map((name) => foundModel(join(folder, name))));
}

/**
 * The models that a path names: a model's folder, RUN/model, or a run; none where there is none.
 * @throws {PipelineError} as `readModelMetadata`.
 */
export async function modelsNamed(path: string): Promise<FoundModel[]> {
  if (isModelFolder(path)) return [await foundModel(path)];
  // First of all a run's own: what was exported into its folder looks like a model, too.
  const ofRun = await modelsIn(join(path, 'model'));
  return ofRun.length > 0 ? ofRun : modelsIn(path);
}

/** @throws {PipelineError} as `readModelMetadata`. */
async function foundModel(folder: string): Promise<FoundModel> {
  const metadata = await readModelMetadata(folder);
  return { folder, metadata, tasks: metadata.heads?.map(({ task }) => task) ?? [metadata.task] };
}
