import type { CommandDefinition } from './command.js';

/** Reads a command's file when it is wanted: all of them take longer to load than many a command to run. */
type Load = () => Promise<CommandDefinition>;

/** Every command under its heading, in the order of the help. A new command is one new file and one line here. */
export const commands: Readonly<Record<string, Readonly<Record<string, Load>>>> = {
  'A run and its steps': {
    run: async () => (await import('./run.js')).runCommand,
    curate: async () => (await import('./curate.js')).curateCommand,
    cache: async () => (await import('./cache.js')).cacheCommand,
    train: async () => (await import('./train.js')).trainCommand,
    evaluate: async () => (await import('./evaluate.js')).evaluateCommand,
    report: async () => (await import('./report.js')).reportCommand,
  },
  'Before a run': {
    plan: async () => (await import('./plan.js')).planCommand,
    explore: async () => (await import('./explore.js')).exploreCommand,
    tree: async () => (await import('./tree.js')).treeCommand,
    preview: async () => (await import('./preview.js')).previewCommand,
    schema: async () => (await import('./schema.js')).schemaCommand,
  },
  'After a run': {
    verify: async () => (await import('./verify.js')).verifyCommand,
    why: async () => (await import('./why.js')).whyCommand,
    compare: async () => (await import('./compare.js')).compareCommand,
    advise: async () => (await import('./advise.js')).adviseCommand,
    similar: async () => (await import('./similar.js')).similarCommand,
    predict: async () => (await import('./predict.js')).predictCommand,
    serve: async () => (await import('./serve.js')).serveCommand,
    export: async () => (await import('./export.js')).exportCommand,
    clean: async () => (await import('./clean.js')).cleanCommand,
  },
  'Stages as filters': {
    parse: async () => (await import('./parse.js')).parseCommand,
    explode: async () => (await import('./explode.js')).explodeCommand,
    join: async () => (await import('./join.js')).joinCommand,
    deduplicate: async () => (await import('./deduplicate.js')).deduplicateCommand,
    label: async () => (await import('./label.js')).labelCommand,
    balance: async () => (await import('./balance.js')).balanceCommand,
    split: async () => (await import('./split.js')).splitCommand,
  },
  'Photos and caches': {
    duplicates: async () => (await import('./duplicates.js')).duplicatesCommand,
    inspect: async () => (await import('./inspect.js')).inspectCommand,
    import: async () => (await import('./import.js')).importCommand,
    prune: async () => (await import('./prune.js')).pruneCommand,
  },
  'What is needed': {
    doctor: async () => (await import('./doctor.js')).doctorCommand,
    backend: async () => (await import('./backend.js')).backendCommand,
    fetch: async () => (await import('./fetch.js')).fetchCommand,
    synth: async () => (await import('./synth.js')).synthCommand,
  },
  Help: {
    help: async () => (await import('./help.js')).helpCommand,
    completion: async () => (await import('./completion.js')).completionCommand,
  },
};
