import { resolve } from 'node:path';
import { Argument } from 'commander';
import { eventBus } from '../events.js';
import { webAddress } from '../http.js';
import {
  ALPHAS,
  PUBLISHED,
  type PublishedChoice,
  type PublishedNetwork,
  SIZES,
  weightsFolder,
} from '../models/weights/published.js';
import { type CommandDefinition, usageError } from './command.js';
import { examples } from './examples.js';
import { showProgress } from './progress.js';

interface FetchWeightsOptions {
  alpha?: number;
  size?: number;
  top?: boolean;
  out?: string;
  mirror?: string;
  quiet?: boolean;
  json?: boolean;
}

const EXAMPLES = examples(
  ['pipeline fetch weights vgg16 resnet50', 'two networks’ weights, for runs without --weights'],
  ['pipeline fetch weights mobilenet --alpha 0.75 --size 192', 'one of MobileNet’s widths and sizes'],
  ['pipeline fetch weights vgg16 --mirror https://host/keras-applications', 'from another server'],
);

/** `pipeline fetch weights`. */
export const fetchWeightsCommand: CommandDefinition = (fetch, { signal, goesOn }) => {
  fetch
    .command('weights')
    .addArgument(new Argument('<network...>', 'whose weights').choices(PUBLISHED))
    .description("Downloads Keras's published ImageNet weights; what is there is only checked")
    .addHelpText('after', EXAMPLES)
    .option(
      '--alpha <number>',
      `mobilenet's width: ${ALPHAS.join(', ')} (default: 1)`,
      oneOf('--alpha', ALPHAS),
    )
    .option(
      '--size <pixels>',
      `mobilenet's input: ${SIZES.join(', ')} (default: 224)`,
      oneOf('--size', SIZES),
    )
    .option('--top', 'with the layers of the thousand ImageNet classes, which training does not need')
    .option('--out <dir>', "where the files go instead of the user's cache folder")
    .option('--mirror <url>', 'has the files under the same paths as the publisher')
    .option('-q, --quiet', 'no progress on stderr')
    .option('--json', 'print one JSON document')
    .action(async (names: PublishedNetwork[], options: FetchWeightsOptions) => {
      const choices = choicesOf(names, options);
      const { out, mirror, quiet, json } = options;
      const address = mirror && webAddress(mirror, '--mirror', 'Such as https://host/keras-applications.');
      goesOn();
      const { fetchWeights } = await import('../steps/fetch-weights.js');
      const events = eventBus();
      const progress = showProgress(events, { quiet: quiet ?? false });
      try {
        const fetched = await fetchWeights({
          choices,
          folder: out === undefined ? weightsFolder() : resolve(out),
          ...(address && { mirror: address }),
          events,
          signal,
        });
        progress.stop();
        if (json) return void process.stdout.write(`${JSON.stringify(fetched, null, 2)}\n`);
        for (const { network, path, bytes, downloaded } of fetched) {
          const state = downloaded ? 'downloaded' : 'was there';
          process.stdout.write(
            `${network}: ${state}, ${Math.ceil(bytes / 1e6)} MB; --weights ${network}=${path}\n`,
          );
        }
      } finally {
        progress.stop();
      }
    });
};

function choicesOf(
  names: readonly PublishedNetwork[],
  { alpha, size, top = false }: FetchWeightsOptions,
): PublishedChoice[] {
  const networks = [...new Set(names)];
  if ((alpha !== undefined || size !== undefined) && !networks.includes('mobilenet')) {
    throw usageError(
      'Expected --alpha and --size only with mobilenet',
      'The other networks have one file each.',
    );
  }
  return networks.map((network) =>
    network === 'mobilenet' ? { network, alpha: alpha ?? 1, size: size ?? 224, top } : { network, top },
  );
}

function oneOf(name: string, values: readonly number[]): (text: string) => number {
  return (text) => {
    const value = text.trim() === '' ? Number.NaN : Number(text);
    if (values.includes(value)) return value;
    throw usageError(`Expected one of ${values.join(', ')} for ${name} but received "${text}"`);
  };
}
