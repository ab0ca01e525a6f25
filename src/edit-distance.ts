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

/** The question that an error ends with; empty where nothing is near. */
export function didYouMean(word: string, names: Iterable<string>): string {
  const near = nearest(word, names);
  return near === undefined ? '' : `Did you mean ${near}?`;
}

/** What is added to a complaint about a word that none of the names is: the name that was likely meant, if any. */
export function meant(word: unknown, names: Iterable<string>): string {
  const near = typeof word === 'string' ? nearest(word, names) : undefined;
  return near === undefined ? '' : `; did you mean "${near}"?`;
}
