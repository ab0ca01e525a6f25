import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  PUBLISHED,
  publishedFile,
  publishedIn,
  weightsAt,
  weightsFolder,
} from '#src/models/weights/published.js';
import { temporaryFolder } from '../../fixtures.js';

let folder: { path: string; dispose(): Promise<void> };
beforeAll(async () => {
  folder = await temporaryFolder('published');
});
afterAll(() => folder.dispose());

/** A folder with empty files of these names. */
async function holding(name: string, ...files: string[]): Promise<string> {
  const path = join(folder.path, name);
  await mkdir(path);
  for (const file of files) await writeFile(join(path, file), '');
  return path;
}

const NO_TOP = 'vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5';

describe('publishedFile', () => {
  it('names files as keras.applications does', () => {
    expect(publishedFile({ network: 'vgg16' })).toEqual({
      name: NO_TOP,
      path: `vgg16/${NO_TOP}`,
      md5: '6d6bbae143d832006294945121d1f1fc',
    });
    expect(publishedFile({ network: 'resnet50', top: true })).toEqual({
      name: 'resnet50_weights_tf_dim_ordering_tf_kernels.h5',
      path: 'resnet/resnet50_weights_tf_dim_ordering_tf_kernels.h5',
      md5: '2cb95161c43110f7111970584f804107',
    });
    expect(publishedFile({ network: 'mobilenet' }).path).toBe('mobilenet/mobilenet_1_0_224_tf_no_top.h5');
    expect(publishedFile({ network: 'mobilenet', alpha: 0.5, size: 128, top: true }).path).toBe(
      'mobilenet/mobilenet_5_0_128_tf.h5',
    );
  });

  it('has another MD5 for every file', () => {
    const all = PUBLISHED.flatMap((network) => [false, true].map((top) => publishedFile({ network, top })));
    const known = all.flatMap(({ md5 }) => md5 ?? []);
    expect(new Set(known).size).toBe(6);
    for (const md5 of known) expect(md5).toMatch(/^[0-9a-f]{32}$/);
  });
});

describe('weights in a folder', () => {
  it('are found by the network’s file names, without top first', async () => {
    const both = await holding('both', NO_TOP, NO_TOP.replace('_notop', ''), 'mobilenet_7_5_224_tf.h5');
    expect(await publishedIn(both, 'vgg16')).toBe(join(both, NO_TOP));
    expect(await publishedIn(both, 'mobilenet')).toBe(join(both, 'mobilenet_7_5_224_tf.h5'));
    expect(await publishedIn(both, 'resnet50')).toBeUndefined();
    expect(await publishedIn(both, 'small-cnn')).toBeUndefined();
    expect(await publishedIn(join(folder.path, 'nothing'), 'vgg16')).toBeUndefined();
  });

  it('have to be named where they differ in more than their top', async () => {
    const files = ['mobilenet_7_5_224_tf_no_top.h5', 'mobilenet_2_5_224_tf_no_top.h5'];
    const several = await holding('several', ...files);
    await expect(publishedIn(several, 'mobilenet')).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringContaining([...files].reverse().join(', ')),
      hint: expect.stringContaining('--weights mobilenet='),
    });
  });

  it('are a folder of TensorFlow.js where there is a model.json, and a file is itself', async () => {
    const tfjs = await holding('tfjs', 'model.json', NO_TOP);
    expect(await weightsAt(tfjs, 'vgg16')).toBe(tfjs);
    expect(await weightsAt(join(tfjs, NO_TOP), 'vgg16')).toBe(join(tfjs, NO_TOP));
    const published = await holding('one', NO_TOP);
    expect(await weightsAt(join(tfjs, 'model.json'), 'vgg16')).toBe(tfjs);
    const keras = await holding('keras', 'model.keras');
    await expect(weightsAt(join(keras, 'model.keras'), 'vgg16')).rejects.toMatchObject({ code: 'USAGE' });
    expect(await weightsAt(published, 'vgg16')).toBe(join(published, NO_TOP));
    await expect(weightsAt(published, 'resnet50')).rejects.toMatchObject({
      code: 'NOT_FOUND',
      hint: expect.stringContaining('resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5'),
    });
  });
});

it('puts fetched weights into the user’s cache folder', () => {
  expect(weightsFolder({ XDG_CACHE_HOME: '/caches' })).toBe('/caches/abo-pipeline/weights');
  expect(weightsFolder({ XDG_CACHE_HOME: 'relative' })).toMatch(/\/\.cache\/abo-pipeline\/weights$/);
});
