import { Option } from 'commander';
import { explain, type PipelineError } from '../errors.js';
import { BACKEND_CHOICES, type BackendChoice } from '../models/backends/backend.js';
import type { AnsweredRequest } from '../serve/app.js';
import { collectNames, parseBytes, parseInteger, parseSeconds } from './arguments.js';
import { type CommandDefinition, usageError } from './command.js';
import { precisionOption, rejectOption } from './demands.js';
import { examples } from './examples.js';
import { printable } from './printable.js';

interface ServeCommandOptions {
  model: string;
  host: string;
  port: number;
  backend: BackendChoice;
  workers?: number;
  precision: number;
  reject: number;
  token?: string;
  allowUrls?: boolean;
  allowHost?: string[];
  maxBody: number;
  maxPhotos: number;
  queue: number;
  memory: number;
  timeout: number;
  batch: number;
  batchWait: number;
  json?: boolean;
  quiet?: boolean;
}

const EXAMPLES = examples(
  ['pipeline serve --model RUN/model', 'a page on http://127.0.0.1:8080, for this machine alone'],
  ['pipeline serve --model RUN --host 0.0.0.0 --token SECRET', 'for the network, with a token'],
  ['pipeline serve --model RUN --port 0 --json', 'for a program: where it listens, as JSON'],
);

/** The token's other way in: what stands on a command line can be read by every user of the machine. */
const TOKEN_VARIABLE = 'ABO_SERVE_TOKEN';
const LOOPBACK = /^(127\.|::1$|localhost$)/;
const HIGHEST_PORT = 65_535;
const KIBIBYTE = 1024;

/** Two batches at once: while one is computed the next is decoded. */
const BATCHES_AT_ONCE = 2;

export const serveCommand: CommandDefinition = (program, { signal, allowToEnd }) => {
  program
    .command('serve')
    .description('Serves trained models: a page to drop photos on, and an HTTP API')
    .addHelpText('after', EXAMPLES)
    .requiredOption('--model <dir>', 'RUN/model, a run, or one model’s folder')
    .option('--host <address>', 'where it listens', '127.0.0.1')
    .option('--port <n>', 'on which port; 0: any that is free', parsePort, 8080)
    .addOption(new Option('--backend <name>', 'what computes').choices(BACKEND_CHOICES).default('auto'))
    .option('--workers <n>', 'threads (default: one a core)', parseInteger('--workers', 1))
    .addOption(precisionOption())
    .addOption(rejectOption())
    .addOption(
      new Option('--token <secret>', 'that requests must bring').argParser(parseToken).env(TOKEN_VARIABLE),
    )
    .option('--allow-urls', 'download photos whose addresses are public')
    .option('--allow-host <name,…>', 'names by which it may be called besides localhost', collectNames)
    .option('--max-body <size>', 'the most bytes of a request', parseBytes, 20 * KIBIBYTE ** 2)
    .option('--max-photos <n>', 'the most photos of a request', parseInteger('--max-photos', 1), 32)
    .option('--queue <n>', 'photos held at once; beyond: 503', parseInteger('--queue', 1), 512)
    .option('--memory <size>', 'bytes of requests held at once; beyond: 503', parseBytes, 512 * KIBIBYTE ** 2)
    .option('--timeout <seconds>', 'how long a request may take', parseSeconds('--timeout'), 60)
    .option('--batch <n>', 'the most photos computed together', parseInteger('--batch', 1), 16)
    .option('--batch-wait <ms>', 'how long the first waits for others', parseInteger('--batch-wait', 0), 5)
    .option('--json', 'say where it listens as JSON, and of each request a JSON line on stderr')
    .option('-q, --quiet', 'no warnings, and no line a request, on stderr')
    .action(async (options: ServeCommandOptions) => {
      const { serveModels } = await import('../serve/serve.js');
      const timeoutMs = 1000 * options.timeout;
      const served = await serveModels({
        model: options.model,
        version: program.version() ?? '',
        host: options.host,
        port: options.port,
        backend: options.backend,
        ...(options.workers !== undefined && { threads: options.workers }),
        demands: { precision: options.precision, reject: options.reject },
        signal,
        token: options.token,
        names: options.allowHost ?? [],
        allowUrls: options.allowUrls ?? false,
        limits: {
          bodyBytes: options.maxBody,
          photos: options.maxPhotos,
          timeoutMs,
          heldPhotos: options.queue,
          heldBytes: options.memory,
        },
        batch: { size: options.batch, waitMs: options.batchWait, atOnce: BATCHES_AT_ONCE },
        ...(!options.quiet && { onRequest: options.json ? sayAsJson : say }),
        onFault: sayFault,
      });
      allowToEnd(timeoutMs);
      const { url, tasks, backend, gallery, warnings } = served;
      if (options.json) process.stdout.write(`${JSON.stringify({ url, tasks, backend, gallery })}\n`);
      else {
        process.stdout.write(
          printable(`${tasks.join(', ')} at ${url} (${backend.name}, ${backend.device})\n`),
        );
      }
      if (!options.quiet) for (const text of warnings) process.stderr.write(`${printable(text)}\n`);
      if (options.token === undefined && !LOOPBACK.test(options.host)) {
        process.stderr.write('Whoever reaches this machine may ask; --token lets only some.\n');
      }
      await stopped(signal);
      if (!options.quiet) process.stderr.write('Stopping: what is under way is answered.\n');
      await served.close(timeoutMs);
    });
};

function stopped(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

function parsePort(text: string): number {
  const port = parseInteger('--port', 0)(text);
  if (port <= HIGHEST_PORT) return port;
  throw usageError(`Expected a port of at most ${HIGHEST_PORT} but received "${text}"`);
}

function parseToken(text: string): string {
  if (/^[\x21-\x7e]+$/.test(text)) return text;
  throw usageError('Expected a token of letters, digits and signs, without spaces');
}

function say({ method, path, status, milliseconds }: AnsweredRequest): void {
  process.stderr.write(printable(`${method} ${path} ${status} ${milliseconds.toFixed(0)} ms\n`));
}

function sayAsJson(request: AnsweredRequest): void {
  process.stderr.write(`${JSON.stringify({ time: new Date().toISOString(), ...request })}\n`);
}

function sayFault(error: PipelineError): void {
  process.stderr.write(`${printable(explain(error))}\n`);
}
