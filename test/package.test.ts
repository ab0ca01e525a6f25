import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import {
  batches,
  createContext,
  dataset,
  openCache,
  PipelineError,
  parse,
  runPipeline,
  runStage,
} from 'abo-pipeline';
import { expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

it('packs what runs and is read, and nothing else', () => {
  const [packed] = JSON.parse(
    execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], { cwd: ROOT, encoding: 'utf8' }),
  ) as [{ files: { path: string }[] }];
  const paths = packed.files.map(({ path }) => path);
  for (const path of [
    'bin/pipeline',
    'dist/index.js',
    'dist/index.d.ts',
    'dist/kernels/resize.wasm',
    'dist/kernels/augment.wasm',
    'dist/kernels/training.wasm',
    'dist/kernels/pixel-worker.js',
    'dist/models/feature-worker.js',
    'dist/serve/page/index.html',
    'dist/serve/page/main.js',
    'dist/serve/page/page.css',
    'recipes/demo.yaml',
    'recipes/mobilenet.yaml',
    'recipes/folder.yaml',
    'recipes/folder-mobilenet.yaml',
    'recipes/records.yaml',
    'recipes/records-mobilenet.yaml',
    'recipes/color.yaml',
    'recipes/brand.yaml',
    'recipes/three-tasks.yaml',
    'recipes/material.yaml',
    'recipes/weight.yaml',
    'recipes/v1.yaml',
    'recipes/v2.yaml',
    'recipes/v2-faithful.yaml',
    'recipes/v3.yaml',
    'recipes/v4-faithful.yaml',
    'recipes/v5.yaml',
    'recipes/v6.yaml',
    'recipes/size.yaml',
    'recipes/b-cnn.yaml',
    'recipes/recommended.yaml',
    'recipes/category.yaml',
    'recipes/trees/product_type.yaml',
    'LICENSE',
    'README.md',
  ]) {
    expect(paths).toContain(path);
  }
  expect(
    paths.filter((path) => !/^(bin|dist|docs|recipes)\/|^(LICENSE|README\.md|package\.json)$/.test(path)),
  ).toEqual([]);
});

it('is a library under its own name', () => {
  const functions = [openCache, batches, dataset, parse, runStage, createContext, runPipeline, PipelineError];
  for (const one of functions) expect(one).toBeTypeOf('function');
});
