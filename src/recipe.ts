import { z } from 'zod';
import { augmentationSchema } from './augment/schema.js';
import { changesPhotos } from './augment/stored.js';
import { BOILERPLATE } from './duplicates/boilerplate.js';
import { modelSchema } from './models/schema.js';
import { cacheSchema } from './recipe-cache.js';
import { taskSchema } from './recipe-task.js';

const share = z.number().min(0).max(1);

/** Pixels below which a network's pools leave nothing. */
const LEAST_SIZE: Partial<Record<string, number>> = {
  mobilenet: 32,
  vgg16: 32,
  resnet50: 32,
  inception_v3: 75,
};

export const recipeSchema = z
  .strictObject({
    name: z
      .string()
      .regex(/^[\w.-]+$/, 'letters, digits, dot, dash and underscore')
      .describe('Letters, digits, dot, dash and underscore.'),
    description: z.string().default('').describe('For people.'),
    seed: z.int().default(1).describe('Of every draw.'),
    source: z
      .strictObject({
        kind: z
          .enum(['abo', 'records', 'folder'])
          .default('abo')
          .describe(
            'What --source names: abo, a dump in ABO’s layout; records, a CSV or JSON lines with a column of photos’ paths; folder, a folder a class.',
          ),
        // Without defaults, as all later keys: recipes without them keep their hashes.
        image: z
          .string()
          .min(1)
          .optional()
          .describe(
            'Of records: the column with a photo’s path, in JSON also with a list; default: image, path, file or the like.',
          ),
        item: z
          .string()
          .min(1)
          .optional()
          .describe(
            'Of records: the column that says which photos show one item; default: item_id, product_id or sku, else each record is its own.',
          ),
        photos: z
          .enum(['decode', 'stat', 'none'])
          .default('decode')
          .describe(
            'Whether curation decodes each photo, only looks whether it exists, or trusts the image table.',
          ),
      })
      .superRefine(({ kind, image, item }, context) => {
        if (kind === 'records') return;
        for (const [key, input] of Object.entries({ image, item })) {
          if (input === undefined) continue;
          context.addIssue({ code: 'custom', path: [key], input, message: 'it only with kind: records' });
        }
      })
      .prefault({})
      .describe('Where listings and photos come from.'),
    // Without a default: recipes without it keep their hashes.
    language: z
      .array(
        z
          .string()
          .regex(/^(?:[A-Za-z]+(?:[_-][A-Za-z0-9]+)*(?:[_-]?\*)?|\*)$/, 'a tag such as en_US, en_* or *'),
      )
      .min(1)
      .optional()
      .describe(
        'Which of a listing’s texts is its value, by preference; default: en_US, en_*, *. Without * others have none.',
      ),
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
          .array(z.enum(['item', 'near', 'variant', 'crop', 'name']))
          .default(['item', 'near'])
          .describe('Grounds on which two photos stay on one side of a split.'),
        boilerplate: z
          .union([
            z.literal(false),
            z.strictObject({
              listings: z
                .int()
                .min(1)
                .default(BOILERPLATE.listings)
                .describe('In more of them it is dropped.'),
              types: z
                .int()
                .min(1)
                .default(BOILERPLATE.types)
                .describe('In listings of more product types it is dropped.'),
            }),
          ])
          .prefault({})
          .describe(
            'A picture in more listings, or in listings of more product types, is dropped: a logo, a size chart; false: none is.',
          ),
      })
      .prefault({})
      .describe('Which photos are one, and which belong together.'),
    tasks: z
      .record(z.string().regex(/^[\w-]+$/, 'letters, digits, _ and -'), taskSchema)
      .refine((tasks) => Object.keys(tasks).length > 0, {
        error: 'at least one task',
      })
      .describe('What is learned, by names of your own.'),
    split: z
      .strictObject({
        by: z
          .enum(['component', 'image'])
          .default('component')
          .describe('What has one side: all photos that are linked, or each photo, which leaks.'),
        method: z
          .enum(['stratified', 'hash'])
          .default('stratified')
          .describe('By the classes’ proportions, or by a hash of the seed and the component alone.'),
        validation: share.default(0.1).describe('Its share; 0: none, and nothing is chosen by it.'),
        test: share.default(0.15).describe('Its share.'),
      })
      .refine((split) => split.validation + split.test < 1, {
        error: 'validation and test that leave some to train on',
      })
      .prefault({})
      .describe('How photos come to their sides.'),
    cache: cacheSchema,
    // Without a default: recipes without it keep their hashes.
    augmentation: augmentationSchema.optional(),
    // Without a default, as the augmentation.
    faithful: z
      .boolean()
      .optional()
      .describe(
        'Whether the seed post’s faults are kept: last: N slices layers as it did, and may train the head alone; default: false.',
      ),
    // Without a default, as the augmentation.
    gallery: z
      .boolean()
      .optional()
      .describe(
        'Whether the photos’ embeddings and thumbnails are written beside the model, for similar products; default: true.',
      ),
    model: modelSchema.describe('The network and how it is trained.'),
  })
  .superRefine(({ cache, augmentation }, context) => {
    const input = cache.augmentedCopies;
    if (input === undefined || changesPhotos(augmentation ?? {})) return;
    const message = '0 without an augmentation that changes photos: every view would be the photo itself';
    context.addIssue({ code: 'custom', path: ['cache', 'augmentedCopies'], input, message });
  })
  .superRefine((recipe, context) => {
    const input = recipe.cache.size;
    for (const { model } of Object.values(recipe.tasks)) {
      const network = model?.network ?? recipe.model.network;
      const least = LEAST_SIZE[network];
      if (least === undefined || input >= least) continue;
      const message = `at least ${least} for ${network}`;
      return context.addIssue({ code: 'custom', path: ['cache', 'size'], input, message });
    }
  })
  .describe('Everything a run does.');

export type Recipe = z.output<typeof recipeSchema>;
export type TaskRecipe = Recipe['tasks'][string];
export type TrainingRecipe = NonNullable<TaskRecipe['training']>;
export type ModelRecipe = Recipe['model'];
export type PhaseRecipe = ModelRecipe['phases'][number];

/** The model section that a task uses: the recipe's, with the task's own keys on top. */
export function modelOf(recipe: Recipe, task: string): ModelRecipe {
  const { head, ...own } = recipe.tasks[task]?.model ?? {};
  return { ...recipe.model, ...given(own), head: { ...recipe.model.head, ...given(head ?? {}) } };
}

/** The keys that have a value. */
function given<T extends object>(keys: T): { [Key in keyof T]: Exclude<T[Key], undefined> } {
  const entries = Object.entries(keys).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [Key in keyof T]: Exclude<T[Key], undefined> };
}

/** The JSON Schema of a recipe's file, for editors: what it extends may say what it leaves out. */
export function recipeJsonSchema(): unknown {
  const schema = z.toJSONSchema(recipeSchema, { io: 'input', target: 'draft-2020-12' });
  const { required = [], properties, ...rest } = schema;
  const parent = {
    type: 'string',
    description: 'The recipe that this one is laid over, a file relative to it; null takes a key of it away.',
  };
  return {
    ...rest,
    properties: { extends: parent, ...properties },
    anyOf: [{ required: ['extends'] }, { required }],
  };
}
