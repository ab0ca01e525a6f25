/** Commands of documents that the tests do not run, and why. Whatever else a document shows is run. */
export const NOT_RUN: readonly (readonly [command: RegExp, why: string])[] = [
  [/^npm (start|test|run bench|run typecheck|run lint)|^taskset/, '.ci/run does it, or it takes minutes'],
  [/backend (install|remove)/, 'downloads and compiles; test/models/backends/tensorflow does it'],
  [/fetch (abo|weights)/, 'downloads; test/cli/fetch-abo.test.ts and fetch.test.ts do it from local servers'],
  [
    /--weights|recipes\/\w+-mobilenet\.yaml|recipes\/mobilenet\.yaml .*--out (RUN|runs)/,
    'needs pretrained weights; test/models/networks.test.ts and test/steps/features.test.ts read and train on some',
  ],
  [
    /plan recipes\/(v2|recommended|three-tasks)\.yaml(?!.* --set model\.phases\.0\.epcohs)/,
    'measures large networks; test/plan does it',
  ],
  [/advise RUN|RUN\/advice/, 'needs features of a pretrained base; test/advise has its tests'],
  [/pipeline tree .*mobilenet\.yaml/, 'needs classes of 100 photos; test/cli/tree.test.ts does it'],
  [/--max-bad 0\b/, 'a small dump has too few bad records; test/cli/bad-input.test.ts does it'],
  [/^(docker|podman|buildah)/, 'needs a container engine; .ci/run does it where there is one'],
  [
    /^(L=|mkdir -p \.venv|python3 -m venv|LMDB_FORCE|LD_LIBRARY_PATH=\.venv|\.venv)/,
    '.ci/run makes that Python, and test/sinks/tensor-cache/python.test.ts runs read.py',
  ],
  [/^(duckdb|tensorboard|git|curl|jq)|\| jq/, 'another program; .ci/run tests what it reads'],
  [/^VK_ICD_FILENAMES/, 'needs a driver; test/models/backends/webgpu.test.ts does it'],
  [/^eval|completion fish >/, 'changes a shell; test/cli/completion does it'],
  [/^(npx tsc -p examples|node examples|python )/, 'test/examples.test.ts does it'],
  [
    /^node scripts\/(screenshots|recipe-reference)/,
    'writes into docs/; recipe-reference has a test of its own',
  ],
  [/synth --shape abo/, 'writes 3 GB'],
  [/source\.photos=none/, 'of the dump of the command above it'],
];
