import { expect, it } from 'vitest';
import { identityHash, pixelIdentity, pixelTarget } from '#src/sinks/tensor-cache/identity.js';

const TARGET = { height: 48, width: 48, fit: 'stretch', decoder: 'turbo' } as const;

it('keeps the hash that stretched, bilinear caches had before there was a choice', () => {
  expect(identityHash(pixelIdentity(TARGET))).toBe('9253b912');
  expect(identityHash(pixelIdentity({ ...TARGET, filter: 'bilinear' }))).toBe('9253b912');
});

it('differs for every fit and filter, and gives back the target', () => {
  const fits = ['stretch', 'letterbox', 'cover', 'trim'] as const;
  const targets = fits.flatMap((fit) => [
    { ...TARGET, fit },
    { ...TARGET, fit, filter: 'area' as const },
  ]);
  const identities = targets.map(pixelIdentity);
  expect(new Set(identities.map(identityHash)).size).toBe(8);
  expect(identities.map(pixelTarget)).toEqual(targets);
});
