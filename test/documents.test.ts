import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { Command } from 'commander';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadRecipe } from '#src/recipe-file.js';
import { cacheName, recipePixels } from '#src/steps/cache.js';
import { program, workingCommands } from './cli/command-line.js';
import {
  commandsIn,
  documents,
  namedIn,
  pipelinesIn,
  ROOT,
  type ShownCommand,
} from './documents/commands.js';
import { NOT_RUN } from './documents/not-run.js';
import { ofQuickCache, workspace } from './documents/workspace.js';
import { fileServer } from './file-server.js';
import { jpeg } from './fixtures.js';

const TUTORIAL = 'docs/tutorial.md:';
const DOCUMENTS = await documents();
const SHOWN = DOCUMENTS.flatMap(commandsIn);

/** A command that is shown for its error: the first line that it prints is one. */
const errorOf = ({ output }: ShownCommand) => output.find((line) => /^[A-Z][A-Z_]+: /.test(line));

/** Commands whose whole output is compared; other dumps have other numbers, digests and names of caches. */
const COMPARED = /^bin\/pipeline (inspect|verify|export|import) /;
const shapeOf = (line: string) =>
  line
    .replace(/\b[0-9a-f]{64}\b/g, 'DIGEST')
    .replace(/\bcache-\d+-[0-9a-f]{8}\b/g, 'CACHE')
    .replace(/\d+/g, '0')
    .trimEnd();
const shapesOf = (text: string) => text.split('\n').map(shapeOf);

/** Reads a command line without doing anything. */
async function parsed(words: readonly string[]): Promise<void> {
  const root = await program();
  for (const command of workingCommands(root)) command.action(() => {});
  await root.parseAsync(
    words.filter((word) => word !== '--help'),
    { from: 'user' },
  );
}

describe('every command of the documents', () => {
  const shown = SHOWN.filter((command) => errorOf(command) === undefined);
  it.each(shown.map(({ place, text }) => [place, text]))('%s is understood: %s', async (_, text) => {
    for (const words of pipelinesIn(text!)) await parsed(words);
    for (const [recipe] of text!.matchAll(/\brecipes\/[\w./-]+\.yaml/g)) {
      expect(existsSync(join(ROOT, recipe)), recipe).toBe(true);
    }
  });

  it('names commands and options that there are, in prose too', async () => {
    const whole = await program();
    for (const { place, words } of DOCUMENTS.flatMap(namedIn)) {
      if (words[0] === 'COMMAND') continue;
      let command: Command = whole;
      for (const word of words) {
        const below = command.commands.find((one) => one.name() === word);
        if (below !== undefined) command = below;
      }
      expect(command.parent, `${place}: ${words.join(' ')}`).not.toBeNull();
      const known = ['--help', ...command.options.flatMap(({ long, short }) => [long, short])];
      for (const word of words.filter((one) => /^--?[a-z]/.test(one))) {
        expect(known, `${place}: ${words.join(' ')}`).toContain(word.split('=')[0]!.replace(/[,.)]$/, ''));
      }
    }
  });
});

it.each(DOCUMENTS)('the tables of %s have as many cells in each row', async (document) => {
  let fenced = false;
  let head: number | undefined;
  for (const [index, line] of (await readFile(join(ROOT, document), 'utf8')).split('\n').entries()) {
    if (line.startsWith('```')) fenced = !fenced;
    const isRow = !fenced && line.startsWith('|');
    const cells = line.replaceAll('\\|', '').split('|').length;
    if (isRow) expect(cells, `${document}:${index + 1}`).toBe(head ?? cells);
    head = isRow ? cells : undefined;
  }
});

it('caches of the demo are called what they are called', async () => {
  const name = cacheName(recipePixels(await loadRecipe(join(ROOT, 'recipes/demo.yaml'))));
  for (const document of DOCUMENTS) {
    const text = await readFile(join(ROOT, document), 'utf8');
    for (const [named] of text.matchAll(/\bcache-48-[0-9a-f]{8}\b/g)) expect(named, document).toBe(name);
  }
});

it('the reference of recipes is what the schema says', async () => {
  const reference = execFileSync(process.execPath, [join(ROOT, 'scripts/recipe-reference.js')], {
    encoding: 'utf8',
  });
  expect(await readFile(join(ROOT, 'docs/recipe-reference.md'), 'utf8')).toBe(reference);
  const silent = reference
    .split('\n')
    .filter((line) => /^\| `.*\| {2}\|$/.test(line) && !/<name>|kind`/.test(line));
  expect(silent).toEqual([]);
});

it('links lead somewhere', () => {
  for (const document of [...DOCUMENTS, 'CHANGELOG.md']) {
    const text = readFileSync(join(ROOT, document), 'utf8').replace(/```[\s\S]*?```|`[^`\n]*`/g, '');
    for (const [, target] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^https?:/.test(target!)) continue;
      const [path, anchor] = target!.split('#') as [string, string?];
      const file = path === '' ? join(ROOT, document) : resolve(ROOT, dirname(document), path);
      expect(existsSync(file), `${document}: ${target}`).toBe(true);
      if (anchor === undefined) continue;
      expect(anchorsOf(readFileSync(file, 'utf8')), `${document}: ${target}`).toContain(anchor);
    }
  }
});

/** The anchors of a document's headings, as GitHub makes them. */
function anchorsOf(text: string): string[] {
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

/** One small folder that commands are run in, drawn, and learned from for an epoch. */
describe('run as they stand', () => {
  let folder: Awaited<ReturnType<typeof workspace>>;
  let known: { imageId: string; sha256: string };

  beforeAll(async () => {
    folder = await workspace('documents');
    await catalogue();
    await folder.shell('bin/pipeline synth --out runs/demo-dump --listings 150 -q');
    const recipe = '--recipe recipes/demo.yaml --backend wasm -q';
    await folder.shell(`bin/pipeline run ${recipe} --source runs/demo-dump --out runs/demo`);
    await cp(join(folder.path, 'runs/demo'), join(folder.path, 'runs/copy'), { recursive: true });
    const samples = await readFile(join(folder.path, 'runs/demo/samples-product_type.jsonl'), 'utf8');
    known = JSON.parse(samples.split('\n')[0]!) as typeof known;
  }, 600_000);
  afterAll(() => folder.dispose());

  /** A folder a class, and the same photos as a table. */
  async function catalogue(): Promise<void> {
    const rows = ['sku,category,name,photo'];
    for (let seed = 1; seed <= 20; seed++) {
      const label = seed % 2 ? 'chair' : 'sofa';
      const path = `PHOTOS/${label}/${seed}.jpg`;
      await mkdir(dirname(join(folder.path, path)), { recursive: true });
      await writeFile(join(folder.path, path), await jpeg(seed));
      rows.push(`A${seed},${label},Number ${seed},${path}`);
    }
    await writeFile(join(folder.path, 'products.csv'), `${rows.join('\n')}\n`);
    const photo = sharp(await jpeg(1));
    for (const name of ['photo.jpg', 'another.png']) await photo.clone().toFile(join(folder.path, name));
  }

  let outs = 0;
  /** The command with names that exist for those that the document made up. */
  function filledIn(text: string): string {
    return ofQuickCache(text)
      .replace(/\bOLD\b/g, 'runs/demo')
      .replace(/\bOTHER…/, 'runs/copy')
      .replace(/--image ID\b/, `--image ${known.imageId}`)
      .replace(/--recipe R\b/, '--recipe recipes/demo.yaml')
      .replace(/\bNEW\b|\bANOTHER-RUN\b/g, 'runs/new')
      .replace(/--run A --run B/, '--run runs/copy --run runs/demo')
      .replace(/prune DIR/, 'prune runs/copy')
      .replace(/\bSHA256\b/, known.sha256)
      .replace(/\bDUMP\b/g, 'runs/demo-dump')
      .replace(/--out (?:OUT|RUN)\b/, () => `--out runs/out-${outs++}`)
      .replace(/\bRUN\b/g, 'runs/demo')
      .replace(/\b9\w{10}\b/, known.imageId);
  }

  const toRun = SHOWN.filter(
    ({ place, text }) => !place.startsWith(TUTORIAL) && !NOT_RUN.some(([pattern]) => pattern.test(text)),
  );
  const once = [...new Map(toRun.map((command) => [command.text, command])).values()];
  it.each(once.map((command) => [command.place, command.text, command] as const))(
    '%s: %s',
    async (_, text, command) => {
      if (text.includes('pipeline serve')) {
        expect(await served(filledIn(text), folder.path)).toMatchObject({ status: 200 });
        return;
      }
      const { code, stdout, stderr } = await folder.shell(filledIn(text));
      const shown = command.output.filter((line) => line.trim() !== '' && !line.startsWith('…')).map(shapeOf);
      if (errorOf(command) === undefined) expect(code, stderr).toBe(0);
      else {
        expect(code).not.toBe(0);
        expect(shapesOf(stderr)).toEqual(expect.arrayContaining(shown));
      }
      if (COMPARED.test(text)) expect(shapesOf(stdout)).toEqual(expect.arrayContaining(shown));
    },
    180_000,
  );
});

/** In order, in one folder: what one command leaves the next one takes. */
it('the tutorial goes through, from fetch on', async () => {
  const folder = await workspace('tutorial');
  const { path } = folder;
  await folder.shell('bin/pipeline synth --out published --listings 150 -q');
  // Drawn dumps have empty photos, of which this server has no range to give.
  await folder.shell('find published -name "*.jpg" -size 0 -delete');
  const server = await fileServer({
    files(name) {
      const file = join(path, 'published', decodeURIComponent(name));
      return existsSync(file) ? readFileSync(file) : undefined;
    },
  });
  try {
    for (const { place, text } of SHOWN.filter((command) => command.place.startsWith(TUTORIAL))) {
      if (/fetch weights|mobilenet\.yaml|^curl/.test(text)) continue;
      if (text.includes('pipeline serve')) {
        expect(await served(text, path), place).toMatchObject({ status: 200 });
        continue;
      }
      const from = text.replace('fetch abo', `fetch abo --from ${server.origin}`);
      const local = from.replace(/--limit \d+/, '--limit 100');
      const { code, stderr } = await folder.shell(ofQuickCache(local));
      expect(code, `${place}: ${text}\n${stderr}`).toBe(0);
    }
    expect(readdirSync(join(path, 'runs/first'))).toContain('report.html');
  } finally {
    await server.close();
    await folder.dispose();
  }
}, 900_000);

/** Starts the server that a command starts, on any port, asks it about a photo, and ends it. */
async function served(text: string, cwd: string): Promise<{ status: number; body: unknown }> {
  const [words] = pipelinesIn(text);
  const args = [join(ROOT, 'bin/pipeline'), ...words!, '--port', '0', '--json', '--backend', 'cpu'];
  const server = spawn(process.execPath, args, { cwd, stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(server, 'exit');
  try {
    const [line] = (await once(createInterface({ input: server.stdout }), 'line')) as [string];
    const { url } = JSON.parse(line) as { url: string };
    const headers = { 'content-type': 'image/jpeg' };
    const body = new Uint8Array(await jpeg(1));
    const response = await fetch(new URL('/v1/predict?top=3', url), { method: 'POST', body, headers });
    return { status: response.status, body: await response.json() };
  } finally {
    server.kill('SIGTERM');
    await ended;
  }
}
