import type { AboSize } from './products.js';
import { ABO } from './types.js';

/** The dump's README: what of it is ABO's and what is invented. */
export function readmeOf({ listings, tableRows, views, scale }: AboSize, seed: number): string {
  const n = (count: number) => count.toLocaleString('en-US');
  const size =
    scale === 1
      ? "ABO's own numbers"
      : `ABO's numbers times ${scale.toPrecision(4)}, for ${n(ABO.listings)} listings`;
  return `# A synthetic dump in the shape of Amazon Berkeley Objects

Written by \`pipeline synth --shape abo --listings ${listings} --seed ${seed}\`. No row is a real listing, no image exists.

${n(listings)} listings, ${n(tableRows)} images, ${n(views)} (image, listing) pairs: ${size}.

True of ABO, in this proportion: these numbers, the number of product types, the images that no listing names, the listings of
CELLULAR_PHONE_CASE, and the number of images of each of the 34 classes of the seed post's iteration V2, where the first
product type of an image counts (all main views before all others, lines in order).

Invented: everything else. The counts of HOME and of HOME_BED_AND_BATH (their sum is true), of the eight types that V2 drops
by name, and of images without a type; the types INVENTED_TYPE_001 and so on, by name and count; which listings disagree,
which pictures many listings show, all texts, sizes and identifiers.

\`truth.jsonl.gz\` says of each type how many images it has by the first, the last and the most frequent type of an image,
and how many views; \`known\` says whose counts are ABO's. Its last line holds the totals and what V2's labels come to.
`;
}
