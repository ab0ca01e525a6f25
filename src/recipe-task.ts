import { z } from 'zod';
import { matchKey } from './attributes.js';
import { normaliseSchema } from './labels/schema.js';
import { placesSchema, TREE_OF_NODES, taskTreeSchema, treeSchema, withPlaces } from './labels/tree/tree.js';
import { modelOverridesSchema, trainingSchema } from './models/schema.js';

const count = z.int().min(0);

export const taskSchema = z
  .strictObject({
    attribute: z.string().optional().describe('The attribute to learn; default: the name of the task.'),
    // Without defaults, as all later keys: recipes without them keep their hashes.
    normalise: normaliseSchema.optional(),
    missing: z
      .string()
      .trim()
      .min(1)
      .optional()
      .describe('The label of photos without a value; default: they are dropped.'),
    minPerClass: count.default(1).describe('Classes with fewer photos are dropped.'),
    top: z.int().min(2).optional().describe('Only so many classes, the largest.'),
    other: z
      .string()
      .trim()
      .min(1)
      .optional()
      .describe(
        'The label of photos whose own is not selected, too rare or not among the top; default: they are dropped.',
      ),
    cap: z.int().min(1).optional().describe('At most this many photos a class, by a seeded draw.'),
    drop: z.array(z.string()).default([]).describe('Labels that are left out.'),
    merge: z
      .record(z.string(), z.string().min(1))
      .default({})
      .describe('Labels that become another: FROM: INTO.'),
    select: z.array(z.string()).min(1).optional().describe('Only these labels, after merging.'),
    tree: taskTreeSchema.optional(),
    places: placesSchema.optional(),
    level: z
      .enum(['coarse', 'middle', 'fine'])
      .optional()
      .describe('The level of the tree that is learned; default: fine, the classes themselves.'),
    training: trainingSchema.optional(),
    model: modelOverridesSchema.optional().describe('Overrides of the recipe’s model for this task.'),
  })
  .superRefine(({ merge, drop, select }, context) => {
    const twice = (path: PropertyKey[], input: unknown, message: string) =>
      context.addIssue({ code: 'custom', path, input, message });
    const into = new Map<string, string>();
    for (const [from, label] of Object.entries(merge)) {
      const earlier = into.get(matchKey(from));
      if (earlier !== undefined && earlier !== label)
        twice(['merge', from], label, `${earlier} as above: labels are compared without case`);
      into.set(matchKey(from), earlier ?? label);
    }
    const left = new Set(drop.map(matchKey));
    for (const label of select ?? []) {
      if (left.has(matchKey(label))) twice(['select'], label, 'no label that drop leaves out');
    }
  })
  .superRefine(({ tree, places, level }, context) => {
    if (tree === undefined) {
      for (const [key, input] of Object.entries({ places, level })) {
        if (input === undefined) continue;
        context.addIssue({ code: 'custom', path: [key], input, message: 'it only beside a tree' });
      }
    } else if (
      places !== undefined &&
      tree !== TREE_OF_NODES &&
      !treeSchema.safeParse(withPlaces(tree, places)).success
    ) {
      const message = 'places that leave each name once in its level of the tree';
      context.addIssue({ code: 'custom', path: ['places'], input: places, message });
    }
  })
  .describe('One attribute to learn.');
