import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, join } from 'node:path';
import { PipelineError } from '../../../errors.js';

/** Where Vulkan's loader looks for the drivers' manifests by itself. */
const MANIFESTS = ['/etc/vulkan/icd.d', '/usr/share/vulkan/icd.d', '/usr/local/share/vulkan/icd.d'];
const LOADER = 'libvulkan.so.1';
const LIBRARIES = ['/lib', '/usr/lib', '/lib64', '/usr/lib64', '/usr/local/lib'];

const PACKAGES = ['webgpu@0.6.2', '@tensorflow/tfjs-backend-webgpu@4.22.0'];

/** Dawn and TensorFlow.js's backend for it. */
export interface WebGpuPackages {
  dawn: typeof import('webgpu');
  tfjs: typeof import('@tensorflow/tfjs-backend-webgpu');
  /** Dawn's package's. */
  version: string;
}

/**
 * Loads the packages, which are installed only where they are wanted: Dawn's binaries for every platform are large.
 * @throws {PipelineError} `BACKEND_UNAVAILABLE`
 */
export async function loadPackages(): Promise<WebGpuPackages> {
  try {
    const dawn = await import('webgpu');
    // TensorFlow.js's backend reads them when it is loaded.
    Object.assign(globalThis, dawn.globals);
    const tfjs = await import('@tensorflow/tfjs-backend-webgpu');
    const { version } = createRequire(import.meta.url)('webgpu/package.json') as { version: string };
    return { dawn, tfjs, version };
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND';
    throw new PipelineError(
      'BACKEND_UNAVAILABLE',
      missing
        ? 'Expected the packages webgpu and @tensorflow/tfjs-backend-webgpu but they are not installed'
        : `Expected the package webgpu to have Dawn for ${process.platform}-${process.arch} but it did not load`,
      {
        hint: missing
          ? `npm install ${PACKAGES.join(' ')} (151 MB; beside abo-pipeline)`
          : 'Choose another backend.',
        cause: error,
      },
    );
  }
}

/**
 * Says so where no driver can be found, before Dawn prints its own complaint on stderr.
 * @throws {PipelineError} `BACKEND_UNAVAILABLE`
 */
export function assertLoader(): void {
  if (process.platform !== 'linux' || hasLoader()) return;
  throw new PipelineError(
    'BACKEND_UNAVAILABLE',
    `Expected Vulkan's loader ${LOADER} but it is not in LD_LIBRARY_PATH, ${LIBRARIES.join(', ')} or the linker's cache`,
    { hint: "apt-get install libvulkan1, and the GPU's driver (mesa-vulkan-drivers, or NVIDIA's)" },
  );
}

function hasLoader(): boolean {
  const own = process.env['LD_LIBRARY_PATH']?.split(delimiter).filter(Boolean) ?? [];
  if ([...own, ...LIBRARIES].some((folder) => existsSync(join(folder, LOADER)))) return true;
  try {
    return readFileSync('/etc/ld.so.cache').includes(LOADER);
  } catch {
    return false;
  }
}

/** Why there is no adapter, with everything that was looked for. */
export function noAdapter(): PipelineError {
  if (process.platform !== 'linux') {
    return new PipelineError(
      'BACKEND_UNAVAILABLE',
      `Expected a GPU that Dawn can use on ${process.platform} but it found none`,
      {
        hint: "Install the GPU's driver, or choose another backend.",
      },
    );
  }
  const named = ['VK_DRIVER_FILES', 'VK_ICD_FILENAMES'].find((name) => process.env[name]);
  const drivers =
    named === undefined
      ? MANIFESTS.flatMap(manifestsIn)
      : process.env[named]!.split(delimiter).map((file) => (existsSync(file) ? file : `${file} (missing)`));
  const source = named === undefined ? MANIFESTS.join(', ') : named;
  return new PipelineError(
    'BACKEND_UNAVAILABLE',
    `Expected a GPU with a Vulkan driver but Dawn found none (drivers in ${source}: ${drivers.join(', ') || 'none'})`,
    {
      hint: "Install the GPU's Vulkan driver (apt-get install mesa-vulkan-drivers, or NVIDIA's), or name its manifest in VK_ICD_FILENAMES.",
    },
  );
}

function manifestsIn(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder).map((file) => join(folder, file)) : [];
}

type AdapterInfo = Pick<GPUAdapterInfo, 'vendor' | 'architecture' | 'device' | 'description'> & {
  isFallbackAdapter?: boolean;
};

/** Whether the processor stands in for a GPU: SwiftShader, mesa's llvmpipe, Windows's WARP. */
export function isSoftware(info: AdapterInfo): boolean {
  const words = [info.vendor, info.architecture, info.device, info.description].join(' ');
  return (
    info.isFallbackAdapter === true ||
    /swiftshader|llvmpipe|lavapipe|softpipe|\bwarp\b|basic render|software/i.test(words)
  );
}

/** What an adapter is, for people. */
export function describeAdapter(info: AdapterInfo): string {
  const name = (info.device || info.architecture || info.vendor || 'unnamed GPU').replace(/-+$/, '');
  const whole = [name, info.description].filter(Boolean).join(', ');
  return isSoftware(info) ? `${whole} (no GPU: emulated, slow)` : whole;
}
