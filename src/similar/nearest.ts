/** A photo that was found. */
export interface Near {
  index: number;
  /** Cosine of the embeddings' angle, −1..1. */
  similarity: number;
}

/**
 * The greatest similarities, the greatest first; of equal ones the first.
 * @param accepted which may be found.
 */
export function nearestOf(
  similarities: Float32Array,
  { count, accepted }: { count: number; accepted(index: number): boolean },
): Near[] {
  const found: Near[] = [];
  if (count < 1) return found;
  let least = Number.NEGATIVE_INFINITY;
  for (let index = 0; index < similarities.length; index++) {
    const similarity = similarities[index]!;
    if (similarity <= least || !accepted(index)) continue;
    let at = found.length;
    while (at > 0 && found[at - 1]!.similarity < similarity) at -= 1;
    found.splice(at, 0, { index, similarity });
    if (found.length > count) found.pop();
    if (found.length === count) least = found[count - 1]!.similarity;
  }
  return found;
}
