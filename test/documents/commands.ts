import { readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** A command that a document shows. */
export interface ShownCommand {
  /** Such as `docs/tutorial.md:12`. */
  place: string;
  text: string;
  /** What the document says that it prints; empty where it does not say. */
  output: readonly string[];
}

/** Programs that a line of a block begins with, where it is a command. */
const PROGRAM =
  /^(?:\w+=\S* )*(bin\/pipeline|pipeline|npm|npx|node|zcat|jq|duckdb|python3?|cc|mkdir|docker|podman|buildah|git|eval|taskset|tensorboard|curl|\.venv|LD_LIBRARY_PATH|L)\b/;

/** The documents whose commands are run, relative to the repository. */
export async function documents(): Promise<string[]> {
  const docs = (await readdir(join(ROOT, 'docs'))).filter((name) => name.endsWith('.md')).sort();
  return ['README.md', 'CONTRIBUTING.md', 'bench/README.md', ...docs.map((name) => `docs/${name}`)];
}

/** The commands in a document's blocks: indented ones, and fenced ones of a shell. */
export function commandsIn(document: string): ShownCommand[] {
  return blocksOf(readFileSync(join(ROOT, document), 'utf8')).flatMap(({ lines, from }) =>
    commandsOf(lines, (index) => `${document}:${from + index}`),
  );
}

function blocksOf(text: string): { lines: string[]; from: number }[] {
  const blocks: { lines: string[]; from: number }[] = [];
  let fence: string | undefined;
  let open: string[] | undefined;
  for (const [index, line] of text.split('\n').entries()) {
    const fenced = /^```(\w*)/.exec(line);
    if (fenced) fence = fence === undefined ? fenced[1]! : undefined;
    const shell = fence === undefined ? !fenced && /^ {4}/.test(line) : !fenced && /^(sh|bash)$/.test(fence);
    if (!shell) {
      open = undefined;
      continue;
    }
    if (open === undefined) {
      open = [];
      blocks.push({ lines: open, from: index + 1 });
    }
    open.push(fence === undefined ? line.slice(4) : line);
  }
  return blocks;
}

/** A block with prompts has output between its commands; in one without, each line that begins with a program is one. */
function commandsOf(lines: readonly string[], place: (index: number) => string): ShownCommand[] {
  const prompted = lines.some((line) => line.startsWith('$ '));
  const commands: { place: string; text: string; output: string[] }[] = [];
  for (const [index, line] of lines.entries()) {
    const last = commands.at(-1);
    const text = prompted ? /^\$ (.*)/.exec(line)?.[1] : PROGRAM.test(line) ? line : undefined;
    if (last !== undefined && last.output.length === 0 && isOpen(last.text)) last.text += `\n${line}`;
    else if (text !== undefined) commands.push({ place: place(index), text, output: [] });
    else last?.output.push(line);
  }
  return commands.map((command) => ({ ...command, text: withoutComment(command.text) }));
}

/** Whether a command goes on in the next line. */
function isOpen(text: string): boolean {
  return /[|\\]$/.test(text) || (text.match(/(?<!\\)"/g) ?? []).length % 2 === 1;
}

function withoutComment(text: string): string {
  return text.replace(/\s+#\s.*$/gm, '').trim();
}

/** The pipeline commands inside a command line, as words: of a pipe each, and what stands in `$(…)`. */
export function pipelinesIn(text: string): string[][] {
  const inner = [...text.matchAll(/\$\(([^()]*)\)/g)].flatMap(([, command]) => pipelinesIn(command!));
  const outer = text.replace(/\$\([^()]*\)/g, 'VALUE');
  const parts = (outer.match(/(?:'[^']*'|"[^"]*"|[^|&;'"])+/g) ?? []).map((part) => wordsOf(part));
  const own = parts.flatMap((words) => {
    const at = words.findIndex((word) => word === 'bin/pipeline' || word === 'pipeline');
    // Before it only variables: else it is a word of another command.
    return at < 0 || words.slice(0, at).some((word) => !/^\w+=/.test(word)) ? [] : [words.slice(at + 1)];
  });
  return [...own, ...inner];
}

/** As a shell cuts them, without what goes to and comes from files, and without "and so on". */
function wordsOf(line: string): string[] {
  const words = [...line.matchAll(/(?:'[^']*'|"[^"]*"|\S)+/g)].map(([word]) => word.replace(/['"]/g, ''));
  const redirected = words.findIndex((word) => /^[<>]/.test(word));
  return (redirected < 0 ? words : words.slice(0, redirected)).filter((word) => word !== '…');
}

/** The pipeline commands that a document names in its prose, as words. */
export function namedIn(document: string): { place: string; words: string[] }[] {
  return readFileSync(join(ROOT, document), 'utf8')
    .split('\n')
    .flatMap((line, index) =>
      [...line.matchAll(/`((?:bin\/)?pipeline [^`]+)`/g)].flatMap(([, text]) =>
        pipelinesIn(text!).map((words) => ({ place: `${document}:${index + 1}`, words })),
      ),
    );
}
