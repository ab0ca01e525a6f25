import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { namedWeights } from '#src/cli/named-weights.js';
import { parseRecipe } from '#src/recipe-file.js';
import { temporaryFolder } from '../fixtures.js';

let folder: { path: string; dispose(): Promise<void> };
let file: string;
let tfjs: string;
beforeAll(async () => {
  folder = await temporaryFolder('named-weights');
  file = join(folder.path, 'weights.h5');
  tfjs = join(folder.path, 'tfjs');
  await writeFile(file, '');
  await mkdir(tfjs);
  await writeFile(join(tfjs, 'model.json'), '');
});
afterAll(() => folder.dispose());

/** A recipe with a task for each of these networks. */
const recipeOf = (...networks: string[]) =>
  parseRecipe(
    `name: x\ntasks:\n${networks
      .map((network, index) => `  t${index}: { model: { network: ${network} } }\n`)
      .join('')}model: { network: ${networks[0]!}, phases: [{ train: all, epochs: 1 }] }\n`,
  );
const named = async (networks: string[], ...values: string[]) =>
  Object.fromEntries(await namedWeights(values, recipeOf(...networks), { needed: true }));

describe('--weights without a network', () => {
  const several = ['vgg16', 'small-cnn', 'mobilenet'];

  it('none holds for all pretrained networks, also where there are none', async () => {
    expect(await named(['small-cnn'], 'none')).toEqual({});
    expect(await named(['vgg16'], 'none')).toEqual({ vgg16: undefined });
    expect(await named(several, 'none')).toEqual({ vgg16: undefined, mobilenet: undefined });
  });

  it('a folder holds for all, a file or a model of TensorFlow.js for the only one', async () => {
    expect(await named(several, folder.path)).toEqual({ vgg16: folder.path, mobilenet: folder.path });
    for (const one of [file, tfjs]) {
      expect(await named(['small-cnn', 'vgg16'], one)).toEqual({ vgg16: one });
      await expect(named(several, one)).rejects.toMatchObject({
        code: 'USAGE',
        message: `Expected NETWORK=PATH for --weights but received "${one}"`,
        hint: expect.stringContaining('vgg16, mobilenet') as string,
      });
    }
  });

  it('a path is refused where no network is pretrained', async () => {
    for (const one of [file, folder.path]) {
      await expect(named(['small-cnn'], one)).rejects.toMatchObject({ code: 'USAGE' });
    }
  });

  it('yields to a network’s own, whichever comes first', async () => {
    const expected = { vgg16: file, mobilenet: undefined };
    expect(await named(several, 'none', `vgg16=${file}`)).toEqual(expected);
    expect(await named(several, `vgg16=${file}`, 'none')).toEqual(expected);
    expect(await named(several, folder.path, 'vgg16=none')).toEqual({
      vgg16: undefined,
      mobilenet: folder.path,
    });
  });
});

it('refuses other networks and places where nothing is', async () => {
  await expect(named(['vgg16'], 'vgg19=none')).rejects.toMatchObject({
    message: expect.stringContaining('received "vgg19"') as string,
  });
  await expect(named(['vgg16'], join(folder.path, 'nothing'))).rejects.toMatchObject({
    message: expect.stringContaining('but there is nothing') as string,
  });
});
