import { z } from 'zod';

/** Of what must not take all. */
const part = z.number().min(0).lt(1);

const phaseSchema = z.strictObject({
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
  epochs: z.int().min(1),
  optimizer: z.enum(['adam', 'adamw', 'sgd', 'momentum', 'nesterov', 'rmsprop']).default('adam'),
  learningRate: z.number().positive().default(1e-3),
  patience: z
    .int()
    .min(1)
    .optional()
    .describe('Stop after so many epochs without a better validation loss; needs a validation side.'),
});

/** More than any head has: a slip of the finger is refused, not allocated. */
const MOST_UNITS = 65_536;

const headKeys = {
  units: z
    .array(z.int().min(1).max(MOST_UNITS))
    .describe('Hidden Dense layers with relu before the softmax.'),
  dropout: part.describe('Before the softmax.'),
  labelSmoothing: part,
};
const modelKeys = {
  network: z
    .enum(['mobilenet', 'vgg16', 'resnet50', 'inception_v3', 'small-cnn'])
    .describe('The base network.'),
  phases: z.array(phaseSchema).min(1),
  batchSize: z.int().min(1),
};
/** The recipe's model section. */
export const modelSchema = z.strictObject({
  ...modelKeys,
  head: z
    .strictObject({
      units: headKeys.units.default([]),
      dropout: headKeys.dropout.default(0),
      labelSmoothing: headKeys.labelSmoothing.default(0),
    })
    .prefault({}),
  batchSize: modelKeys.batchSize.default(32),
});

/** A task's own keys of it; without defaults, so that a key that is not given does not override the recipe's. */
export const modelOverridesSchema = z
  .strictObject({ ...modelKeys, head: z.strictObject(headKeys).partial() })
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
      .union([z.literal('balanced'), z.strictObject({ effective: z.number().gt(0).lt(1) })], {
        error: '"balanced" or {effective: β} with β between 0 and 1',
      })
      .optional()
      .describe(
        'What a sample counts in the loss: the inverse of its class’s number of samples, or of its effective one.',
      ),
  })
  .refine(({ sampling, classWeights }) => sampling !== 'class' || classWeights === undefined, {
    error: 'either sampling by class or class weights: both would make up for rare classes twice',
  })
  .describe('How rare classes are made up for, on the train side alone.');
