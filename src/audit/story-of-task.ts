import type { Attributes, SampleRecord } from '../records.js';
import { type Chapter, entryChapter, type Sources, shows } from './chapter.js';
import type { PredictionLine } from './run-files.js';

/** What one task makes of a photo. */
export function taskChapters(
  task: string,
  imageId: string,
  samples: readonly SampleRecord[],
  sources: Sources,
): Chapter[] {
  const { ledgerOf, cachedIn, predictionsOf } = sources;
  const entries = ledgerOf(imageId).filter(({ key }) => key === imageId);
  const own = entries.filter((entry) => entry.task === task);
  const sample = samples.find((one) => one.task === task);
  const labelled = own.every(({ stage }) => stage !== 'label');
  const chapters: Chapter[] = labelled ? labelChapter(task, imageId, sample, sources) : [];
  chapters.push(...own.map(entryChapter));
  if (sample === undefined) return chapters;
  chapters.push({ stage: 'split', task, text: `on the ${sample.split} side, ${sideText(sample, sources)}` });
  for (const { path, key } of sample.sha256 === '' ? [] : cachedIn(sample.sha256)) {
    chapters.push({ stage: 'decode/resize', task, text: `cached in ${path} under key ${key}` });
  }
  chapters.push(...entries.filter(({ stage }) => stage === 'decode/resize').map(entryChapter));
  const prediction = predictionsOf(task)?.find((one) => one.imageId === imageId);
  if (prediction) chapters.push({ stage: 'evaluate', task, text: predictionText(prediction) });
  return chapters;
}

/** What a photo has its side by. */
function sideText({ task, component }: SampleRecord, { splitBy }: Sources): string {
  switch (splitBy(task)) {
    case 'component':
      return `as all of component ${component}`;
    case 'image':
      return `drawn by itself: this split may tear component ${component}, and leaks where it does`;
    case 'given':
      return `as the file of samples says, of component ${component}`;
  }
}

/** The label, and how many of its rows say so, where the task's name is that of its attribute. */
function labelChapter(
  task: string,
  imageId: string,
  sample: SampleRecord | undefined,
  { known, rows, attributesOf }: Sources,
): Chapter[] {
  const found = attributesOf(imageId)[task];
  const is = sample === undefined ? '' : `its label is ${sample.label}`;
  if (found === undefined || found === null) return is === '' ? [] : [{ stage: 'label', task, text: is }];
  const value = String(found);
  const images = known.photoOf(imageId)?.photo.images ?? [imageId];
  const showing = rows?.filter((row) => images.some((image) => shows(row, image)));
  // In any of its languages: the run does not say which one its recipe prefers.
  const saying = showing?.filter(({ attributes }) => says(attributes, task, value)).length;
  const count =
    saying === undefined
      ? ''
      : ` (${saying} of the ${showing!.length} rows that show it ${saying === 1 ? 'says' : 'say'} so)`;
  const from = `${is === '' ? '' : ', from '}${task} = ${JSON.stringify(value)}${count}`;
  return [{ stage: 'label', task, text: `${is}${from}` }];
}

function says(attributes: Attributes, name: string, value: string): boolean {
  return Object.hasOwn(attributes, name) && attributes[name]!.some((one) => one.value === value);
}

function predictionText({ label, predicted, top }: PredictionLine): string {
  const verdict = predicted === label ? 'rightly' : `wrongly: it is ${label}`;
  const ranks = top.map(({ label: name, probability }) => `${name} ${(100 * probability).toFixed(1)} %`);
  return `predicted ${predicted}, ${verdict} (${ranks.join(', ')})`;
}
