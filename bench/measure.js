// The alternating timer: subject, baseline, subject, baseline …, so that a machine that slows down slows both.

/** @param {readonly number[]} values */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return sorted.length % 2 === 1 ? sorted[Math.floor(middle)] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** What this process has used of the processor, in milliseconds. */
function ownCpu() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/**
 * Times sides in turn and prints, for each, the median rate with its spread and its use of the processor; for the first
 * one also how many times as fast as each other it is, as the median and spread of the rounds' own ratios. Asserts nothing.
 * @param {string} title
 * @param {Record<string, Work | { work: Work, cpu: () => number }>} sides a name and what it does; gives how many records
 * it did. The first is the subject. `cpu`: milliseconds that a side in a
 * process of its own has used so far.
 * @param {{ unit?: string, rounds?: number, warm?: boolean, before?: () => unknown }} [options] `warm`: whether all are run
 * once before; `before`: done before each, unmeasured
 * @typedef {() => number | Promise<number>} Work
 */
export async function measure(
  title,
  sides,
  { unit = 'photos/s', rounds = 5, warm = true, before = () => {} } = {},
) {
  const all = Object.entries(sides).map(([name, side]) => ({
    name,
    ...(typeof side === 'function' ? { work: side, cpu: ownCpu } : side),
    rates: [],
    used: [],
  }));
  for (const { work } of warm ? all : []) {
    await before();
    await work();
  }
  for (let round = 0; round < rounds; round++) {
    for (const { work, cpu, rates, used } of all) {
      await before();
      const usedBefore = cpu();
      const started = performance.now();
      const records = await work();
      rates.push((1000 * records) / (performance.now() - started));
      used.push((cpu() - usedBefore) / records);
    }
  }
  console.log(`\n${title}`);
  const width = Math.max(...all.map(({ name }) => name.length));
  const [first] = all;
  for (const { name, rates, used } of all) {
    const ratios = first.rates.map((rate, round) => rate / rates[round]);
    const compared = rates === first.rates ? '' : `   first ÷ this ${spread(ratios, 2)}`;
    const processor = `CPU ${median(used).toPrecision(2)} ms`;
    console.log(`  ${name.padEnd(width)}  ${spread(rates, 0)} ${unit}, ${processor}${compared}`);
  }
}

/** `median (min..max)` */
export function spread(values, digits) {
  const text = (value) => value.toFixed(value < 10 ? Math.max(digits, 1) : digits);
  return `${text(median(values))} (${text(Math.min(...values))}..${text(Math.max(...values))})`;
}
