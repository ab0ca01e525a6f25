import { maybeSameShape } from '../kernels/contours.js';
import { hashIndex } from '../kernels/hash-index.js';
import { KEPT_BYTES, keepGrid, maybeSamePicture, sameFamily } from '../kernels/likeness.js';
import type { Fingerprint } from '../kernels/pixel-pool.js';
import { setsOf, type UnionFind, unionFind } from '../union-find.js';
import { cutOuts } from './cut-outs.js';

/** Why two photos are linked; `distance` in bits of the perceptual hash where they were found by it. */
export interface Link {
  a: number;
  b: number;
  ground: 'bytes' | 'pixels' | 'near' | 'variant' | 'crop' | 'item' | 'name';
  distance?: number;
}

/** Perceptual hashes of one picture, or of one family, differ in at most so many bits of 64. */
const NEAR_BITS = 10;

/** Links by keys that are equal: each record to the first that has its key. */
export function equalLinks(
  keys: Iterable<readonly [member: number, key: string]>,
  ground: Link['ground'],
): Link[] {
  const first = new Map<string, number>();
  const links: Link[] = [];
  for (const [b, key] of keys) {
    const a = first.get(key);
    if (a === undefined) first.set(key, b);
    else if (a !== b) links.push({ a, b, ground });
  }
  return links;
}

/** Finds photos that look alike as their fingerprints come in; keeps 768 bytes and a hash of each, or two. */
export function nearPhotos(options: { variants?: boolean; crops?: boolean } = {}) {
  const index = hashIndex(NEAR_BITS);
  const contours = hashIndex(NEAR_BITS);
  const parts = cutOuts();
  const members: number[] = [];
  let grids = new Uint8Array(1024 * KEPT_BYTES);
  const grid = (at: number) => grids.subarray(at * KEPT_BYTES, (at + 1) * KEPT_BYTES);
  const seen = new Set<string>();
  /** Pairs that only a closer look can call one picture, or one shape. */
  const maybeSame: Link[] = [];
  const maybeVariants: Link[] = [];
  const family: Link[] = [];
  return {
    maybeSame,
    maybeVariants,
    maybeCrops: parts.found,
    family,
    add(member: number, fingerprint: Fingerprint) {
      // What is equal to the last pixel is linked by that alone: a logo in a thousand files is looked up once.
      if (seen.has(fingerprint.picture)) return;
      seen.add(fingerprint.picture);
      const at = members.push(member) - 1;
      if (members.length * KEPT_BYTES > grids.length) {
        const larger = new Uint8Array(2 * grids.length);
        larger.set(grids);
        grids = larger;
      }
      keepGrid(fingerprint.grid, grids, at * KEPT_BYTES);
      const variants = new Map<number, Link>();
      const lookAtShape = (other: number, link: Link) => {
        if (!variants.has(other) && maybeSameShape(grid(other), grid(at))) variants.set(other, link);
      };
      index.add(fingerprint.hash, (other, distance) => {
        const link: Link = { a: members[other]!, b: member, ground: 'near', distance };
        if (maybeSamePicture(grid(other), grid(at))) maybeSame.push(link);
        if (sameFamily(grid(other), grid(at))) family.push(link);
        if (options.variants) lookAtShape(other, { a: link.a, b: link.b, ground: 'variant' });
      });
      if (options.variants) {
        contours.add(fingerprint.contours!, (other) =>
          lookAtShape(other, { a: members[other]!, b: member, ground: 'variant' }),
        );
        maybeVariants.push(...variants.values());
      }
      if (options.crops) parts.add(member, fingerprint);
    },
  };
}

/** The sets that links join. */
export function joinLinks(size: number, links: Iterable<Link>): UnionFind {
  const sets = unionFind(size);
  for (const { a, b } of links) sets.union(a, b);
  return sets;
}

/** Sets of more than one member with the links inside each; both in order of arrival. */
export function linkedSets(size: number, links: readonly Link[]): { members: number[]; links: Link[] }[] {
  if (links.length === 0) return [];
  const sets = joinLinks(size, links);
  const inside = new Map<number, Link[]>();
  for (const link of links) {
    const root = sets.find(link.a);
    const list = inside.get(root);
    if (list === undefined) inside.set(root, [link]);
    else list.push(link);
  }
  return setsOf(size, sets)
    .filter((members) => members.length > 1)
    .map((members) => ({ members, links: inside.get(sets.find(members[0]!)) ?? [] }));
}
