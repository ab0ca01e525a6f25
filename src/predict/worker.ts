import { workerData } from 'node:worker_threads';
import { plainError } from '../errors.js';
import { startBackend } from '../models/backends/index.js';
import { openForward } from './forward.js';
import type { PredictAnswer, PredictJob, PredictThreadData } from './jobs.js';

const data = workerData as PredictThreadData;
const { tf, name, device } = await startBackend(data.backend);
const forward = await openForward(tf, data);

/** One job of a thread that predicts. */
export default async function work(job: PredictJob): Promise<PredictAnswer> {
  if (job.kind === 'start') return { kind: 'started', backend: { name, device } };
  try {
    if (job.kind === 'predict') return { kind: 'predicted', tasks: await forward.predict(job.pixels) };
    const { pixels, task, at } = job;
    return { kind: 'explained', map: await forward.explain(pixels, task, at) };
  } catch (error) {
    return { kind: 'failed', error: plainError(error) };
  }
}
