/**
 * How many letters have to be changed, added, taken away or swapped with their neighbour to make one word of the other,
 * without case; given up, as `most` + 1, once it is more than `most`.
 */
export function editDistance(left: string, right: string, most: number): number {
  if (Math.abs(left.length - right.length) > most) return most + 1;
  const [a, b] = [left.toLowerCase(), right.toLowerCase()];
  let beforeThat: number[] = [];
  let before = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    let least = i;
    for (let j = 1; j <= b.length; j++) {
      const changed = before[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      row[j] = Math.min(
        changed,
        before[j]! + 1,
        row[j - 1]! + 1,
        swapped ? beforeThat[j - 2]! + 1 : Number.POSITIVE_INFINITY,
      );
      least = Math.min(least, row[j]!);
    }
    if (least > most) return most + 1;
    beforeThat = before;
    before = row;
  }
  return before[b.length]!;
}

/** What somebody may have meant by a word: the name that is nearest to it, where one is near enough. */
export function nearest(word: string, names: Iterable<string>): string | undefined {
  // A third of it may be wrong, as far as that is still a slip.
  const most = Math.min(3, Math.max(1, Math.floor(word.length / 3)));
  let found: string | undefined;
  let least = most + 1;
  for (const name of names) {
    const distance = editDistance(word, name, most);
    if (distance >= least) continue;
    least = distance;
    found = name;
  }
  return found;
}

/** More names than this that begin with a word are no help. */
const MOST_BEGUN = 4;

/**
 * Names that somebody may have meant by a word: the nearest, else those that it is the beginning of, where they are few.
 */
export function likely(word: string, names: Iterable<string>): string[] {
  const all = [...names];
  const near = nearest(word, all);
  if (near !== undefined) return [near];
  // Of `--x` it is the `x` that is a beginning.
  if (!/[^-]/.test(word)) return [];
  const begun = all.filter((name) => name.toLowerCase().startsWith(word.toLowerCase()));
  return begun.length > MOST_BEGUN ? [] : begun;
}

/** The question that an error ends with; empty where nothing is likely. */
export function didYouMean(word: string, names: Iterable<string>): string {
  const found = listed(likely(word, names));
  return found === '' ? '' : `Did you mean ${found}?`;
}

/** What is added to a complaint about a word that none of the names is: what was likely meant, if anything. */
export function meant(word: unknown, names: Iterable<string>): string {
  const found = typeof word === 'string' ? likely(word, names) : [];
  return found.length === 0 ? '' : `; did you mean ${listed(found.map((name) => `"${name}"`))}?`;
}

/** `a`, `a or b`, `a, b or c`. */
function listed(names: readonly string[]): string {
  const last = names.at(-1) ?? '';
  return names.length < 2 ? last : `${names.slice(0, -1).join(', ')} or ${last}`;
}
