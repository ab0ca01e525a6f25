/** One tag of a page as a browser would read it. */
export interface Tag {
  name: string;
  closes: boolean;
  attributes: ReadonlyMap<string, string>;
}

const TAG = /<(\/?)([a-zA-Z][\w-]*)((?:\s+[\w:-]+(?:="[^"<>]*")?)*)\s*(\/?)>/y;
const ATTRIBUTE = /([\w:-]+)(?:="([^"]*)")?/g;
const VOID = new Set(['meta', 'img', 'link', 'br', 'hr', 'input']);
/** Their content is text up to their end tag. */
const RAW = new Set(['style', 'script']);

/**
 * Reads a page far more strictly than a browser: each `<` must begin a well-formed tag, each `&` an entity, and each
 * element must be closed in its place. Text that got out of its element or attribute makes this fail.
 * @throws {Error} with the place that is wrong.
 */
export function readMarkup(page: string): Tag[] {
  const tags: Tag[] = [];
  const open: string[] = [];
  let at = page.startsWith('<!doctype html>') ? '<!doctype html>'.length : 0;
  while (at < page.length) {
    const next = page.indexOf('<', at);
    expectEntities(page.slice(at, next === -1 ? undefined : next));
    if (next === -1) break;
    TAG.lastIndex = next;
    const found = TAG.exec(page);
    if (found === null) throw new Error(`Not a tag: ${page.slice(next, next + 120)}`);
    const [whole, slash, tag, text, selfClosing] = found as unknown as [
      string,
      string,
      string,
      string,
      string,
    ];
    const attributes = new Map<string, string>();
    for (const [, key, value = ''] of text.matchAll(ATTRIBUTE)) {
      if (attributes.has(key!)) throw new Error(`Attribute ${key} twice in ${whole.slice(0, 120)}`);
      expectEntities(value);
      attributes.set(key!, value);
    }
    tags.push({ name: tag, closes: slash === '/', attributes });
    at = next + whole.length;
    if (slash === '/') {
      const expected = open.pop();
      if (expected !== tag) throw new Error(`Expected </${expected}> but received ${whole} at ${next}`);
    } else if (RAW.has(tag)) {
      at = page.indexOf(`</${tag}`, at);
      open.push(tag);
    } else if (selfClosing === '' && !VOID.has(tag)) open.push(tag);
  }
  if (open.length > 0) throw new Error(`Never closed: ${open.join(', ')}`);
  return tags;
}

function expectEntities(text: string): void {
  const wrong = /&(?!(?:amp|lt|gt|quot|#39|#x27);).{0,20}/s.exec(text);
  if (wrong !== null) throw new Error(`Not an entity: ${wrong[0]}`);
}

/** The markup of the section with this id, its parts included. */
export function sectionOf(page: string, id: string): string {
  const start = page.indexOf(`<section id="${id}"`);
  if (start === -1) throw new Error(`Expected a section ${id}`);
  let depth = 0;
  for (const { 0: tag, index } of page.slice(start).matchAll(/<\/?section/g)) {
    depth += tag === '<section' ? 1 : -1;
    if (depth === 0) return page.slice(start, start + index);
  }
  throw new Error(`Expected an end of section ${id}`);
}

/** The cells' text of the table with this caption, by rows of its body. */
export function tableOf(markup: string, caption: string): string[][] {
  const start = markup.indexOf(`<caption>${caption}</caption>`);
  if (start === -1) throw new Error(`Expected a table ${caption}`);
  const body = markup.slice(markup.indexOf('<tbody>', start), markup.indexOf('</tbody>', start));
  return [...body.matchAll(/<tr>(.*?)<\/tr>/gs)].map(([, row]) =>
    [...row!.matchAll(/<t[hd][^>]*>(.*?)<\/t[hd]>/gs)].map(([, cell]) => textOf(cell!)),
  );
}

/** What is read of some markup, without styles, scripts and charts. */
export function textOf(markup: string): string {
  const characters: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" };
  return markup
    .replace(/<(style|script|svg)[\s\S]*?<\/\1>/g, '')
    .replace(/<[^>]*>/g, '')
    .replace(/&(amp|lt|gt|quot|#39);/g, (_, entity: string) => characters[entity]!)
    .replaceAll('\u00a0', ' ');
}
