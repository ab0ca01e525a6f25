// The alternating timer: subject, baseline, subject, baseline …, so that a machine that slows down slows both.

/** @param {readonly number[]} values */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return sorted.length % 2 === 1 ? sorted[Math.floor(middle)] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * Times sides in turn and prints, for each, the median rate with its spread; for the first one also how many times as
 * fast as each other it is, as the median and spread of the rounds' own ratios. Asserts nothing.
 * @param {string} title
 * @param {Record<string, () => number | Promise<number>>} sides a name and what it does; gives how many records it
 * did. The first is the subject. Each is run once before the clock starts.
 * @param {{ unit?: string, rounds?: number, before?: () => unknown }} [options] `before`: done before each, unmeasured
 */
export async function measure(title, sides, { unit = 'photos/s', rounds = 5, before = () => {} } = {}) {
  const entries = Object.entries(sides);
  for (const [, work] of entries) {
    await before();
    await work();
  }
  const rates = entries.map(() => /** @type {number[]} */ ([]));
  for (let round = 0; round < rounds; round++) {
    for (const [index, [, work]] of entries.entries()) {
      await before();
      const started = performance.now();
      const records = await work();
      rates[index].push((1000 * records) / (performance.now() - started));
    }
  }
  console.log(`\n${title}`);
  const width = Math.max(...entries.map(([name]) => name.length));
  for (const [index, [name]] of entries.entries()) {
    const ratios = rates[0].map((rate, round) => rate / rates[index][round]);
    const compared = index === 0 ? '' : `   first ÷ this ${spread(ratios, 2)}`;
    console.log(`  ${name.padEnd(width)}  ${spread(rates[index], 0)} ${unit}${compared}`);
  }
}

/** `median (min..max)` */
export function spread(values, digits) {
  const text = (value) => value.toFixed(value < 10 ? Math.max(digits, 1) : digits);
  return `${text(median(values))} (${text(Math.min(...values))}..${text(Math.max(...values))})`;
}
