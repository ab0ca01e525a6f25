import { mkdir, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { constants } from 'node:os';
import { join } from 'node:path';
import util from 'node:util';
import type { KernelBackend, TensorInfo } from '@tensorflow/tfjs';
import type { Tf } from '../backend.js';
import type { Mute } from './mute.js';

/** The addon's functions that are used here, and its numbers for types. */
export interface Binding {
  readonly TF_FLOAT: number;
  readonly TF_INT32: number;
  readonly TF_ATTR_FLOAT: number;
  readonly TF_ATTR_BOOL: number;
  readonly TF_ATTR_STRING: number;
  readonly TF_ATTR_TYPE: number;
  readonly TF_ATTR_INT: number;
  readonly TF_ATTR_SHAPE: number;
  readonly TF_Version: string;
  createTensor(shape: number[], dtype: number, values: unknown): number;
  deleteTensor(id: number): void;
  executeOp(name: string, attributes: unknown[], inputs: number[], outputs: number): { id: number }[];
  isUsingGpuDevice(): boolean;
}

/** What is used of tfjs-node's `NodeJSKernelBackend`. */
export interface TensorFlowBackend extends KernelBackend {
  readonly binding: Binding;
  readonly isUsingGpuDevice: boolean;
  executeMultipleOutputs(
    name: string,
    attributes: unknown[],
    inputs: readonly TensorInfo[],
    outputs: number,
  ): TensorInfo[];
  executeSingleOutput(name: string, attributes: unknown[], inputs: readonly TensorInfo[]): TensorInfo;
}

/** Folders of an installation. */
export const layout = (folder: string) => ({
  /** The wheel's own name for it: the GPU libraries look for CUDA's in `../nvidia`. */
  libraries: join(folder, 'tensorflow'),
  headers: join(folder, 'tensorflow', 'include'),
  addon: join(folder, 'tensorflow', 'tfjs_binding.node'),
  mute: join(folder, 'mute.node'),
  muteSource: join(folder, 'mute.cc'),
  package: join(folder, 'node_modules', '@tensorflow', 'tfjs-node-gpu'),
  protobuf: join(folder, 'node_modules', 'google-protobuf'),
  nodeHeaders: join(folder, 'node_modules', 'node-api-headers'),
});

const SHARED_TFJS = Symbol.for('abo-pipeline.tfjs');
const STANDS_FOR = ['tfjs', 'tfjs-core'];

/**
 * Puts packages named @tensorflow/tfjs and tfjs-core beside tfjs-node in an installation, which are the program's own:
 * kernels registered with another copy would be another engine's.
 */
export async function placeStandIns(folder: string): Promise<void> {
  for (const name of STANDS_FOR) {
    const place = join(folder, 'node_modules', '@tensorflow', name);
    await mkdir(place, { recursive: true });
    await writeFile(
      join(place, 'index.js'),
      "module.exports = globalThis[Symbol.for('abo-pipeline.tfjs')];\n",
    );
  }
}

/** Removed from Node 23; tfjs-node calls them. */
const REMOVED = {
  isNullOrUndefined: (value: unknown) => value === null || value === undefined,
  isArray: Array.isArray,
};

/** Not among Node's constants: `dlfcn.h` of glibc and of macOS. */
const RTLD_NODELETE = process.platform === 'darwin' ? 0x80 : 0x1000;

/**
 * Like `require`, but the library stays when the last thread that loaded it ends: TensorFlow leaves handlers for the
 * process's end and threads of its own, which would then run code that is gone.
 */
function dlopenForGood(file: string): unknown {
  const module = { exports: {} };
  process.dlopen(module, file, constants.dlopen.RTLD_LAZY | RTLD_NODELETE);
  return module.exports;
}

/**
 * Loads an installation's addon and tfjs-node's JavaScript in this thread, which registers its kernels. The package's
 * entry would look for the addon in its own folder: what it does is done here, with ours.
 */
export function loadTensorFlow(folder: string): {
  binding: Binding;
  createBackend(binding: Binding): TensorFlowBackend;
} {
  for (const [name, fill] of Object.entries(REMOVED)) {
    if (!(name in util)) Object.assign(util, { [name]: fill });
  }
  const require = createRequire(import.meta.url);
  const { addon, mute: muteAddon, package: root } = layout(folder);
  const { mute, unmute } = require(muteAddon) as Mute;
  const shared = globalThis as Record<symbol, unknown>;
  shared[SHARED_TFJS] = require('@tensorflow/tfjs') as Tf;
  if (!process.env['ABO_DEBUG']) mute();
  try {
    const binding = dlopenForGood(addon) as Binding;
    require(join(root, 'dist', 'register_all_kernels.js'));
    const { NodeJSKernelBackend } = require(join(root, 'dist', 'nodejs_kernel_backend.js')) as {
      NodeJSKernelBackend: new (binding: Binding, packageName: string) => TensorFlowBackend;
    };
    // The name only says whether dilated 3D convolutions are allowed.
    return { binding, createBackend: (own) => new NodeJSKernelBackend(own, '@tensorflow/tfjs-node') };
  } finally {
    if (!process.env['ABO_DEBUG']) unmute();
    delete shared[SHARED_TFJS];
  }
}
