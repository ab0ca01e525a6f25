import { PipelineError } from '../../../errors.js';

/** The backends that are installed into the user's cache folder. */
export const INSTALLABLE = ['tensorflow', 'tensorflow-gpu'] as const;
export type InstallableName = (typeof INSTALLABLE)[number];

/** TensorFlow's version: one that the addon of tfjs-node 4.22.0 was compiled against and tried with. */
export const VERSION = '2.21.0';

/** Where a backend runs, and what its wheel is called there. */
export interface Release {
  readonly name: InstallableName;
  readonly version: string;
  /** `linux-x64` */
  readonly platform: string;
  /** The project on the Python package index. */
  readonly project: string;
  /** End of the wheel's file name. */
  readonly wheelSuffix: RegExp;
  /** Shared libraries, as their file names in the wheel's folder `tensorflow/`. */
  readonly libraries: readonly [implementation: string, framework: string];
}

const LINUX = ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2'] as const;
const DARWIN = ['libtensorflow_cc.2.dylib', 'libtensorflow_framework.2.dylib'] as const;

type Wheel = Pick<Release, 'project' | 'wheelSuffix' | 'libraries'>;

/** Only what was published for 2.21.0; the wheel for aarch64 and the one for macOS have no CUDA. */
const WHEELS: Record<InstallableName, Record<string, Wheel>> = {
  tensorflow: {
    'linux-x64': {
      project: 'tensorflow-cpu',
      wheelSuffix: /-manylinux[\w.]*_x86_64\.whl$/,
      libraries: LINUX,
    },
    'linux-arm64': { project: 'tensorflow', wheelSuffix: /-manylinux[\w.]*_aarch64\.whl$/, libraries: LINUX },
    'darwin-arm64': { project: 'tensorflow', wheelSuffix: /-macosx_\w+_arm64\.whl$/, libraries: DARWIN },
  },
  'tensorflow-gpu': {
    'linux-x64': { project: 'tensorflow', wheelSuffix: /-manylinux[\w.]*_x86_64\.whl$/, libraries: LINUX },
  },
};

/** This machine: `linux-x64`; `linux-x64-musl` where the C library is not glibc. */
export function hostPlatform(): string {
  const platform = `${process.platform}-${process.arch}`;
  if (process.platform !== 'linux') return platform;
  const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } };
  return header.glibcVersionRuntime === undefined ? `${platform}-musl` : platform;
}

/** The project on the Python package index; undefined where there is none for the platform. */
export const projectOf = (name: InstallableName, platform: string): string | undefined =>
  WHEELS[name][platform]?.project;

/** @throws {PipelineError} `BACKEND_UNAVAILABLE` where TensorFlow publishes no library for the platform. */
export function releaseFor(name: InstallableName, platform = hostPlatform()): Release {
  const wheel = WHEELS[name][platform];
  if (wheel === undefined) {
    throw new PipelineError(
      'BACKEND_UNAVAILABLE',
      `Expected a platform that TensorFlow ${VERSION} is published for as ${name} but this is ${platform}`,
      { hint: `It exists for ${Object.keys(WHEELS[name]).join(', ')}. Here, use --backend wasm.` },
    );
  }
  return { name, version: VERSION, platform, ...wheel };
}

/** A package of the npm registry that is needed at install time, by its published hash. */
export interface NpmPackage {
  readonly name: string;
  readonly version: string;
  readonly integrity: string;
}

/** The JavaScript of the backend, and the addon's sources. */
export const TFJS_NODE: NpmPackage = {
  name: '@tensorflow/tfjs-node-gpu',
  version: '4.22.0',
  integrity:
    'sha512-p//NN6DGiN4hInUmIkRffaFVMcdTREUMjPyjW04J7OXvB2zBlQimj61eFKSgRrH3f5TnOfKzb0n56he/B6a4bw==',
};

/** What that JavaScript needs besides TensorFlow.js itself. */
export const PROTOBUF: NpmPackage = {
  name: 'google-protobuf',
  version: '3.21.4',
  integrity:
    'sha512-MnG7N936zcKTco4Jd2PX2U96Kf9PxygAPKBug+74LHzmHXmceN16MmRcdgZv+DGef/S9YvQAfRsNCn4cjf9yyQ==',
};

/** Node's C headers, for Node installations that came without. */
export const NODE_HEADERS: NpmPackage = {
  name: 'node-api-headers',
  version: '1.9.0',
  integrity:
    'sha512-2oNILP4jXwRB4ywnYKjVk1YyJ96n2D4EOVJO6S3oYZ5PtbJrw3Yt9TpAuX3nBLMuzn74rnfGQrv13pS9vC+YiA==',
};
