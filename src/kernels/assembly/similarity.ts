// Dot products of a vector with many, of signed bytes, over a memory that the host owns.

// `width` is a multiple of 16; a product of two bytes has at most 14 bits, so that sums of rows up to 131,072 wide are exact.
export function dots(query: usize, rows: usize, count: usize, width: usize, target: usize): void {
  for (const end = rows + count * width; rows < end; target += 4) {
    let sums = i32x4.splat(0);
    for (let at: usize = 0; at < width; at += 16) {
      const a = v128.load(query + at);
      const b = v128.load(rows + at);
      const low = i32x4.dot_i16x8_s(i16x8.extend_low_i8x16_s(a), i16x8.extend_low_i8x16_s(b));
      const high = i32x4.dot_i16x8_s(i16x8.extend_high_i8x16_s(a), i16x8.extend_high_i8x16_s(b));
      sums = i32x4.add(sums, i32x4.add(low, high));
    }
    const pairs = i32x4.add(sums, v128.shuffle<i32>(sums, sums, 2, 3, 0, 1));
    store<i32>(target, i32x4.extract_lane(pairs, 0) + i32x4.extract_lane(pairs, 1));
    rows += width;
  }
}
