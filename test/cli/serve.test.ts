import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PipelineError } from '#src/errors.js';
import { openPredictor, type PhotoPrediction } from '#src/predict/predictor.js';
import { type PhotoAnswer, predictAnswerSchema } from '#src/serve/schemas.js';
import { type GalleryEntry, writeGallery } from '#src/similar/write.js';
import { iterate } from '#src/streams.js';
import { jpeg, pipeline, temporaryFolder } from '../fixtures.js';
import { savedModel } from '../models/export/models.js';
import { cpu } from '../models/tf.js';

const { signal } = new AbortController();
const JPEG = { 'content-type': 'image/jpeg' };
const PHOTOS = 20;

let folder: { path: string; dispose(): Promise<void> };
let model: string;
let photos: Uint8Array<ArrayBuffer>[];

/** A network of two tasks whose weights nobody trained, and a gallery of the photos that it is asked about. */
beforeAll(async () => {
  folder = await temporaryFolder('serve');
  model = await savedModel(await cpu(), folder.path, 'small-cnn', 'trunk');
  photos = await Promise.all(
    Array.from({ length: PHOTOS }, async (_, seed) => new Uint8Array(await jpeg(seed))),
  );
  const entries = (await predictions(photos)).map(({ sha256, tasks }, index): GalleryEntry => {
    const imageId = `image${index}`;
    const photo = { imageId, path: `${index}.jpg`, sha256, component: imageId, split: 'train' as const };
    const { embedding, className } = tasks.get('color')!;
    return {
      photo: { ...photo, labels: { color: className } },
      embedding,
      thumbnail: Buffer.from(photos[index]!),
    };
  });
  await writeGallery(
    join(model, 'gallery'),
    { model: 'brand+color', tasks: ['brand', 'color'], photos: PHOTOS },
    iterate(entries),
  );
}, 180_000);
afterAll(() => folder.dispose());

async function predictions(some: readonly Uint8Array[]): Promise<PhotoPrediction[]> {
  const predictor = await openPredictor({ model, backend: 'wasm', threads: 1, signal });
  const all = await predictor.predict(some, { signal }).finally(() => predictor.close());
  return all.map((one) => {
    if (one instanceof PipelineError) throw one;
    return one;
  });
}

/** Starts the server as users do, and waits until it listens. */
async function serving(args: readonly string[] = [], env: Record<string, string> = {}) {
  const own = ['--model', model, '--backend', 'wasm', '--workers', '1', '--port', '0', '--json'];
  const ended = pipeline(['serve', ...own, ...args], { env });
  const lines = createInterface({ input: ended.child.stdout });
  const [line] = (await Promise.race([once(lines, 'line'), ended.then(({ stderr }) => [stderr])])) as [
    string,
  ];
  const said = JSON.parse(line) as { url: string; tasks: string[]; gallery: number };
  const post = (body: Uint8Array<ArrayBuffer>, query = '', headers: Record<string, string> = {}) =>
    fetch(`${said.url}/v1/predict${query}`, { method: 'POST', headers: { ...JPEG, ...headers }, body });
  return { ...said, post, ended, child: ended.child };
}

const statuses = async (asked: Promise<Response>[]) =>
  Promise.all(
    asked.map(async (one) => {
      const response = await one;
      await response.arrayBuffer();
      return response.status;
    }),
  );

describe('pipeline serve', { timeout: 180_000 }, () => {
  it('says of photos what the predictor says, answers 200 at once, and answers what it was asked before it ends', async () => {
    const { url, tasks, gallery, post, ended, child } = await serving();
    expect({ tasks, gallery }).toEqual({ tasks: ['brand', 'color'], gallery: PHOTOS });

    const [bytes] = photos as [Uint8Array<ArrayBuffer>];
    const said = predictAnswerSchema.parse(await (await post(bytes, '?top=2&similar=2&explain=true')).json());
    const [answer] = said.photos as [PhotoAnswer];
    const [predicted] = await predictions([bytes]);
    for (const [task, { className, probability }] of predicted!.tasks) {
      expect(answer.tasks[task]!.label).toBe(className);
      expect(answer.tasks[task]!.confidence).toBeCloseTo(probability, 5);
      expect(answer.tasks[task]!.top).toHaveLength(2);
      const { heat, area, width, height } = answer.tasks[task]!.explanation!;
      expect(heat).toHaveLength(width * height);
      expect(area).toEqual({ left: 0, top: 0, width: 1, height: 1 });
    }
    expect(answer.tasks['color']!.path).toHaveLength(2);
    expect(answer.similar).toHaveLength(2);
    // The photo itself is no news.
    expect(answer.similar!.map(({ id }) => id)).not.toContain('image0');
    const thumbnail = await fetch(url + answer.similar![0]!.photo);
    expect(thumbnail.headers.get('content-type')).toBe('image/jpeg');
    const start = new Uint8Array(await thumbnail.arrayBuffer()).subarray(0, 3);
    expect([...start]).toEqual([0xff, 0xd8, 0xff]);

    const asked = Array.from({ length: 200 }, (_, index) => post(photos[index % PHOTOS]!));
    expect(await statuses(asked)).toEqual(Array(200).fill(200));

    // A request that is under way when the signal comes is answered; who comes later finds nobody.
    const half = request(`${url}/v1/predict`, {
      method: 'POST',
      headers: { ...JPEG, 'content-length': bytes.length },
    });
    half.write(bytes.subarray(0, 100));
    const held = async () => /^pipeline_photos_held 1$/m.test(await (await fetch(`${url}/metrics`)).text());
    while (!(await held()));
    child.kill('SIGTERM');
    while ((await fetch(`${url}/healthz`).catch(() => undefined)) !== undefined);
    const answered = once(half, 'response');
    half.end(bytes.subarray(100));
    const [response] = (await answered) as [IncomingMessage];
    response.resume();
    expect([response.statusCode, response.headers.connection]).toEqual([200, 'close']);
    const { code, stderr } = await ended;
    expect(code).toBe(0);
    const lines = stderr.trim().split('\n');
    expect(lines).toContain('Stopping: what is under way is answered.');
    // Nothing is known of this model: no label of it is accepted.
    expect(lines[0]).toMatch(/^brand: its model was not evaluated .* no value is given/);
    expect(new Set(Object.values(answer.tasks).map(({ decision }) => decision))).toEqual(
      new Set(['uncertain']),
    );
    expect(JSON.parse(lines.find((line) => line.startsWith('{'))!)).toMatchObject({
      method: 'POST',
      path: '/v1/predict',
      status: 200,
    });
  });

  it('turns away what is too much, and goes on; Ctrl-C ends it with 130', async () => {
    const token = { ABO_SERVE_TOKEN: 'secret' };
    const { url, post, ended, child } = await serving(['--queue', '3', '-q'], token);
    const [bytes] = photos as [Uint8Array<ArrayBuffer>];
    expect((await post(bytes)).status).toBe(401);
    const headers = { authorization: 'Bearer secret' };
    const asked = await statuses(Array.from({ length: 60 }, () => post(bytes, '', headers)));
    expect(new Set(asked)).toEqual(new Set([200, 503]));
    expect((await post(bytes, '', headers)).status).toBe(200);
    const metrics = await (await fetch(`${url}/metrics`, { headers })).text();
    expect(metrics).toContain('route="/v1/predict",status="503"');
    child.kill('SIGINT');
    expect(await ended).toMatchObject({ code: 130, stderr: '' });
  });

  it('says what is wrong before it serves', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const taken = await pipeline(['serve', '--model', model, '--backend', 'wasm', '--port', String(port)]);
    other.close();
    expect(taken.code).toBe(1);
    expect(taken.stderr).toContain(`ADDRESS_UNAVAILABLE: Expected 127.0.0.1, port ${port}, to be free`);
    const none = await pipeline(['serve', '--model', join(folder.path, 'nowhere')]);
    expect([none.code, none.stderr]).toEqual([1, expect.stringContaining('NOT_FOUND: Expected a model')]);
    expect((await pipeline(['serve', '--model', model, '--port', '70000'])).code).toBe(2);
  });
});
