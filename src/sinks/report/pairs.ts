/** Photos of one class that were taken for another. */
export interface ConfusedPair {
  /** Places of the classes. */
  from: number;
  to: number;
  photos: number;
  /** Of the class's photos. */
  share: number;
}

/** Every pair of classes that was confused, the most frequent first. */
export function confusedPairs(confusion: readonly (readonly number[])[]): ConfusedPair[] {
  return confusion
    .flatMap((row, from) => {
      const total = row.reduce((sum, photos) => sum + photos, 0);
      return row.flatMap((photos, to) =>
        from !== to && photos > 0 ? [{ from, to, photos, share: photos / total }] : [],
      );
    })
    .sort((a, b) => b.photos - a.photos || b.share - a.share || a.from - b.from || a.to - b.to);
}

/** The classes with the most mistakes in their row and column, in the classes' own order. */
export function mostConfused(confusion: readonly (readonly number[])[], most: number): number[] {
  const mistakes = confusion.map(() => 0);
  confusion.forEach((row, from) => {
    row.forEach((photos, to) => {
      if (from === to) return;
      mistakes[from]! += photos;
      mistakes[to]! += photos;
    });
  });
  return mistakes
    .map((_, index) => index)
    .sort((a, b) => mistakes[b]! - mistakes[a]! || a - b)
    .slice(0, most)
    .sort((a, b) => a - b);
}
