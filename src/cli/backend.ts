import { Option } from 'commander';
import { eventBus } from '../events.js';
import { backendsFolder, type Installed, listInstalled } from '../models/backends/tensorflow/cache-folder.js';
import { INSTALLABLE } from '../models/backends/tensorflow/release.js';
import { isInstallable, removeInstalled } from '../models/backends/tensorflow/uninstall.js';
import { type CommandDefinition, usageError } from './command.js';
import { showProgress } from './progress.js';

interface InstallCommandOptions {
  from?: string;
  index?: string;
  force?: boolean;
  quiet?: boolean;
  json?: boolean;
}

export const backendCommand: CommandDefinition = (program, { signal }) => {
  const backend = program
    .command('backend')
    .description("Installs, lists and removes what trains faster than the package's own WebAssembly");
  backend
    .command('install')
    .exitOverride()
    .argument('<name>', INSTALLABLE.join(' or '))
    .description("Installs TensorFlow's own library into the user's cache folder and tries it")
    .option('--from <wheel>', 'a wheel that is here already, for machines without a network')
    .addOption(
      new Option('--index <url>', 'a Python package index, as pip takes it').default(
        undefined,
        'PIP_INDEX_URL or https://pypi.org/simple',
      ),
    )
    .option('--force', 'install again what is there')
    .option('-q, --quiet', 'no progress on stderr')
    .option('--json', 'print one JSON document')
    .action(async (name: string, { quiet, json, ...options }: InstallCommandOptions) => {
      if (!isInstallable(name)) {
        throw usageError(`Expected one of ${INSTALLABLE.join(', ')} but received "${name}"`);
      }
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
    .exitOverride()
    .description('Says what is installed, where, and how much disk it takes')
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
    .exitOverride()
    .argument('<name>', INSTALLABLE.join(' or '))
    .description('Removes an installed backend')
    .action(async (name: string) => {
      const { paths, bytes } = await removeInstalled(name);
      for (const path of paths) process.stdout.write(`removed ${path}\n`);
      process.stdout.write(`${megabytes(bytes)} freed\n`);
    });
};

const describe = ({ name, version, path, bytes }: Installed) =>
  `${name} ${version}, ${megabytes(bytes)} in ${path}`;

const megabytes = (bytes: number) => `${Math.round(bytes / 1e6)} MB`;
