import type { ModelAnswer } from '#src/serve/schemas.js';
import { type Asked, model } from './api.js';
import { isPhoto, lookAtAll } from './batch.js';
import { createCard } from './card.js';
import { byId, plain, say } from './dom.js';
import { droppedFiles } from './dropped.js';

/** More photos than these become rows of a table. */
const MOST_CARDS = 24;
const AT_ONCE = 4;

const drop = byId('drop', HTMLElement);
const results = byId('results', HTMLElement);
const form = byId('address', HTMLFormElement);
const url = byId('url', HTMLInputElement);

const about = await model().catch((error: unknown) => {
  byId('about', HTMLParagraphElement).textContent = error instanceof Error ? error.message : String(error);
  throw error;
});
introduce(about);
for (const way of ['choose', 'camera', 'folder']) offerFiles(way);
offerDrop();
addEventListener('paste', (event) => look([...(event.clipboardData?.files ?? [])].filter(isPhoto)));
form.addEventListener('submit', (event) => {
  event.preventDefault();
  look([{ url: url.value }]);
  form.reset();
});

function introduce({ tasks, gallery, limits }: ModelAnswer): void {
  const known = tasks.map(({ name, classes }) => `${plain(name)} (${classes.length} classes)`).join(', ');
  byId('about', HTMLParagraphElement).textContent = `This server tells ${known}.`;
  form.hidden = !limits.urls;
  const attribution = byId('attribution', HTMLParagraphElement);
  attribution.hidden = typeof gallery?.attribution !== 'string';
  attribution.textContent = gallery?.attribution ?? '';
}

/** A button that opens the system's dialog of files. */
function offerFiles(way: string): void {
  const input = byId(`${way}-input`, HTMLInputElement);
  byId(way, HTMLButtonElement).addEventListener('click', () => input.click());
  input.addEventListener('change', () => {
    const files = [...(input.files ?? [])];
    // The same files may be chosen again.
    input.value = '';
    if (way === 'folder') void lookAtFolder(files);
    else look(files);
  });
}

function offerDrop(): void {
  const mark = (over: boolean) => drop.classList.toggle('over', over);
  addEventListener('dragover', (event) => {
    event.preventDefault();
    mark(true);
  });
  addEventListener('dragleave', (event) => {
    if (event.relatedTarget === null) mark(false);
  });
  addEventListener('drop', (event) => {
    event.preventDefault();
    mark(false);
    if (event.dataTransfer !== null) void lookAtDropped(event.dataTransfer);
  });
}

async function lookAtDropped(transfer: DataTransfer): Promise<void> {
  const { files, folders } = await droppedFiles(transfer);
  if (folders) await lookAtFolder(files);
  else if (files.some(isPhoto)) look(files.filter(isPhoto));
  else say('That is no photo.');
}

async function lookAtFolder(files: readonly File[]): Promise<void> {
  const photos = files.filter(isPhoto);
  if (photos.length === 0) say('That folder has no photos.');
  else await lookAtAll(photos, about);
}

function look(asked: readonly Asked[]): void {
  if (asked.length > MOST_CARDS) {
    void lookAtAll(
      asked.filter((one) => one instanceof File),
      about,
    );
    return;
  }
  if (asked.length === 0) return;
  const cards = asked.map((one) => createCard(one, about));
  results.prepend(...cards.map((card) => card.element));
  say(asked.length === 1 ? 'Looking …' : `Looking at ${asked.length} photos …`);
  void answerAll(cards);
}

async function answerAll(cards: ReturnType<typeof createCard>[]): Promise<void> {
  const waiting = [...cards];
  const words: (string | undefined)[] = [];
  const worker = async () => {
    for (let card = waiting.shift(); card !== undefined; card = waiting.shift()) words.push(await card.ask());
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  const told = words.filter((one) => one !== undefined);
  if (cards.length === 1) say(told[0] ?? 'That photo could not be looked at.');
  else say(`${told.length} of ${cards.length} photos looked at.`);
}
