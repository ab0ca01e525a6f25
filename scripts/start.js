// `npm start`: from nothing to a trained classifier and its report, on a synthetic dump.
import { existsSync } from 'node:fs';
import { prepare, root, sh } from './prepare.js';

const dump = 'runs/demo-dump';
const run = 'runs/demo';

prepare();
if (!existsSync(`${root}${dump}/truth.jsonl.gz`)) {
  sh('bin/pipeline', ['synth', '--out', dump, '--listings', '1500']);
}
sh('bin/pipeline', ['run', '--recipe', 'recipes/demo.yaml', '--source', dump, '--out', run]);
