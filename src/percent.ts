/** A share as people read it, with one digit: `93.1 %`. */
export function percent(share: number): string {
  return `${(100 * share).toFixed(1).replace(/^-0\.0$/, '0.0')} %`;
}
