import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { networks } from '#src/models/networks/index.js';
import { firstOfBase, phaseName, phaseNote, trainedOf } from '#src/models/phases.js';
import type { PhaseRecipe } from '#src/recipe.js';

const phase = (train: PhaseRecipe['train']): PhaseRecipe => ({
  train,
  epochs: 1,
  optimizer: 'adam',
  learningRate: 1,
});

describe('firstOfBase', () => {
  it('counts as Keras’s layers[-N:], and faithfully as its layers[:depth - N]', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 1, max: 70 }), (depth, last) => {
        const layers = Array.from({ length: depth }, (_, index) => `layer${index}`);
        // JavaScript's slice counts from the end as Python's does.
        expect(layers.slice(firstOfBase(layers, phase({ last })))).toEqual(layers.slice(-last));
        expect(layers.slice(0, firstOfBase(layers, phase({ last }), true))).toEqual(
          layers.slice(0, depth - last),
        );
      }),
    );
  });

  it('knows the head, all, and a name', () => {
    const layers = ['a', 'b', 'c'];
    const first = (train: PhaseRecipe['train']) => firstOfBase(layers, phase(train));
    expect([first('head'), first('all'), first({ from: 'b' }), first({ from: 'd' })]).toEqual([3, 0, 1, -1]);
  });
});

describe('the post’s last 20 of VGG16’s 19 layers', () => {
  const { vgg16 } = networks;
  const last = phase({ last: 20 });

  it('trains all of it, and says so', () => {
    expect(phaseName(last)).toBe('last 20');
    expect(trainedOf(vgg16, last)).toHaveLength(13);
    expect(phaseNote(vgg16, last)).toMatch(/19 layers, trains all of it$/);
  });

  it('trains none that come after what heads read', () => {
    expect(trainedOf(vgg16, phase({ from: 'block4_conv1' }), { read: ['block3_pool'] })).toEqual([]);
    expect(trainedOf(vgg16, phase('all'), { read: ['block1_pool'] })).toEqual([
      'block1_conv1',
      'block1_conv2',
    ]);
  });

  it('faithfully trained the head alone', () => {
    expect(trainedOf(vgg16, last, { faithful: true })).toEqual([]);
    expect(phaseNote(vgg16, last, true)).toMatch(
      /layers\[:19 - 20\] as the post did and trains the head alone/,
    );
    // As many beyond as there are above block 5's first convolution.
    expect(phaseNote(vgg16, phase({ last: 23 }), true)).toMatch(/trains from block5_conv1 on$/);
  });

  it('says nothing of phases that do what they say', () => {
    for (const train of ['head', 'all', { from: 'block5_conv1' }, { last: 4 }, { last: 19 }] as const) {
      expect(phaseNote(vgg16, phase(train))).toBeUndefined();
    }
  });
});
