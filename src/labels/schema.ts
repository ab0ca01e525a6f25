import { z } from 'zod';
import { UNIT_NAMES } from './units.js';

const ascending = (edges: readonly number[]) => edges.every((edge, at) => at === 0 || edge > edges[at - 1]!);

/** How values become labels; absent in a task: they are the labels. */
export const normaliseSchema = z
  .discriminatedUnion(
    'kind',
    [
      z.strictObject({
        kind: z.literal('color'),
        multi: z
          .enum(['first', 'multi', 'drop'])
          .default('multi')
          .describe('Of several colours: the first, the label multi, or no label.'),
      }),
      z.strictObject({ kind: z.literal('brand') }),
      z.strictObject({ kind: z.literal('standardized') }),
      z
        .strictObject({
          kind: z.literal('bins'),
          unit: z
            .enum(UNIT_NAMES)
            .optional()
            .describe('Numbers are converted into it; default: they have none.'),
          edges: z
            .array(z.number())
            .min(1)
            .refine(ascending, { error: 'edges in ascending order, each once' })
            .optional()
            .describe('Where a bin ends and the next begins.'),
          quantiles: z
            .int()
            .min(2)
            .max(100)
            .optional()
            .describe('Instead of edges: so many bins with equally many photos, as far as values allow.'),
        })
        .refine(({ edges, quantiles }) => (edges === undefined) !== (quantiles === undefined), {
          error: 'either edges or quantiles',
        }),
    ],
    { error: 'a kind: color, brand, standardized or bins' },
  )
  .describe(
    'How values become labels: colours of the palette, brands however written, standardized values, bins.',
  );

export type Normalise = z.output<typeof normaliseSchema>;
