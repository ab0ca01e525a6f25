import { describe, expect, it } from 'vitest';
import { predictAnswerSchema } from '#src/serve/schemas.js';
import { DAMAGED, form, LIMITS, photo, testedApp } from './served.js';

const codeOf = async (response: Response) =>
  ((await response.json()) as { error: { code: string } }).error.code;
/** What it comes to: status and, of a failure, its code. */
async function outcome(asked: Response | Promise<Response>) {
  const response = await asked;
  return response.ok ? response.status : `${response.status} ${await codeOf(response)}`;
}
const metric = async ({ app }: ReturnType<typeof testedApp>, name: string) => {
  const text = await (await app.request('http://localhost/metrics')).text();
  return text
    .split('\n')
    .find((line) => line.startsWith(name))
    ?.slice(name.length + 1);
};

describe('POST /v1/predict', () => {
  it('says what a photo shows: label, confidence, place in the tree, the likeliest classes', async () => {
    const { post } = testedApp();
    const response = await post(photo(2), { query: '?top=2' });
    expect(response.status).toBe(200);
    expect(predictAnswerSchema.parse(await response.json())).toEqual({
      photos: [
        {
          sha256: 'ab'.repeat(32),
          width: 30,
          height: 20,
          tasks: {
            product_type: {
              label: 'SOFA <b>',
              confidence: 0.8,
              decision: 'accepted',
              path: ['FURNITURE', 'SOFA <b>'],
              top: [
                { label: 'SOFA <b>', confidence: 0.8 },
                { label: 'CHAIR', confidence: 0.1 },
              ],
            },
          },
        },
      ],
    });
  });

  it('says of a label that is not sure, or of a photo like none that was learned from, that it is so', async () => {
    const played = testedApp({ decision: 'unknown', likeness: 0.25 });
    const { photos } = predictAnswerSchema.parse(await (await played.post(photo(1))).json());
    expect(photos).toMatchObject([
      { tasks: { product_type: { label: 'LAMP', decision: 'unknown', likeness: 0.25 } } },
    ]);
    const name = 'pipeline_decisions_total{task="product_type",decision="unknown"}';
    expect(await metric(played, name)).toBe('1');
  });

  it('says what speaks for a label, and which part of the photo that lies over', async () => {
    const { post } = testedApp();
    const { photos } = predictAnswerSchema.parse(
      await (await post(photo(1), { query: '?explain=true' })).json(),
    );
    // The model's 30 × 30 pixels have 20 rows of the photo, and 5 of border on either side.
    expect(photos).toMatchObject([
      {
        tasks: {
          product_type: {
            explanation: {
              height: 2,
              width: 2,
              heat: [0, 0, 0, 1],
              area: { left: 0, top: -0.25, width: 1, height: 1.5 },
            },
          },
        },
      },
    ]);
  });

  it('answers for each photo of a form, in order, and says of those that are damaged why', async () => {
    const { post } = testedApp();
    const response = await post(form(photo(0), DAMAGED, photo(1)));
    expect(response.status).toBe(200);
    const { photos } = predictAnswerSchema.parse(await response.json());
    expect(
      photos.map((one) => [one.name, 'error' in one ? one.error.code : one.tasks['product_type']!.label]),
    ).toEqual([
      ['0.jpg', 'CHAIR'],
      ['1.jpg', 'IMAGE_DAMAGED'],
      ['2.jpg', 'LAMP'],
    ]);
    // A form of one photo is as that photo.
    expect(await outcome(post(form(DAMAGED)))).toBe('422 IMAGE_DAMAGED');
    expect(await outcome(post(DAMAGED))).toBe('422 IMAGE_DAMAGED');
  });

  it.each([
    ['text', 'text/plain', 'hello'],
    ['nothing', '', 'hello'],
    // What curl calls the bytes of --data-binary.
    ['a form in the address', 'application/x-www-form-urlencoded', 'hello'],
  ])('takes no other type: %s', async (_, type, body) => {
    const { post } = testedApp();
    const send = () => post(body, { headers: { 'content-type': type } });
    expect(await outcome(send())).toBe('415 MEDIA_TYPE_UNSUPPORTED');
    const { error } = (await (await send()).json()) as { error: { hint: string } };
    expect(error.hint).toContain("-H 'content-type: image/jpeg'");
  });

  it('takes no more bytes than it may, announced or not, and no more photos', async () => {
    const { post } = testedApp();
    expect(await outcome(post(photo(1, 1000)))).toBe(200);
    expect(await outcome(post(photo(1, 1001)))).toBe('413 REQUEST_TOO_LARGE');
    const announced = { 'content-type': 'image/png', 'content-length': '5000' };
    expect(await outcome(post(photo(1), { headers: announced }))).toBe('413 REQUEST_TOO_LARGE');
    const chunks = new ReadableStream({
      pull(controller) {
        controller.enqueue(photo(1, 400));
      },
    });
    const streamed = { headers: { 'content-type': 'image/png' }, duplex: 'half' } as RequestInit;
    expect(await outcome(post(chunks, streamed))).toBe('413 REQUEST_TOO_LARGE');
    expect(await outcome(post(form(...Array(5).fill(photo(1, 1)))))).toBe('413 REQUEST_TOO_LARGE');
  });

  it.each([
    ['?top=0', 'top: Expected at least 1'],
    ['?top=many', 'top: Expected number'],
    ['?similar=25', 'similar: Expected at most 24'],
    ['?explain=yes', 'explain: Expected one of "true", "false"'],
    ['?topp=3', 'did you mean "top"?'],
  ])('refuses a query that it does not understand: %s', async (query, message) => {
    const { post } = testedApp();
    const response = await post(photo(1), { query });
    expect(response.status).toBe(400);
    expect(((await response.json()) as { error: { message: string } }).error.message).toContain(message);
  });

  it('refuses forms that are none, or have no files', async () => {
    const { post } = testedApp();
    const broken = { headers: { 'content-type': 'multipart/form-data; boundary=x' } };
    expect(await outcome(post('--x\r\nbroken', broken))).toBe('400 REQUEST_INVALID');
    const words = new FormData();
    words.append('photo', 'words');
    expect(await outcome(post(words))).toBe('400 REQUEST_INVALID');
    // Many parts are counted before they are parsed, whatever they are.
    const parts = new FormData();
    for (let part = 0; part < 40; part++) parts.append('words', '');
    const many = testedApp({ limits: { ...LIMITS, bodyBytes: 100_000 } });
    expect(await outcome(many.post(parts))).toBe('413 REQUEST_TOO_LARGE');
    parts.delete('words');
    for (let part = 0; part < 20; part++) parts.append('words', '');
    parts.append('photo', new Blob([photo(1)]), '1.jpg');
    expect(await outcome(many.post(parts))).toBe(200);
  });

  it('downloads nothing unless it is allowed to, and then nothing of private addresses', async () => {
    const json = { headers: { 'content-type': 'application/json' } };
    const ask = (url: string, allowUrls: boolean) =>
      testedApp({ allowUrls }).post(JSON.stringify({ url }), json);
    expect(await outcome(ask('http://127.0.0.1:9/a.jpg', false))).toBe('403 REQUEST_REFUSED');
    expect(await outcome(ask('http://127.0.0.1:9/a.jpg', true))).toBe('403 REQUEST_REFUSED');
    expect(await outcome(ask('file:///etc/passwd', true))).toBe('400 REQUEST_INVALID');
    expect(await outcome(testedApp({ allowUrls: true }).post('{', json))).toBe('400 REQUEST_INVALID');
  });

  it('computes photos of several requests together', async () => {
    const { post, batches } = testedApp({ batch: { size: 4, waitMs: 50, atOnce: 1 } });
    const all = await Promise.all(Array.from({ length: 8 }, () => outcome(post())));
    expect(all).toEqual(Array(8).fill(200));
    expect(batches).toEqual([4, 4]);
  });

  it('turns away whoever comes when it is full, and takes more once there is room', async () => {
    const tested = testedApp({ gated: true });
    const waiting = Array.from({ length: 8 }, () => tested.post());
    const response = await tested.post();
    expect(response.headers.get('retry-after')).toBe('1');
    expect(await outcome(response)).toBe('503 OVERLOADED');
    expect(await metric(tested, 'pipeline_photos_held')).toBe('8');
    tested.release();
    expect(await Promise.all(waiting.map(outcome))).toEqual(Array(8).fill(200));
    expect(await outcome(tested.post())).toBe(200);
    expect(await metric(tested, 'pipeline_photos_held')).toBe('0');
    expect(await metric(tested, 'pipeline_bytes_held')).toBe('0');
  });

  it('counts every photo of a form, and bytes, before it holds them', async () => {
    const tested = testedApp({ gated: true });
    const limits = { bodyBytes: 4000, photos: 9, timeoutMs: 60_000, heldPhotos: 8, heldBytes: 4000 };
    const other = testedApp({ limits });
    expect(await outcome(other.post(form(...Array(9).fill(photo(1, 1)))))).toBe('503 OVERLOADED');
    const waiting = Array.from({ length: 4 }, () => tested.post(photo(1, 1000)));
    expect(await outcome(tested.post())).toBe('503 OVERLOADED');
    tested.release();
    expect(await Promise.all(waiting.map(outcome))).toEqual(Array(4).fill(200));
  });

  it('gives up what takes too long, and what nobody waits for any more', async () => {
    const limits = { bodyBytes: 1000, photos: 4, timeoutMs: 30, heldPhotos: 8, heldBytes: 4000 };
    const late = testedApp({ gated: true, limits });
    expect(await outcome(late.post())).toBe('503 TIMED_OUT');
    expect(await metric(late, 'pipeline_photos_held')).toBe('0');

    const left = testedApp({ gated: true });
    const client = new AbortController();
    const asked = Array.from({ length: 6 }, () => left.post(photo(1), { signal: client.signal }));
    while (left.batches.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    client.abort();
    expect(await Promise.all(asked.map(outcome))).toEqual(Array(6).fill('503 ABORTED'));
    expect(await metric(left, 'pipeline_photos_held')).toBe('0');
    left.release();
    expect(await outcome(left.post())).toBe(200);
    // The two that were not yet in a batch took no place in one.
    expect(left.batches).toEqual([4, 1]);
  });

  it('tells its log what went wrong in the server, and clients only that it did', async () => {
    const faults: string[] = [];
    const { app, post } = testedApp({
      fault: 'WORKER_CRASHED',
      onFault: ({ message }) => faults.push(message),
    });
    const response = await post();
    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain('secret');
    expect(faults).toEqual(['a secret of the server']);
    const health = await app.request('http://localhost/healthz');
    expect([health.status, await health.json()]).toEqual([503, { status: 'broken' }]);
  });
});

describe('the server', () => {
  it('says what it can do', async () => {
    const { app } = testedApp();
    expect(await (await app.request('http://localhost/v1/model')).json()).toEqual({
      tasks: [{ name: 'product_type', classes: ['CHAIR', 'LAMP', 'SOFA <b>'], levels: ['coarse'] }],
      backend: { name: 'played', device: 'none' },
      rules: ['product_type: played'],
      gallery: null,
      limits: { bodyBytes: 1000, photos: 4, urls: false },
    });
  });

  it('serves the files of its page, and no others', async () => {
    const { app } = testedApp();
    const page = await app.request('http://localhost/');
    const text = await page.text();
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
    const linked = [...text.matchAll(/(?:src|href)="(\/page\/[^"]+)"/g)].map(([, path]) => path!);
    expect(linked.length).toBeGreaterThan(2);
    for (const path of linked) expect((await app.request(`http://localhost${path}`)).status).toBe(200);
    const etag = page.headers.get('etag')!;
    const again = await app.request('http://localhost/', { headers: { 'if-none-match': etag } });
    expect(again.status).toBe(304);
    for (const path of [
      '/page/main.d.ts',
      '/page/tsconfig.json',
      '/page/../app.js',
      '/page/%2e%2e/app.js',
      '/etc/passwd',
    ])
      expect(await outcome(app.request(`http://localhost${path}`))).toBe('404 NOT_FOUND');
  });

  it('lets pages run and ask nothing but its own, on every answer', async () => {
    const { app, post } = testedApp();
    const answers = [
      await app.request('http://localhost/'),
      await post(),
      await post(DAMAGED),
      await app.request('/x'),
    ];
    for (const { headers } of answers) {
      const policy = headers.get('content-security-policy')!;
      expect(policy).toContain("default-src 'none'");
      expect(policy).not.toMatch(/unsafe|https?:|\*/);
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('access-control-allow-origin')).toBeNull();
    }
  });

  it('wants its token for all but the page, the document and its health', async () => {
    const { app } = testedApp({ token: 'secret' });
    const get = (path: string, token?: string) =>
      outcome(
        app.request(
          `http://localhost${path}`,
          token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } },
        ),
      );
    for (const path of ['/v1/model', '/metrics', '/v1/gallery/a', '/v1/nothing']) {
      expect(await get(path)).toBe('401 TOKEN_MISSING');
      expect(await get(path, 'secreT')).toBe('401 TOKEN_MISSING');
      expect(await get(path, 'secret and more')).toBe('401 TOKEN_MISSING');
    }
    expect(await get('/v1/model', 'secret')).toBe(200);
    expect(await get('/metrics', 'secret')).toBe(200);
    for (const path of ['/', '/page/main.js', '/openapi.json', '/healthz']) expect(await get(path)).toBe(200);
    const refused = await app.request('http://localhost/v1/predict', { method: 'POST', body: 'x' });
    expect(refused.headers.get('www-authenticate')).toBe('Bearer');
  });

  it('answers no page of another site, under no name that is not its own', async () => {
    const { app } = testedApp({ names: ['Photos.example'] });
    const get = (url: string, headers: Record<string, string> = {}) => outcome(app.request(url, { headers }));
    const path = '/v1/model';
    expect(await get(`http://evil.example${path}`)).toBe('403 REQUEST_REFUSED');
    for (const host of ['localhost:8080', '127.0.0.1:8080', '[::1]:8080', '192.168.1.7', 'photos.example'])
      expect(await get(`http://${host}${path}`)).toBe(200);
    for (const site of ['cross-site', 'same-site'])
      expect(await get(`http://localhost${path}`, { 'sec-fetch-site': site })).toBe('403 REQUEST_REFUSED');
    expect(await get(`http://localhost${path}`, { 'sec-fetch-site': 'same-origin' })).toBe(200);
    // What browsers say to addresses that are not this machine's own.
    expect(await get(`http://192.168.1.7${path}`, { origin: 'http://evil.example' })).toBe(
      '403 REQUEST_REFUSED',
    );
    expect(await get(`http://192.168.1.7${path}`, { origin: 'null' })).toBe('403 REQUEST_REFUSED');
    expect(await get(`http://192.168.1.7:80${path}`, { origin: 'http://192.168.1.7' })).toBe(200);
    // A link on another page may lead here.
    expect(
      await get('http://localhost/', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' }),
    ).toBe(200);
  });

  it('says which methods a path has', async () => {
    const { app } = testedApp();
    const get = await app.request('http://localhost/v1/predict');
    expect(get.headers.get('allow')).toBe('POST');
    expect(await outcome(get)).toBe('405 REQUEST_INVALID');
    expect((await app.request('http://localhost/healthz', { method: 'HEAD' })).status).toBe(200);
  });

  it('counts requests by route and status, photos by outcome, and batches', async () => {
    const tested = testedApp();
    await tested.post(form(photo(0), DAMAGED));
    await tested.post(DAMAGED);
    await tested.app.request('http://localhost/some/other/path');
    const predicted = 'pipeline_http_requests_total{method="POST",route="/v1/predict",status=';
    expect(await metric(tested, `${predicted}"200"}`)).toBe('1');
    expect(await metric(tested, `${predicted}"422"}`)).toBe('1');
    expect(
      await metric(tested, 'pipeline_http_requests_total{method="GET",route="other",status="404"}'),
    ).toBe('1');
    expect(await metric(tested, 'pipeline_photos_total{outcome="ok"}')).toBe('1');
    expect(await metric(tested, 'pipeline_photos_total{outcome="IMAGE_DAMAGED"}')).toBe('2');
    expect(await metric(tested, 'pipeline_batch_photos_sum')).toBe('3');
    expect(Number(await metric(tested, 'process_resident_memory_bytes'))).toBeGreaterThan(1e6);
  });

  it('says when it is closing', async () => {
    const { app } = testedApp();
    expect(await (await app.request('http://localhost/healthz')).json()).toEqual({ status: 'ok' });
    app.beginClosing();
    const health = await app.request('http://localhost/healthz');
    expect(health.status).toBe(503);
    expect(health.headers.get('connection')).toBe('close');
  });
});
