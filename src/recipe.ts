import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import { PipelineError } from './errors.js';

const share = z.number().min(0).max(1);
const count = z.int().min(0);

const phaseSchema = z.strictObject({
  train: z
    .union([
      z.literal('head'),
      z.literal('all'),
      z.strictObject({ from: z.string() }),
      z.strictObject({ last: z.int().min(1) }),
    ])
    .describe('Which layers are trained: the head, all, from a named layer on, or the last N of the base.'),
  epochs: z.int().min(1),
  optimizer: z.enum(['adam', 'adamw', 'sgd', 'momentum', 'nesterov', 'rmsprop']).default('adam'),
  learningRate: z.number().positive().default(1e-3),
  patience: z
    .int()
    .min(1)
    .optional()
    .describe('Stop after so many epochs without a better validation loss; needs a validation side.'),
});

const modelKeys = {
  network: z.enum(['mobilenet', 'small-cnn', 'vgg16']).describe('The base network.'),
  head: z.strictObject({
    units: z.array(z.int().min(1)).default([]).describe('Hidden Dense layers with relu before the softmax.'),
    dropout: share.default(0).describe('Before the softmax.'),
    labelSmoothing: share.default(0),
  }),
  phases: z.array(phaseSchema).min(1),
  batchSize: z.int().min(1),
};
const modelSchema = z.strictObject({
  ...modelKeys,
  head: modelKeys.head.prefault({}),
  batchSize: modelKeys.batchSize.default(32),
});

const taskSchema = z
  .strictObject({
    attribute: z.string().optional().describe('The attribute to learn; default: the name of the task.'),
    minPerClass: count.default(1).describe('Classes with fewer photos are dropped.'),
    cap: z.int().min(1).optional().describe('At most this many photos a class, by a seeded draw.'),
    drop: z.array(z.string()).default([]).describe('Labels that are left out.'),
    merge: z.record(z.string(), z.string()).default({}).describe('Labels that become another: FROM: INTO.'),
    select: z.array(z.string()).optional().describe('Only these labels, after merging.'),
    // Without defaults: a key that is not given must not override the recipe's.
    model: z
      .strictObject(modelKeys)
      .partial()
      .optional()
      .describe('Overrides of the recipe’s model for this task.'),
  })
  .describe('One attribute to learn.');

/** Pixels below which a network's pools leave nothing. */
const LEAST_SIZE: Partial<Record<string, number>> = { vgg16: 32 };

export const recipeSchema = z
  .strictObject({
    name: z.string().regex(/^[\w.-]+$/, 'letters, digits, dot, dash and underscore'),
    description: z.string().default(''),
    seed: z.int().default(1),
    source: z
      .strictObject({
        kind: z.enum(['abo']).default('abo'),
        photos: z
          .enum(['decode', 'stat', 'none'])
          .default('decode')
          .describe(
            'Whether curation decodes each photo, only looks whether it exists, or trusts the image table.',
          ),
      })
      .prefault({}),
    views: z.enum(['all', 'main']).default('all').describe('Secondary views can be charts and packaging.'),
    conflicts: z
      .enum(['majority', 'first'])
      .default('majority')
      .describe('Which of several values of a photo wins.'),
    deduplicate: z
      .strictObject({
        same: z
          .array(z.enum(['bytes', 'pixels', 'near']))
          .default(['bytes', 'pixels', 'near'])
          .describe('Grounds on which two photos are the same picture and are merged.'),
        family: z
          .array(z.enum(['item', 'near', 'name']))
          .default(['item', 'near'])
          .describe('Grounds on which two photos stay on one side of a split.'),
      })
      .prefault({}),
    tasks: z
      .record(z.string().regex(/^[\w-]+$/), taskSchema)
      .refine((tasks) => Object.keys(tasks).length > 0, {
        error: 'at least one task',
      }),
    split: z
      .strictObject({
        by: z.enum(['component', 'image']).default('component'),
        method: z.enum(['stratified', 'hash']).default('stratified'),
        validation: share.default(0.1),
        test: share.default(0.15),
      })
      .refine((split) => split.validation + split.test < 1, {
        error: 'validation and test that leave some to train on',
      })
      .prefault({}),
    cache: z
      .strictObject({
        size: z.int().min(8).max(1024).default(224).describe('Height and width in pixels.'),
        fit: z.enum(['stretch']).default('stretch'),
        decoder: z.enum(['turbo', 'sharp']).default('turbo'),
      })
      .prefault({}),
    model: modelSchema,
  })
  .superRefine((recipe, context) => {
    const input = recipe.cache.size;
    for (const { model } of Object.values(recipe.tasks)) {
      const network = model?.network ?? recipe.model.network;
      if (input >= (LEAST_SIZE[network] ?? 0)) continue;
      const message = `at least ${LEAST_SIZE[network]} for ${network}`;
      return context.addIssue({ code: 'custom', path: ['cache', 'size'], input, message });
    }
  })
  .describe('Everything a run does.');

export type Recipe = z.output<typeof recipeSchema>;
export type TaskRecipe = Recipe['tasks'][string];
export type ModelRecipe = Recipe['model'];
export type PhaseRecipe = ModelRecipe['phases'][number];

/** The model section that a task uses: the recipe's, with the task's own keys on top. */
export function modelOf(recipe: Recipe, task: string): ModelRecipe {
  const own = Object.fromEntries(
    Object.entries(recipe.tasks[task]?.model ?? {}).filter(([, value]) => value !== undefined),
  );
  return { ...recipe.model, ...own };
}

/** The JSON Schema of a recipe, for editors. */
export function recipeJsonSchema(): unknown {
  return z.toJSONSchema(recipeSchema, { io: 'input', target: 'draft-2020-12' });
}

/**
 * Reads a recipe and applies `--set PATH=VALUE` overrides (values are YAML; list items by index, as in
 * `model.phases.0.learningRate=0.01`).
 * @throws {PipelineError} `RECIPE_INVALID` with the path, what was expected and what was received.
 */
export async function loadRecipe(file: string, overrides: readonly string[] = []): Promise<Recipe> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw new PipelineError('RECIPE_INVALID', `Expected a readable recipe at ${file}`, {
      hint: 'Recipes that come with the product are in its recipes/ folder.',
      cause: error,
    });
  }
  return parseRecipe(text, overrides, file);
}

/** As `loadRecipe`, from text. */
export function parseRecipe(text: string, overrides: readonly string[] = [], file = 'recipe'): Recipe {
  let value: unknown;
  try {
    value = parseYaml(text);
  } catch (error) {
    throw new PipelineError('RECIPE_INVALID', `Expected YAML in ${file}`, { cause: error });
  }
  for (const override of overrides) value = applyOverride(value, override);
  const result = recipeSchema.safeParse(value, { reportInput: true });
  if (result.success) return result.data;
  const problems = result.error.issues.flatMap((issue) => describeIssue(issue));
  throw new PipelineError('RECIPE_INVALID', [`${file} is not a valid recipe`, ...problems].join('\n  '), {
    hint: '`pipeline schema` prints the JSON Schema of recipes.',
  });
}

/** Returns the value with one `PATH=VALUE` applied; nothing is changed in place. */
function applyOverride(value: unknown, override: string): unknown {
  const equals = override.indexOf('=');
  if (equals < 1) {
    throw new PipelineError('USAGE', `Expected PATH=VALUE for --set but received "${override}"`, {
      hint: 'For example: --set model.phases.0.learningRate=0.01',
    });
  }
  const path = override.slice(0, equals).split('.');
  const replace = (node: unknown, depth: number): unknown => {
    if (depth === path.length) return parseYaml(override.slice(equals + 1));
    const key = path[depth]!;
    if (Array.isArray(node)) {
      const index = Number(key);
      if (!Number.isInteger(index) || index < 0 || index > node.length) {
        throw new PipelineError(
          'RECIPE_INVALID',
          `${path.slice(0, depth + 1).join('.')}: Expected an index in 0..${node.length} but received "${key}"`,
        );
      }
      return Object.assign([...node], { [index]: replace(node[index], depth + 1) });
    }
    const entries = typeof node === 'object' && node !== null ? Object.entries(node) : [];
    const child = entries.find(([name]) => name === key)?.[1];
    return Object.fromEntries([
      ...entries.filter(([name]) => name !== key),
      [key, replace(child, depth + 1)],
    ]);
  };
  return replace(value, 0);
}

function describeIssue(issue: z.core.$ZodIssue): string[] {
  const at = issue.path.map(String).join('.') || '(top level)';
  const received = 'input' in issue && issue.input !== undefined ? JSON.stringify(issue.input) : 'nothing';
  const short = received.length > 80 ? `${received.slice(0, 77)}…` : received;
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map(
        (key) => `${[...issue.path, key].join('.')}: Expected no such key but received "${key}"`,
      );
    case 'invalid_type':
      return [`${at}: Expected ${issue.expected} but received ${short}`];
    case 'invalid_value':
      return [
        `${at}: Expected one of ${issue.values.map((value) => JSON.stringify(value)).join(', ')} but received ${short}`,
      ];
    case 'too_small':
      return [`${at}: Expected at least ${issue.minimum} but received ${short}`];
    case 'too_big':
      return [`${at}: Expected at most ${issue.maximum} but received ${short}`];
    default:
      return [`${at}: Expected ${issue.message} but received ${short}`];
  }
}

/** Canonical JSON: keys sorted at every level, so that equal values have equal text. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, node: unknown) =>
    typeof node === 'object' && node !== null && !Array.isArray(node)
      ? Object.fromEntries(Object.entries(node).sort(([a], [b]) => (a < b ? -1 : 1)))
      : node,
  );
}

/** sha256 of a value's canonical JSON, hex. */
export function hashOf(value: unknown): string {
  return createHash('sha256').update(canonicalJson(value)).digest('hex');
}
