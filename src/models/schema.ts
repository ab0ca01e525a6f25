import { z } from 'zod';

/** Of what must not take all. */
const part = z.number().min(0).lt(1);

/** From 0 to the phase's learning rate, step by step. */
const warmup = z
  .union([z.strictObject({ steps: z.int().min(1) }), z.strictObject({ epochs: z.number().positive() })], {
    error: '{steps: N} or {epochs: N}',
  })
  .describe('Over so many steps or epochs the rate rises from 0 to the learning rate.');
const minimum = z.number().min(0).default(0);

const scheduleSchema = z.discriminatedUnion(
  'kind',
  [
    z.strictObject({ kind: z.literal('constant'), warmup: warmup.optional() }),
    z.strictObject({
      kind: z.literal('cosine'),
      warmup: warmup.optional(),
      minimum: minimum.describe('The rate at the end of the phase.'),
    }),
    z.strictObject({
      kind: z.literal('plateau'),
      warmup: warmup.optional(),
      factor: z.number().gt(0).lt(1).default(0.1).describe('What the rate is multiplied by.'),
      patience: z
        .int()
        .min(1)
        .default(10)
        .describe('After so many epochs without a better validation loss; needs a validation side.'),
      minDelta: z
        .number()
        .min(0)
        .default(1e-4)
        .describe('A loss is better if it is lower by more than this.'),
      cooldown: z.int().min(0).default(0).describe('Epochs after a reduction that do not count.'),
      minimum: minimum.describe('The rate does not fall below this.'),
    }),
  ],
  { error: 'constant, cosine or plateau as its kind' },
);

const phaseSchema = z
  .strictObject({
    train: z
      .union(
        [
          z.literal('head'),
          z.literal('all'),
          z.strictObject({ from: z.string() }),
          z.strictObject({ last: z.int().min(1) }),
        ],
        { error: '"head", "all", {from: LAYER} or {last: N}' },
      )
      .describe('Which layers are trained: the head, all, from a named layer on, or the last N of the base.'),
    epochs: z.int().min(1).describe('Passes over the train side.'),
    optimizer: z
      .enum(['adam', 'adamw', 'sgd', 'momentum', 'nesterov', 'rmsprop'])
      .default('adam')
      .describe('momentum and nesterov are short for sgd with momentum 0.9.'),
    learningRate: z.number().positive().default(1e-3).describe('The size of a step.'),
    // Without defaults, as all later keys: recipes without them keep their hashes.
    momentum: z.number().gt(0).lt(1).optional().describe('Of sgd; default: none.'),
    nesterov: z.boolean().optional().describe('Whether sgd looks ahead; beside momentum.'),
    weightDecay: z
      .number()
      .min(0)
      .optional()
      .describe(
        'Share of each weight that a step takes off, times the learning rate; default: 0.004 of adamw, else none.',
      ),
    schedule: scheduleSchema
      .optional()
      .describe('How the learning rate changes within the phase; default: it does not.'),
    batchNorm: z
      .enum(['frozen', 'train'])
      .optional()
      .describe(
        'Whether trained layers’ batch norms are trained with them or stay as they are; default: train.',
      ),
    patience: z
      .int()
      .min(1)
      .optional()
      .describe('Stop after so many epochs without a better validation loss; needs a validation side.'),
    minDelta: z
      .number()
      .min(0)
      .optional()
      .describe('For patience a loss is better if it is lower by more than this; default: 0.'),
    restore: z
      .boolean()
      .optional()
      .describe(
        'The phase ends with the weights of its epoch with the lowest validation loss, not its last.',
      ),
  })
  .superRefine((phase, context) => {
    const refuse = (path: string[], input: unknown, message: string) =>
      context.addIssue({ code: 'custom', path, input, message });
    const { optimizer, momentum, nesterov, schedule, epochs, learningRate, patience, minDelta } = phase;
    if (momentum !== undefined && optimizer !== 'sgd') {
      refuse(['momentum'], momentum, 'it only beside optimizer: sgd');
    }
    if (nesterov !== undefined && momentum === undefined) {
      refuse(['nesterov'], nesterov, 'it only beside momentum');
    }
    if (minDelta !== undefined && patience === undefined) {
      refuse(['minDelta'], minDelta, 'it only beside patience');
    }
    if (schedule !== undefined && 'minimum' in schedule && schedule.minimum >= learningRate) {
      const message = `less than the learning rate, ${learningRate},`;
      refuse(['schedule', 'minimum'], schedule.minimum, message);
    }
    const { warmup } = schedule ?? {};
    if (warmup !== undefined && 'epochs' in warmup && warmup.epochs > epochs) {
      refuse(['schedule', 'warmup', 'epochs'], warmup.epochs, `at most the phase’s, ${epochs},`);
    }
  });

/** More than any head has: a slip of the finger is refused, not allocated. */
const MOST_UNITS = 65_536;

const headKeys = {
  units: z
    .array(z.int().min(1).max(MOST_UNITS))
    .describe('Hidden Dense layers with relu before the softmax.'),
  dropout: part.describe('Before the softmax.'),
  labelSmoothing: part.describe('So much of each label is spread evenly over all classes.'),
  l2: z
    .number()
    .positive()
    .describe('The loss has this times the sum of the squares of the head’s kernels; default: none.'),
  layers: z
    .array(z.string())
    .min(1)
    .refine((names) => new Set(names).size === names.length, { error: 'each layer once' })
    .describe('Layers of the base whose global averages it reads, side by side; default: the last.'),
};
const kernelSchema = z
  .strictObject({
    gamma: z.number().positive().describe('How fast a row’s influence falls with the squared distance.'),
    ridge: z.number().positive().describe('How much is taken from fitting each row: larger is smoother.'),
  })
  .describe(
    'Solved, not trained: ridge regression on radial basis functions around the training rows’ features, which are scaled to length 1.',
  );
const branchSchema = z
  .strictObject({
    after: z.string().describe('The layer of the base whose global average it reads.'),
    units: headKeys.units.optional(),
  })
  .describe('A head of its own, with the head’s dropout, and its units unless it names some.');
/** Without defaults: recipes without them keep their hashes. */
const branchKeys = {
  branches: z
    .strictObject({ coarse: branchSchema.optional(), middle: branchSchema.optional() })
    .refine(({ coarse, middle }) => coarse !== undefined || middle !== undefined, {
      error: 'a coarse or a middle branch',
    })
    .describe('Of a B-CNN: inner layers that predict the groups of the task’s tree.'),
  lossWeights: z
    .array(
      z.strictObject({
        epochs: z.int().min(1).describe('How long these weights count.'),
        weights: z
          .array(z.number().min(0))
          .min(2)
          .refine((weights) => weights.some((weight) => weight > 0), { error: 'one weight above 0' })
          .describe('One for each branch, coarse before middle, and one for the classes.'),
      }),
    )
    .min(1)
    .describe(
      'What the losses of the branches, coarse before middle, and of the classes count, for so many epochs over all phases, the last from then on; default: 1 each.',
    ),
};
const modelKeys = {
  network: z
    .enum(['mobilenet', 'vgg16', 'resnet50', 'inception_v3', 'small-cnn'])
    .describe('The base network.'),
  phases: z.array(phaseSchema).min(1).describe('What is trained, one after the other.'),
  batchSize: z.int().min(1).describe('Photos a step.'),
  // Without a default: recipes without it keep their hashes.
  preprocessing: z
    .enum(['scale-255', 'tf', 'torch', 'caffe'])
    .optional()
    .describe('How pixels become the network’s input; default: as the network was trained.'),
  stagnation: z
    .union([z.literal(false), z.int().min(1)])
    .optional()
    .describe(
      'Training ends with TRAINING_STAGNATED when after so many epochs its loss is no better than a guess’s; false: never; default: 5, and of faithful recipes a warning.',
    ),
  mirror: z
    .boolean()
    .optional()
    .describe(
      'Each photo’s mirror image is seen too: epochs take turns, and predictions are the averages of both; default: false.',
    ),
};
/** The recipe's model section. */
export const modelSchema = z.strictObject({
  ...modelKeys,
  head: z
    .strictObject({
      units: headKeys.units.default([]),
      dropout: headKeys.dropout.default(0),
      labelSmoothing: headKeys.labelSmoothing.default(0),
      l2: headKeys.l2.optional(),
      layers: headKeys.layers.optional(),
      kernel: kernelSchema.optional(),
    })
    .prefault({})
    .describe('What stands on the base: hidden layers and the softmax, or a kernel.'),
  batchSize: modelKeys.batchSize.default(32),
  branches: branchKeys.branches.optional(),
  lossWeights: branchKeys.lossWeights.optional(),
  trunk: z
    .literal('shared')
    .optional()
    .describe('All tasks have heads of their own on one base, trained together; default: a model a task.'),
});

/** A task's own keys of it; without defaults, so that a key that is not given does not override the recipe's. */
export const modelOverridesSchema = z
  .strictObject({
    ...modelKeys,
    ...branchKeys,
    head: z
      .strictObject({ ...headKeys, kernel: kernelSchema })
      .partial()
      .describe('What stands on the base.'),
  })
  .partial();

/** A task's training section. */
export const trainingSchema = z
  .strictObject({
    sampling: z
      .enum(['natural', 'class'])
      .optional()
      .describe(
        'class: an epoch shows each class equally often, rare ones again and again; default: natural.',
      ),
    classWeights: z
      .union(
        [
          z.literal('balanced'),
          z.strictObject({
            effective: z.number().gt(0).lt(1).describe('β of the effective number of samples.'),
          }),
        ],
        {
          error: '"balanced" or {effective: β} with β between 0 and 1',
        },
      )
      .optional()
      .describe(
        'What a sample counts in the loss: the inverse of its class’s number of samples, or of its effective one.',
      ),
  })
  .refine(({ sampling, classWeights }) => sampling !== 'class' || classWeights === undefined, {
    error: 'either sampling by class or class weights: both would make up for rare classes twice',
  })
  .describe('How rare classes are made up for, on the train side alone.');
