import type {
  FailureAnswer,
  ModelAnswer,
  PhotoAnswer,
  PhotoFailure,
  PredictAnswer,
} from '#src/serve/schemas.js';
import { askToken, token } from './token.js';

/** What went wrong, in the server's words. */
export class AnswerError extends Error {
  constructor(
    message: string,
    readonly code: string,
  ) {
    super(message);
  }
}

/** A photo to ask about: a file, or an address that the server downloads. */
export type Asked = File | { url: string };

const MOST_TRIES = 8;
const UNREADABLE = 'UNREADABLE';

export async function model(): Promise<ModelAnswer> {
  return (await (await ask('/v1/model')).json()) as ModelAnswer;
}

/** What the server says of one photo. @throws {AnswerError} */
export async function predict(
  asked: Asked,
  { similar = 0, explain = false, top = 5 }: { similar?: number; explain?: boolean; top?: number },
  signal?: AbortSignal,
): Promise<PhotoAnswer> {
  const query = `?top=${top}&similar=${similar}&explain=${explain}`;
  const [type, body] =
    asked instanceof File
      ? ['application/octet-stream', asked]
      : ['application/json', JSON.stringify({ url: asked.url })];
  const answer = await ask(`/v1/predict${query}`, {
    method: 'POST',
    headers: { 'content-type': type },
    body,
    ...(signal && { signal }),
  });
  return ((await answer.json()) as PredictAnswer).photos[0] as PhotoAnswer;
}

/** What it says of several, each with its own answer or error. @throws {AnswerError} of all together. */
export async function predictSeveral(
  files: readonly File[],
  signal: AbortSignal,
): Promise<(PhotoAnswer | PhotoFailure)[]> {
  const body = new FormData();
  for (const file of files) body.append('photo', file);
  const answer = await ask('/v1/predict?top=1', { method: 'POST', body, signal });
  return ((await answer.json()) as PredictAnswer).photos;
}

/** A small photo of the catalogue, as an address that an image can have. */
export async function galleryPhoto(path: string): Promise<string> {
  return URL.createObjectURL(await (await ask(path)).blob());
}

/** Asks, with the token where one is wanted; where the server is busy waits as long as it says, and asks again. */
async function ask(path: string, init: RequestInit = {}): Promise<Response> {
  for (let attempt = 1; ; attempt++) {
    const sent = token();
    const headers = new Headers(init.headers);
    if (sent !== null) headers.set('authorization', `Bearer ${sent}`);
    const answer = await fetch(path, { ...init, headers }).catch((error: unknown) => {
      if (error instanceof DOMException && error.name === 'AbortError') throw error;
      throw new AnswerError('The server cannot be reached.', 'UNREACHABLE');
    });
    if (answer.ok) return answer;
    if (answer.status === 401) await askToken(sent);
    else if (answer.status === 503 && attempt < MOST_TRIES) await pause(answer, attempt, init.signal);
    else throw await errorOf(answer);
  }
}

/** As long as the server says, and longer each time, each client by another time. */
function pause(answer: Response, attempt: number, signal: AbortSignal | null | undefined): Promise<void> {
  const seconds = Number(answer.headers.get('retry-after') ?? 1) * attempt * (0.5 + Math.random());
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, 1000 * seconds);
    signal?.addEventListener('abort', () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}

async function errorOf(answer: Response): Promise<AnswerError> {
  const document = (await answer.json().catch(() => undefined)) as FailureAnswer | undefined;
  if (document === undefined) return new AnswerError(`The server answered ${answer.status}.`, UNREADABLE);
  const { message, hint, code } = document.error;
  return new AnswerError(hint === undefined ? message : `${message}. ${hint}`, code);
}
