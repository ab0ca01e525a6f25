/**
 * A stage of your own: views of photos that are too small to learn from are left out, and the ledger says which.
 *   node examples/dist/custom-stage.js DUMP 256
 */
import {
  aboSource,
  collect,
  createContext,
  explode,
  type JoinedView,
  join,
  memoryLedger,
  parse,
  runStage,
  type Stage,
} from 'abo-pipeline';

/** Views → views of photos whose shorter side has at least so many pixels; those of unknown size go on. */
function largeEnough(pixels: number): Stage<JoinedView, JoinedView> {
  return {
    name: 'large-enough',
    async *run(views, { account }) {
      for await (const view of views) {
        const side = Math.min(view.width, view.height);
        if (side === 0 || side >= pixels) yield view;
        else account.dropped(view.imageId, 'too-small', { detail: `${view.width} × ${view.height}` });
      }
    },
  };
}

const [dump = 'runs/demo-dump', pixels = '256'] = process.argv.slice(2);
const ledger = memoryLedger();
const context = createContext({ workers: 1 }, { ledger });
const source = await aboSource({ dir: dump });
const images = () => source.images(context.signal);

const listings = runStage(parse(), source.rows(context.signal), context);
const views = runStage(explode({ views: 'all' }), listings, context);
const joined = runStage(join({ images, imagesRoot: source.imagesRoot, photos: 'none' }), views, context);
// Nothing has been read so far: the last stream pulls.
const large = await collect(runStage(largeEnough(Number(pixels)), joined, context));

const { dropped } = context.counts.find(({ name }) => name === 'large-enough')!;
const told = ledger.entries.filter(({ reason }) => reason === 'too-small').length;
console.log(
  `${large.length} views are of ${pixels} pixels or more, ${dropped} are smaller; the ledger names ${told}`,
);
