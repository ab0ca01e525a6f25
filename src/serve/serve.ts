import { PipelineError } from '../errors.js';
import type { BackendChoice } from '../models/backends/backend.js';
import { type Demands, galleryBeside, openJudge } from '../predict/judge.js';
import { openPredictor } from '../predict/predictor.js';
import type { Gallery } from '../similar/gallery.js';
import { type AppOptions, createApp } from './app.js';
import type { Served } from './predictions.js';
import { listen, type RunningServer } from './server.js';

export interface ServeOptions extends Omit<AppOptions, keyof Served> {
  /** RUN/model, a run, or one model's folder. */
  model: string;
  host: string;
  /** 0: any that is free. */
  port: number;
  backend: BackendChoice;
  demands: Demands;
  /** Default: one a core. */
  threads?: number;
  /** While it starts. */
  signal: AbortSignal;
}

export interface ServedModels extends RunningServer {
  tasks: string[];
  backend: { name: string; device: string };
  /** Photos that similar ones are looked for among; 0 where the model has none. */
  gallery: number;
  /** By which rules nothing is accepted, a line a task. */
  warnings: readonly string[];
}

/** A PNG of one white pixel. */
const WHITE = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGP4DwABAQEAsTj2FAAAAABJRU5ErkJggg==',
  'base64',
);

/**
 * Opens models and listens. A photo is looked at before, so that no client waits for kernels that are compiled when they are
 * first used.
 * @throws {PipelineError} as `openPredictor`, `openGallery` and `openJudge`; `ADDRESS_UNAVAILABLE`.
 */
export async function serveModels(options: ServeOptions): Promise<ServedModels> {
  const { model, backend, threads, signal, host, port, demands } = options;
  const predictor = await openPredictor({
    model,
    backend,
    ...(threads !== undefined && { threads }),
    signal,
  });
  let gallery: Gallery | undefined;
  const end = async () => {
    await predictor.close();
    await gallery?.close();
  };
  try {
    gallery = await galleryBeside(predictor);
    const judge = await openJudge(predictor, gallery, demands);
    const [white] = await predictor.predict([WHITE], { signal });
    if (white instanceof PipelineError) throw white;
    judge.verdicts(white!);
    const app = createApp({ ...options, predictor, judge, gallery });
    const server = await listen(app, { host, port, timeoutMs: options.limits.timeoutMs });
    return {
      url: server.url,
      tasks: predictor.tasks.map(({ name }) => name),
      backend: predictor.backend,
      gallery: gallery?.length ?? 0,
      warnings: judge.warnings,
      async close(graceMs) {
        const whole = await server.close(graceMs);
        await end();
        return whole;
      },
    };
  } catch (error) {
    await end();
    throw error;
  }
}
