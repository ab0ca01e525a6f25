// Judges pairs of photos as ../shared/peers/dedupe.py does, so that our score and the peers' can stand in one table.
import sharp from 'sharp';

const GREY = 64;
const COLOUR = 32;
const BLOCK = 4;
/** Lenient: a pair is false when it correlates below the first and differs by more levels than the second. */
const LEAST_CORRELATION = 0.98;
const MOST_DIFFERENCE = 6;
/** Strict: the share of the true twins whose worst block passes. */
const PASSING_TWINS = 0.99;

/**
 * @param {readonly string[]} files
 * @returns what the judge sees of each: 64 × 64 grey and 32 × 32 colours, rounded means over the photo's pixels.
 */
export async function judgedPhotos(files) {
  const photos = [];
  for (let at = 0; at < files.length; at += 32) {
    photos.push(...(await Promise.all(files.slice(at, at + 32).map(judgedPhoto))));
  }
  return photos;
}

async function judgedPhoto(file) {
  const { data, info } = await sharp(file)
    .toColourspace('srgb')
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  const { width, height } = info;
  const grey = new Uint8Array(width * height);
  for (let pixel = 0; pixel < grey.length; pixel++) {
    grey[pixel] = Math.round(
      0.299 * data[3 * pixel] + 0.587 * data[3 * pixel + 1] + 0.114 * data[3 * pixel + 2],
    );
  }
  return {
    grey: areaMeans(grey, { width, height, channels: 1 }, GREY),
    colour: areaMeans(data, { width, height, channels: 3 }, COLOUR),
  };
}

/** Each cell's mean, pixels on its border by the share that lies in it (OpenCV's INTER_AREA, shrinking). */
function areaMeans(pixels, { width, height, channels }, side) {
  const [columns, rows] = [spans(width, side), spans(height, side)];
  const out = new Uint8Array(side * side * channels);
  for (const [row, [top, heights]] of rows.entries()) {
    for (const [column, [left, widths]] of columns.entries()) {
      for (let channel = 0; channel < channels; channel++) {
        let sum = 0;
        for (const [dy, h] of heights.entries()) {
          for (const [dx, w] of widths.entries()) {
            sum += h * w * pixels[((top + dy) * width + left + dx) * channels + channel];
          }
        }
        out[(row * side + column) * channels + channel] = Math.round(sum);
      }
    }
  }
  return out;
}

/** For each cell its first pixel, and the weight of that and of those that follow. */
function spans(length, side) {
  const scale = length / side;
  return Array.from({ length: side }, (_, cell) => {
    const [from, to] = [cell * scale, (cell + 1) * scale];
    const first = Math.floor(from);
    const last = Math.min(length, Math.ceil(to - 1e-9));
    const weights = [];
    for (let at = first; at < last; at++) weights.push((Math.min(at + 1, to) - Math.max(at, from)) / scale);
    return [first, weights];
  });
}

/** Correlation and mean difference in grey. */
function greyLikeness({ grey: a }, { grey: b }) {
  let [sumA, sumB, squareA, squareB, product, difference] = [0, 0, 0, 0, 0, 0];
  for (let at = 0; at < a.length; at++) {
    sumA += a[at];
    sumB += b[at];
    squareA += a[at] ** 2;
    squareB += b[at] ** 2;
    product += a[at] * b[at];
    difference += Math.abs(a[at] - b[at]);
  }
  const norm = Math.sqrt((squareA - sumA ** 2 / a.length) * (squareB - sumB ** 2 / a.length));
  return {
    correlation: (product - (sumA * sumB) / a.length) / Math.max(norm, 1e-6),
    difference: difference / a.length,
  };
}

/** The mean difference of the worst of 8 × 8 blocks, in colour. */
export function worstBlock({ colour: a }, { colour: b }) {
  const blocks = COLOUR / BLOCK;
  const sums = new Float64Array(blocks * blocks);
  for (let at = 0; at < a.length; at++) {
    const [x, y] = [Math.floor(at / 3) % COLOUR, Math.floor(at / 3 / COLOUR)];
    sums[Math.floor(y / BLOCK) * blocks + Math.floor(x / BLOCK)] += Math.abs(a[at] - b[at]);
  }
  return Math.max(...sums) / (3 * BLOCK * BLOCK);
}

/**
 * @param photos what `judgedPhotos` gave.
 * @param {readonly (readonly [number, number])[]} twins the true pairs, by index.
 */
export function judge(photos, twins) {
  const key = ([a, b]) => `${Math.min(a, b)} ${Math.max(a, b)}`;
  const truth = new Set(twins.map(key));
  const blocks = twins.map(([a, b]) => worstBlock(photos[a], photos[b])).sort((a, b) => a - b);
  const limit = quantile(blocks, PASSING_TWINS);
  const strictly = ([a, b]) => worstBlock(photos[a], photos[b]) <= limit;
  const leniently = ([a, b]) => {
    const { correlation, difference } = greyLikeness(photos[a], photos[b]);
    return correlation >= LEAST_CORRELATION || difference <= MOST_DIFFERENCE;
  };
  return {
    limit,
    strictly,
    leniently,
    /** @param {readonly (readonly [number, number])[]} reported pairs, each judged. */
    score(reported) {
      const pairs = [...new Map(reported.map((pair) => [key(pair), pair])).values()];
      const recall = pairs.filter((pair) => truth.has(key(pair))).length / truth.size;
      const share = (passes) => (pairs.length === 0 ? 0 : pairs.filter(passes).length / pairs.length);
      const [strict, lenient] = [share(strictly), share(leniently)];
      const f1 = (2 * lenient * recall) / Math.max(lenient + recall, 1e-9);
      return { recall, pairs: pairs.length, strict, lenient, f1 };
    },
  };
}

/** Between the two nearest, as NumPy's. */
function quantile(sorted, share) {
  const at = share * (sorted.length - 1);
  const below = Math.floor(at);
  const next = sorted[Math.min(below + 1, sorted.length - 1)];
  return sorted[below] + (at - below) * (next - sorted[below]);
}
