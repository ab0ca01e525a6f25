/** Rows summed up before they are added to the total: keeps the rounding of long columns small. */
const BLOCK = 128;

/** Adds the sums of the columns of x [rows, columns] to `target` [columns]. */
export function columnSums(x: usize, rows: i32, columns: i32, target: usize): void {
  const wide = columns & ~3;
  const stride = <usize>columns << 2;
  for (let start = 0; start < rows; start += BLOCK) {
    const count = min(BLOCK, rows - start);
    for (let column = 0; column < columns; column += column < wide ? 4 : 1) {
      let from = x + (<usize>column << 2);
      const to = target + (<usize>column << 2);
      if (column < wide) {
        let sum = f32x4.splat(0);
        for (let row = 0; row < count; row++) {
          sum = f32x4.add(sum, v128.load(from));
          from += stride;
        }
        v128.store(to, f32x4.add(v128.load(to), sum));
      } else {
        let sum: f32 = 0;
        for (let row = 0; row < count; row++) {
          sum += load<f32>(from);
          from += stride;
        }
        store<f32>(to, load<f32>(to) + sum);
      }
    }
    x += <usize>count * stride;
  }
}
