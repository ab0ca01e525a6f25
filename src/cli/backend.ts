import { Argument } from 'commander';
import { eventBus } from '../events.js';
import { backendsFolder, type Installed, listInstalled } from '../models/backends/tensorflow/cache-folder.js';
import { INSTALLABLE, type InstallableName } from '../models/backends/tensorflow/release.js';
import { removeInstalled } from '../models/backends/tensorflow/uninstall.js';
import type { CommandDefinition } from './command.js';
import { examples } from './examples.js';
import { showProgress } from './progress.js';

interface InstallCommandOptions {
  from?: string;
  index?: string;
  force?: boolean;
  quiet?: boolean;
  json?: boolean;
}

const EXAMPLES = examples(
  ['pipeline backend install tensorflow', 'trains several times as fast on most processors'],
  ['pipeline backend list', 'what is installed, and its size'],
);
const INSTALL_EXAMPLES = examples(
  ['pipeline backend install tensorflow', 'on the processor'],
  ['pipeline backend install tensorflow-gpu', 'on an NVIDIA card, by CUDA 12'],
  ['pipeline backend install tensorflow --from tensorflow_cpu.whl', 'on a machine without a network'],
);
const LIST_EXAMPLES = examples(['pipeline backend list --json', 'for a program']);
const REMOVE_EXAMPLES = examples(['pipeline backend remove tensorflow', 'gives its disk back']);

const nameArgument = () => new Argument('<name>', 'which').choices(INSTALLABLE);

export const backendCommand: CommandDefinition = (program, { signal, goesOn }) => {
  const backend = program
    .command('backend')
    .description("Installs, lists and removes what trains faster than the package's own WebAssembly")
    .addHelpText('after', EXAMPLES);
  backend
    .command('install')
    .addArgument(nameArgument())
    .description("Installs TensorFlow's own library into the user's cache folder and tries it")
    .addHelpText('after', INSTALL_EXAMPLES)
    .option('--from <wheel>', 'a wheel that is here already, for machines without a network')
    .option(
      '--index <url>',
      'a Python package index, as pip takes it; default: PIP_INDEX_URL or https://pypi.org/simple',
    )
    .option('--force', 'install again what is there')
    .option('-q, --quiet', 'no progress on stderr')
    .option('--json', 'print one JSON document')
    .action(async (name: InstallableName, { quiet, json, ...options }: InstallCommandOptions) => {
      goesOn();
      const { installBackend } = await import('../models/backends/tensorflow/install.js');
      const events = eventBus();
      const progress = showProgress(events, { quiet: quiet ?? false });
      try {
        const result = await installBackend({ name, events, signal, ...options });
        if (json) process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
        else {
          const state = result.device === undefined ? 'is installed already' : `computes on ${result.device}`;
          process.stdout.write(`${describe(result)}: ${state}\n`);
          if (result.missingCuda?.length) {
            process.stdout.write(
              `CUDA libraries that it asks for and that were not found: ${result.missingCuda.join(', ')}\n`,
            );
          }
        }
      } finally {
        progress.stop();
      }
    });
  backend
    .command('list')
    .description('Says what is installed, where, and how much disk it takes')
    .addHelpText('after', LIST_EXAMPLES)
    .option('--json', 'print one JSON document')
    .action(async ({ json }: { json?: boolean }) => {
      const all = await listInstalled();
      if (json)
        process.stdout.write(`${JSON.stringify({ folder: backendsFolder(), installed: all }, null, 2)}\n`);
      else if (all.length === 0) process.stdout.write('nothing is installed\n');
      else process.stdout.write(all.map((one) => `${describe(one)}\n`).join(''));
    });
  backend
    .command('remove')
    .addArgument(nameArgument())
    .description('Removes an installed backend')
    .addHelpText('after', REMOVE_EXAMPLES)
    .option('--json', 'print one JSON document')
    .action(async (name: InstallableName, { json }: { json?: boolean }) => {
      const { paths, bytes } = await removeInstalled(name);
      if (json) return void process.stdout.write(`${JSON.stringify({ name, paths, bytes }, null, 2)}\n`);
      for (const path of paths) process.stdout.write(`removed ${path}\n`);
      process.stdout.write(`${megabytes(bytes)} freed\n`);
    });
};

const describe = ({ name, version, path, bytes }: Installed) =>
  `${name} ${version}, ${megabytes(bytes)} in ${path}`;

const megabytes = (bytes: number) => `${Math.round(bytes / 1e6)} MB`;
