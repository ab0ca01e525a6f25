import type { ModelAnswer, PhotoAnswer, SimilarPhoto, TaskAnswer } from '#src/serve/schemas.js';
import { AnswerError, type Asked, galleryPhoto, predict } from './api.js';
import { element, percent, plain, say } from './dom.js';
import { drawHeat } from './heat.js';

const SIMILAR = 6;

/** What is said of an answer that is not given: before it, and below it. */
const DOUBTS = {
  accepted: { before: '', below: undefined },
  uncertain: { before: 'perhaps ', below: 'Not sure enough to be relied on.' },
  unknown: { before: 'unknown, perhaps ', below: 'Like no photo that the model learned from.' },
} satisfies Record<TaskAnswer['decision'], { before: string; below: string | undefined }>;

/** A photo on the page: its picture at once, and what the server says of it as soon as it does. */
export interface Card {
  readonly element: HTMLElement;
  /** Asks. @returns what the photo shows, in words; undefined where that could not be told. */
  ask(): Promise<string | undefined>;
}

export function createCard(asked: Asked, about: ModelAnswer): Card {
  const name = asked instanceof File ? asked.name : asked.url;
  const picture = element('div', { className: 'picture' });
  picture.append(asked instanceof File ? preview(asked) : unshown());
  const facts = element('div', { className: 'facts', ariaBusy: 'true' }, waiting());
  const title = element('h2', {}, element('bdi', {}, name === '' ? 'A pasted photo' : name));
  const card = element('article', { className: 'card' }, picture, element('div', {}, title, facts));
  return {
    element: card,
    async ask() {
      try {
        const answer = await predict(asked, { similar: about.gallery === null ? 0 : SIMILAR });
        const why = createWhy(asked, picture);
        const tasks = Object.entries(answer.tasks).map(([task, one]) => taskPart(task, one, why));
        facts.replaceChildren(...tasks, ...similarPart(answer.similar ?? []));
        return wordsOf(answer);
      } catch (error) {
        const message = error instanceof AnswerError ? error.message : String(error);
        facts.replaceChildren(element('p', { className: 'bad' }, message));
        return undefined;
      } finally {
        facts.ariaBusy = 'false';
      }
    },
  };
}

function wordsOf({ tasks }: PhotoAnswer): string {
  return Object.entries(tasks)
    .map(
      ([task, { label, confidence, decision }]) =>
        `${plain(task)} ${DOUBTS[decision].before}${plain(label)}, ${percent(confidence)}`,
    )
    .join('; ');
}

function preview(file: File): HTMLImageElement {
  const image = element('img', { src: URL.createObjectURL(file), alt: '' });
  const done = () => URL.revokeObjectURL(image.src);
  image.addEventListener('load', done);
  image.addEventListener('error', () => {
    done();
    image.replaceWith(unshown());
  });
  return image;
}

/** What a browser cannot show, or may not ask another server for. */
function unshown(): HTMLElement {
  return element('p', { className: 'soft' }, 'No preview');
}

function waiting(): HTMLElement {
  return element('p', { className: 'soft' }, 'Looking …');
}

function taskPart(task: string, answer: TaskAnswer, why: Why): HTMLElement {
  const { label, confidence, decision, path, top } = answer;
  const doubt = DOUBTS[decision].below;
  const above = path.slice(0, -1);
  const others = top.filter((one) => one.label !== label);
  return element(
    'section',
    { className: decision === 'accepted' ? 'task' : 'task doubted' },
    element('h3', {}, plain(task)),
    element(
      'p',
      { className: 'answer' },
      element('strong', {}, element('bdi', {}, plain(label))),
      ' ',
      element('span', { className: 'confidence' }, percent(confidence)),
      ' ',
      why.button(task, label),
    ),
    bar(confidence),
    ...(doubt === undefined ? [] : [element('p', { className: 'doubt' }, doubt)]),
    ...(above.length === 0 ? [] : [pathPart([...above, label])]),
    ...(others.length === 0 ? [] : [othersPart(others)]),
  );
}

function bar(share: number): HTMLElement {
  const made = element('div', { className: 'bar' });
  made.style.setProperty('--share', String(share));
  return made;
}

function pathPart(path: readonly string[]): HTMLElement {
  const steps = path.map((step) => element('li', {}, element('bdi', {}, plain(step))));
  return element('ol', { className: 'path', ariaLabel: 'Place in the category tree' }, ...steps);
}

function othersPart(others: TaskAnswer['top']): HTMLElement {
  const items = others.map(({ label, confidence }) =>
    element(
      'li',
      {},
      element('bdi', {}, plain(label)),
      ' ',
      element('span', {}, percent(confidence)),
      bar(confidence),
    ),
  );
  return element(
    'details',
    {},
    element('summary', {}, 'What else it might be'),
    element('ul', { className: 'others' }, ...items),
  );
}

function similarPart(similar: readonly SimilarPhoto[]): HTMLElement[] {
  if (similar.length === 0) return [];
  const items = similar.map((photo) => {
    const image = element('img', { alt: '', loading: 'lazy' });
    const done = () => URL.revokeObjectURL(image.src);
    image.addEventListener('load', done);
    galleryPhoto(photo.photo).then(
      (address) => {
        image.src = address;
      },
      () => image.remove(),
    );
    const labels = Object.values(photo.labels).map(plain).join(', ');
    return element(
      'li',
      {},
      element(
        'figure',
        {},
        image,
        element(
          'figcaption',
          {},
          element('bdi', {}, labels),
          ' ',
          element('span', {}, photo.similarity.toFixed(2)),
        ),
      ),
    );
  });
  return [
    element(
      'section',
      { className: 'task' },
      element('h3', {}, 'most similar in the catalogue'),
      element('ul', { className: 'similar' }, ...items),
    ),
  ];
}

/** Shows over the picture what spoke for a task's label. */
interface Why {
  button(task: string, label: string): HTMLButtonElement;
}

function createWhy(asked: Asked, picture: HTMLElement): Why {
  const canvas = element('canvas', { className: 'heat', hidden: true });
  canvas.setAttribute('role', 'img');
  picture.append(canvas);
  const buttons: HTMLButtonElement[] = [];
  let answer: Promise<PhotoAnswer> | undefined;
  const show = async (button: HTMLButtonElement, task: string, label: string) => {
    const on = button.ariaPressed !== 'true';
    for (const other of buttons) other.ariaPressed = String(on && other === button);
    canvas.hidden = true;
    if (!on) return;
    button.ariaBusy = 'true';
    try {
      answer ??= predict(asked, { explain: true });
      const explanation = (await answer).tasks[task]?.explanation;
      if (explanation === undefined || button.ariaPressed !== 'true') return;
      drawHeat(canvas, explanation);
      for (const [side, share] of Object.entries(explanation.area))
        canvas.style.setProperty(`--${side}`, String(share));
      canvas.ariaLabel = `Where the photo speaks for ${plain(label)}`;
      canvas.hidden = false;
      say(`The photo shows where it speaks for ${plain(label)}.`);
    } catch (error) {
      answer = undefined;
      button.ariaPressed = 'false';
      say(error instanceof Error ? error.message : String(error));
    } finally {
      button.ariaBusy = 'false';
    }
  };
  return {
    button(task, label) {
      const button = element('button', { type: 'button', className: 'why', ariaPressed: 'false' }, 'Why?');
      button.ariaLabel = `Why ${plain(label)}?`;
      button.addEventListener('click', () => void show(button, task, label));
      buttons.push(button);
      return button;
    },
  };
}
