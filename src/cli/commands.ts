import { adviseCommand } from './advise.js';
import { backendCommand } from './backend.js';
import { balanceCommand } from './balance.js';
import { cacheCommand } from './cache.js';
import { cleanCommand } from './clean.js';
import type { CommandDefinition } from './command.js';
import { compareCommand } from './compare.js';
import { completionCommand } from './completion.js';
import { curateCommand } from './curate.js';
import { deduplicateCommand } from './deduplicate.js';
import { doctorCommand } from './doctor.js';
import { duplicatesCommand } from './duplicates.js';
import { evaluateCommand } from './evaluate.js';
import { explodeCommand } from './explode.js';
import { exploreCommand } from './explore.js';
import { exportCommand } from './export.js';
import { fetchCommand } from './fetch.js';
import { helpCommand } from './help.js';
import { importCommand } from './import.js';
import { inspectCommand } from './inspect.js';
import { joinCommand } from './join.js';
import { labelCommand } from './label.js';
import { parseCommand } from './parse.js';
import { planCommand } from './plan.js';
import { predictCommand } from './predict.js';
import { previewCommand } from './preview.js';
import { pruneCommand } from './prune.js';
import { reportCommand } from './report.js';
import { runCommand } from './run.js';
import { schemaCommand } from './schema.js';
import { serveCommand } from './serve.js';
import { similarCommand } from './similar.js';
import { splitCommand } from './split.js';
import { synthCommand } from './synth.js';
import { trainCommand } from './train.js';
import { treeCommand } from './tree.js';
import { verifyCommand } from './verify.js';
import { whyCommand } from './why.js';

/** Every command under its heading, in the order of the help. A new command is one new file and one line here. */
export const commands: Readonly<Record<string, readonly CommandDefinition[]>> = {
  'A run and its steps': [
    runCommand,
    curateCommand,
    cacheCommand,
    trainCommand,
    evaluateCommand,
    reportCommand,
  ],
  'Before a run': [planCommand, exploreCommand, treeCommand, previewCommand, schemaCommand],
  'After a run': [
    verifyCommand,
    whyCommand,
    compareCommand,
    adviseCommand,
    similarCommand,
    predictCommand,
    serveCommand,
    exportCommand,
    cleanCommand,
  ],
  'Stages as filters': [
    parseCommand,
    explodeCommand,
    joinCommand,
    deduplicateCommand,
    labelCommand,
    balanceCommand,
    splitCommand,
  ],
  'Photos and caches': [duplicatesCommand, inspectCommand, importCommand, pruneCommand],
  'What is needed': [doctorCommand, backendCommand, fetchCommand, synthCommand],
  Help: [helpCommand, completionCommand],
};
