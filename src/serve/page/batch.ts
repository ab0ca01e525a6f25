import type { ModelAnswer, PhotoAnswer, PhotoFailure } from '#src/serve/schemas.js';
import { AnswerError, predictSeveral } from './api.js';
import { csv } from './csv.js';
import { byId, element, percent, plain, say } from './dom.js';
import { pathOf } from './dropped.js';

const AT_ONCE = 3;
const A_REQUEST = 8;
/** Rows on the page; the CSV has all. */
const SHOWN = 500;
/** How often the progress is said to screen readers, as a share. */
const SAID_EVERY = 0.1;
/** By name: a folder has other files, and browsers know the type of none of some formats. */
const PHOTO = /\.(jpe?g|png|webp|gif|avif|tiff?)$/i;

const section = byId('batch', HTMLElement);
const title = byId('batch-title', HTMLHeadingElement);
const progress = byId('progress', HTMLProgressElement);
const stop = byId('stop', HTMLButtonElement);
const download = byId('download', HTMLButtonElement);
const columns = byId('columns', HTMLTableRowElement);
const rows = byId('rows', HTMLTableSectionElement);
const more = byId('more', HTMLParagraphElement);

// A keyboard scrolls what it can reach.
byId('table', HTMLElement).tabIndex = 0;

let controller: AbortController | undefined;
let results: Result[] = [];
let tasks: string[] = [];

interface Result {
  name: string;
  answer: PhotoAnswer | PhotoFailure;
}

stop.addEventListener('click', () => controller?.abort());
download.addEventListener('click', save);

/** Whether a file of a folder is a photo. */
export function isPhoto({ name, type }: File): boolean {
  return type.startsWith('image/') || PHOTO.test(name);
}

/** Looks at many photos, a few requests at a time; what was looked at before is gone. */
export async function lookAtAll(files: readonly File[], about: ModelAnswer): Promise<void> {
  controller?.abort();
  const own = new AbortController();
  controller = own;
  results = [];
  tasks = about.tasks.map(({ name }) => name);
  begin(files.length);
  const groups = groupsOf(files, about.limits);
  const worker = async () => {
    for (let group = groups.shift(); group !== undefined && !own.signal.aborted; group = groups.shift()) {
      const answers = await answersTo(group, own.signal);
      if (own.signal.aborted) return;
      group.forEach((file, place) => void add({ name: pathOf(file), answer: answers[place]! }));
      tell(files.length);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  if (controller === own) end(files.length, own.signal.aborted);
}

/** Of one request: few enough photos, and no more bytes than the server takes (a form has some of its own). */
function groupsOf(files: readonly File[], { photos, bodyBytes }: ModelAnswer['limits']): File[][] {
  const groups: File[][] = [];
  let bytes = 0;
  for (const file of files) {
    const last = groups.at(-1);
    const own = file.size + 1024;
    if (last !== undefined && last.length < Math.min(photos, A_REQUEST) && bytes + own < bodyBytes) {
      last.push(file);
      bytes += own;
    } else {
      groups.push([file]);
      bytes = own;
    }
  }
  return groups;
}

/** A request that fails as a whole fails for each of its photos. */
async function answersTo(
  files: readonly File[],
  signal: AbortSignal,
): Promise<(PhotoAnswer | PhotoFailure)[]> {
  try {
    return await predictSeveral(files, signal);
  } catch (error) {
    const { code, message } =
      error instanceof AnswerError ? error : { code: 'ABORTED', message: String(error) };
    return files.map(() => ({ error: { code, message } }));
  }
}

function begin(count: number): void {
  section.hidden = false;
  title.textContent = `${count} photos`;
  progress.max = count;
  progress.value = 0;
  stop.disabled = false;
  download.disabled = true;
  more.hidden = true;
  rows.replaceChildren();
  columns.replaceChildren(
    ...['file', ...tasks.map(plain)].map((name) => element('th', { scope: 'col' }, name)),
  );
  say(`Looking at ${count} photos …`);
}

function add(result: Result): void {
  results.push(result);
  progress.value = results.length;
  if (results.length <= SHOWN) {
    rows.append(row(result));
    return;
  }
  more.hidden = false;
  more.textContent = `The first ${SHOWN} are shown; the CSV has all.`;
}

function row({ name, answer }: Result): HTMLTableRowElement {
  const head = element('th', { scope: 'row' }, element('bdi', {}, name));
  if ('error' in answer) {
    const wrong = element(
      'td',
      { className: 'bad', colSpan: Math.max(1, tasks.length) },
      answer.error.message,
    );
    return element('tr', {}, head, wrong);
  }
  const cells = tasks.map((task) => {
    const { label, confidence, decision } = answer.tasks[task]!;
    return element(
      'td',
      decision === 'accepted' ? {} : { className: 'doubted' },
      element('bdi', {}, plain(label)),
      ' ',
      element('span', { className: 'confidence' }, percent(confidence)),
      ...(decision === 'accepted' ? [] : [' ', element('em', {}, decision)]),
    );
  });
  return element('tr', {}, head, ...cells);
}

function tell(count: number): void {
  const step = Math.max(1, Math.floor(count * SAID_EVERY));
  if (results.length % step < A_REQUEST) say(`${results.length} of ${count} photos`);
}

function end(count: number, stopped: boolean): void {
  stop.disabled = true;
  download.disabled = results.length === 0;
  const bad = results.filter(({ answer }) => 'error' in answer).length;
  const failed = bad === 0 ? '' : `; ${bad} could not be read`;
  say(`${stopped ? 'Stopped' : 'Done'}: ${results.length} of ${count} photos${failed}.`);
}

function save(): void {
  const header = [
    'file',
    ...tasks.flatMap((task) => [task, `${task}_confidence`, `${task}_decision`]),
    'error',
  ];
  const lines = [...results].sort((a, b) => (a.name < b.name ? -1 : 1)).map(line);
  const file = new Blob([csv([header, ...lines])], { type: 'text/csv' });
  const link = element('a', { href: URL.createObjectURL(file), download: 'predictions.csv' });
  link.click();
  URL.revokeObjectURL(link.href);
}

function line({ name, answer }: Result): (string | number)[] {
  if ('error' in answer) return [name, ...tasks.flatMap(() => ['', '', '']), answer.error.code];
  const values = tasks.flatMap((task) => {
    const { label, confidence, decision } = answer.tasks[task]!;
    return [label, Number(confidence.toFixed(4)), decision];
  });
  return [name, ...values, ''];
}
