/**
 * A source of your own: a shop's products, asked for page by page over HTTP; its photos lie in a folder. Curation takes it
 * as it takes a dump: a slow stage makes it ask more slowly.
 *   node examples/dist/custom-source.js http://localhost:3000/products PHOTOS RUN
 * A page is `{"products": [{"sku", "category", "photos": ["a.jpg"]}], "next": "…?page=2"}`.
 */
import { createHash } from 'node:crypto';
import { createContext, imagesInFolder, parseRecipe, runPipeline, type Source } from 'abo-pipeline';

interface Product {
  sku: string;
  category: string;
  photos: string[];
}
interface Page {
  products: Product[];
  next?: string;
}

async function* productsFrom(url: string, signal: AbortSignal): AsyncGenerator<Product> {
  for (let next: string | undefined = url; next !== undefined; ) {
    const response = await fetch(next, { signal });
    if (!response.ok) throw new Error(`Expected products at ${next} but received status ${response.status}`);
    const page = (await response.json()) as Page;
    yield* page.products;
    next = page.next === undefined ? undefined : new URL(page.next, next).href;
  }
}

function shopSource(url: string, photos: string): Source {
  const imagesRoot = imagesInFolder(photos);
  return {
    kind: 'shop',
    name: url,
    root: imagesRoot.path,
    imagesRoot,
    // A row says what ABO's listings say: an item, its images, and attributes under names of your own.
    async *rows(signal) {
      for await (const { sku, category, photos } of productsFrom(url, signal)) {
        const [main = null, ...others] = photos;
        const row = { item_id: sku, category, main_image_id: main, other_image_id: others };
        yield { text: JSON.stringify(row), shard: sku, line: 1 };
      }
    },
    async *images(signal) {
      for await (const { photos } of productsFrom(url, signal)) {
        // Width and height 0: unknown.
        for (const path of photos) yield { imageId: path, path, width: 0, height: 0 };
      }
    },
    // What a finished run is known again by: the products themselves.
    async identity() {
      const hash = createHash('sha256');
      for await (const product of productsFrom(url, new AbortController().signal)) {
        hash.update(`${JSON.stringify(product)}\n`);
      }
      return hash.digest('hex');
    },
  };
}

const [url, photos, out] = process.argv.slice(2);
if (url === undefined || photos === undefined || out === undefined) {
  throw new Error('Usage: custom-source.js URL PHOTOS RUN');
}
const recipe = parseRecipe(`
  name: shop
  tasks: { category: {} }
  model: { network: small-cnn, phases: [{ train: all, epochs: 1 }] }
`);
const summary = await runPipeline({
  recipe,
  source: shopSource(url, photos),
  given: new Map(),
  weights: new Map(),
  out,
  backend: 'auto',
  until: 'curate',
  context: createContext({}, { seed: recipe.seed }),
});
const { samples, classes, splits } = summary.tasks['category']!;
console.log(`${samples} photos in ${classes} classes: ${JSON.stringify(splits)}`);
