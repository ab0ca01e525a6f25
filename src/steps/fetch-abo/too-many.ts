/** So many photos may always be missing or damaged: a publisher's own mistakes. */
const FEW = 10;
/** More than this share of them says that something else is wrong. */
const SHARE = 0.01;

/** Whether so many bad photos are more than a fetch goes on with; all of them are. */
export function tooMany(bad: number, all: number): boolean {
  return bad > Math.max(FEW, SHARE * all) || (bad > 0 && bad === all);
}
