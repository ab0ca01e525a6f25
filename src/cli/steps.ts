import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { createContext, type ResourceOptions } from '../context.js';
import { figureLines } from '../labels/tree/yaml.js';
import { BACKEND_CHOICES, type BackendChoice } from '../models/backends/backend.js';
import { weightsFolder } from '../models/weights/published.js';
import { percent } from '../percent.js';
import type { Recipe } from '../recipe.js';
import { LEAST_CACHE_SIZE, MOST_CACHE_SIZE } from '../recipe-cache.js';
import { loadRecipe, onlyTasks } from '../recipe-file.js';
import { aboSource } from '../sources/abo.js';
import { openSource } from '../sources/open.js';
import type { Source } from '../sources/source.js';
import type { RunContext } from '../stage.js';
import type { Until } from '../steps/pipeline.js';
import type { PartialSummary, RunCost } from '../summary.js';
import { collect, collectNames, parseBytes, parseInteger, parseIntegers, parseShare } from './arguments.js';
import { assertUnflagged, describeChecks } from './check.js';
import { paintedStates } from './colours.js';
import { type CommandDefinition, type CommandEnvironment, usageError } from './command.js';
import type { HelpText } from './examples.js';
import { namedWeights } from './named-weights.js';
import { showProgress } from './progress.js';

interface StepOptions extends ResourceOptions {
  recipe: string;
  set: string[];
  task?: string[];
  source?: string;
  images?: string;
  out: string;
  samples: string[];
  previous?: string;
  weights: string[];
  cache?: string;
  sizes?: number[];
  backend: BackendChoice;
  quiet?: boolean;
  json?: boolean;
  check?: boolean;
}

/** A command that does a run's steps in order, up to one of them; steps that are finished are not done again. */
export function stepCommand(
  name: string,
  description: string,
  until: Until,
  helpExamples: HelpText,
): CommandDefinition {
  return (program, environment) => {
    const command = addOptions(program.command(name).description(description)).addHelpText(
      'after',
      helpExamples,
    );
    if (until === 'cache') {
      command.option(
        '--sizes <pixels,…>',
        'fills caches of these sizes too, from the same decode',
        parseIntegers('--sizes', LEAST_CACHE_SIZE, MOST_CACHE_SIZE),
      );
    }
    if (until === 'train') {
      command.option(
        '--check',
        'trains nothing: looks for what would waste the time, with a few batches; exit status 1 where it finds some',
      );
    }
    command.action((options: StepOptions) => runSteps(options, options.check ? 'check' : until, environment));
  };
}

function addOptions(command: Command): Command {
  return command
    .requiredOption('--recipe <file>', 'the YAML file that says everything a run does')
    .requiredOption('--out <run>', 'the run folder')
    .option(
      '--source <dir|file>',
      'the dump’s root (folders, or ABO’s archives in it), or - for listings on stdin; as the recipe says a CSV, JSON lines, or a folder of class folders',
    )
    .option(
      '--images <dir>',
      'with --source -: the root of the dump that has the photos and their table; with records: what their paths are relative to',
    )
    .option('--set <path=value>', 'overrides a value of the recipe (repeatable)', collect, [])
    .option('--task <task,…>', 'does only these of the recipe’s tasks (repeatable)', collectNames)
    .option('--samples <[task=]file>', 'takes photos, labels and sides as given (repeatable)', collect, [])
    .option('--previous <run|file>', 'keeps the sides of an older run, or of its photos.parquet')
    .option('--weights <[network=]path>', 'pretrained weights, or none (repeatable)', collect, [])
    .option('--cache <dir>', 'keeps pixel caches here, to share them between runs')
    .addOption(new Option('--backend <name>', 'what trains').choices(BACKEND_CHOICES).default('auto'))
    .option('--workers <n>', 'threads for pixels and features', parseInteger('--workers', 1))
    .option('--memory <size>', 'bytes that may be in flight, such as 512MB', parseBytes)
    .option('--max-bad <share>', 'largest share of bad records of a stage', parseShare('--max-bad'))
    .option('--json', 'print summary.json')
    .option('-q, --quiet', 'no progress on stderr');
}

async function runSteps(
  options: StepOptions,
  until: Until,
  { signal, goesOn }: CommandEnvironment,
): Promise<void> {
  goesOn();
  const { logEvents } = await import('../log.js');
  const { runPipeline } = await import('../steps/pipeline.js');
  const whole = await loadRecipe(options.recipe, options.set);
  const recipe = options.task === undefined ? whole : onlyTasks(whole, options.task);
  const { assertModels } = await import('../models/assert-models.js');
  assertModels(recipe);
  const given = givenSamples(options.samples, recipe);
  const weights = await namedWeights(options.weights, recipe, {
    needed: until !== 'curate' && until !== 'cache',
  });
  const context = createContext(options, { seed: recipe.seed, signal });
  const progress = showProgress(context.events, { quiet: options.quiet ?? false });
  for (const [network, path] of weights) {
    // Nobody named these.
    if (!path?.startsWith(weightsFolder())) continue;
    context.events.emit({ type: 'message', level: 'info', text: `Weights of ${network}: ${path}` });
  }
  try {
    const source = await sourceOf(options, recipe, context);
    const summary = await runPipeline({
      recipe,
      source,
      given,
      weights,
      out: options.out,
      ...(options.cache !== undefined && { cacheRoot: resolve(options.cache) }),
      ...(options.previous !== undefined && { previous: options.previous }),
      ...(options.sizes && { sizes: options.sizes }),
      backend: options.backend,
      until,
      context,
      onOpen: (run) => logEvents(context.events, run),
    });
    progress.stop();
    process.stdout.write(
      options.json
        ? `${JSON.stringify(summary, null, 2)}\n`
        : paintedStates(conclusion(summary, options.out, until), process.stdout),
    );
    if (summary.checks !== undefined) assertUnflagged(summary.checks);
  } finally {
    progress.stop();
  }
}

async function sourceOf(
  { source, images }: StepOptions,
  recipe: Recipe,
  { signal, events }: RunContext,
): Promise<Source> {
  if (source === undefined) throw usageError('Expected --source DIR, or --source - with --images DIR');
  if (source !== '-') {
    return openSource(recipe.source, {
      path: source,
      ...(images !== undefined && { images }),
      signal,
      events,
    });
  }
  if (recipe.source.kind !== 'abo') {
    throw usageError('Expected a path as --source', 'Only ABO’s own listings come by stdin.');
  }
  if (images === undefined) {
    throw usageError(
      'Expected --images with --source -',
      'It names the dump’s root, as in `join --source DIR`.',
    );
  }
  return aboSource({ stdin: process.stdin, images, signal, events });
}

/** `[TASK=]FILE` for each --samples; the task may be left out where the recipe has only one. */
function givenSamples(values: readonly string[], recipe: Recipe): Map<string, string> {
  const tasks = Object.keys(recipe.tasks);
  const given = new Map<string, string>();
  for (const value of values) {
    const named = tasks.find((task) => value.startsWith(`${task}=`));
    if (named === undefined && tasks.length > 1) {
      throw usageError(
        `Expected TASK=FILE for --samples but received "${value}"`,
        `The tasks are ${tasks.join(', ')}.`,
      );
    }
    given.set(named ?? tasks[0]!, named === undefined ? value : value.slice(named.length + 1));
  }
  return given;
}

function conclusion(summary: PartialSummary, out: string, until: Until): string {
  const lines = Object.entries(summary.tasks).flatMap(([task, result]) => [
    taskLine(task, result),
    ...(result.tree === undefined ? [] : figureLines(result.tree).map((line) => `  ${line}`)),
  ]);
  if (summary.cost !== undefined && Object.keys(summary.tasks).length > 1) lines.push(costLine(summary.cost));
  if (summary.checks !== undefined) lines.push(...describeChecks(summary.checks));
  if (summary.synthetic)
    lines.push('The data is synthetic: it was drawn, and says nothing about a real catalogue.');
  if (until === 'report') lines.push(`Report: ${out}/report.html`);
  return `${lines.join('\n')}\n`;
}

/** Of several tasks: what all together cost. */
function costLine({
  models,
  parameters,
  modelBytes,
  basePasses,
  trainSeconds,
  featureSeconds,
}: RunCost): string {
  const size = `${(parameters / 1e6).toFixed(2)} million parameters, ${(modelBytes / 1e6).toFixed(1)} MB`;
  const seconds = (featureSeconds + trainSeconds).toFixed(0);
  return `${models === 1 ? 'one model' : `${models} models`}: ${size}; trained in ${seconds} s, ${basePasses} photos through the base`;
}

function taskLine(task: string, result: PartialSummary['tasks'][string]): string {
  const counted = `${result.samples} photos in ${result.classes} classes`;
  if (!('accuracy' in result)) return `${task}: ${counted}`;
  const [low, high] = result.accuracyInterval.map(percent);
  const { withoutTwins, twins, evaluatedOn } = result;
  const leak =
    twins[evaluatedOn] === 0
      ? ''
      : `; ${twins[evaluatedOn]} of them have a twin on another side${withoutTwins && withoutTwins.samples > 0 ? `, and without them the accuracy is ${percent(withoutTwins.accuracy)} (${withoutTwins.samples} photos)` : ''}`;
  return `${task}: accuracy ${percent(result.accuracy)} (95 %: ${low} to ${high}) on the ${evaluatedOn} side${leak}, ${counted}`;
}
