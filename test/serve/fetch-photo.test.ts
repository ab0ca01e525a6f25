import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { fetchPhoto } from '#src/serve/fetch-photo.js';
import { jpeg } from '../fixtures.js';

const { signal } = new AbortController();
const loopback = (address: string) => address === '127.0.0.1';
const code = (wanted: string) => expect.objectContaining({ code: wanted });

let close: (() => Promise<unknown>) | undefined;
afterEach(() => close?.());

/** A server on this machine, which is no public address. */
async function serving(listener: RequestListener) {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url!);
    listener(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  close = () => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  };
  return { port: (server.address() as AddressInfo).port, asked };
}

const get = (url: string, more: Partial<Parameters<typeof fetchPhoto>[1]> = {}) =>
  fetchPhoto(url, { signal, maxBytes: 100_000, allowed: loopback, ...more });

describe('fetching a photo', () => {
  it('brings its bytes, over redirects, and says how many came', async () => {
    const photo = await jpeg(1);
    const { port, asked } = await serving((request, response) => {
      if (request.url === '/there.jpg') response.writeHead(200, { 'content-type': 'image/jpeg' }).end(photo);
      else response.writeHead(302, { location: '/there.jpg' }).end();
    });
    let bytes = 0;
    const onBytes = (more: number) => {
      bytes += more;
    };
    expect(await get(`http://127.0.0.1:${port}/here`, { onBytes })).toEqual(photo);
    expect(bytes).toBe(photo.length);
    expect(asked).toEqual(['/here', '/there.jpg']);
  });

  it.each([
    'http://127.0.0.1:PORT/',
    'http://localhost:PORT/',
    'http://0x7f.1:PORT/',
    'http://2130706433:PORT/',
    'http://0.0.0.0:PORT/',
    'http://[::1]:PORT/',
    'http://[::ffff:127.0.0.1]:PORT/',
    'https://localhost:PORT/',
  ])('asks no private address: %s', async (url) => {
    const { port, asked } = await serving((_, response) => response.end());
    const refused = fetchPhoto(url.replace('PORT', String(port)), { signal, maxBytes: 100 });
    await expect(refused).rejects.toThrow(code('REQUEST_REFUSED'));
    expect(asked).toEqual([]);
  });

  it.each(['http://localhost:PORT/secret', 'http://[::1]:PORT/secret', 'http://169.254.169.254/secret'])(
    'follows no redirect to another than a permitted address: %s',
    async (target) => {
      const { port, asked } = await serving((request, response) => {
        const location = target.replace('PORT', String(request.socket.localPort));
        response.writeHead(301, { location }).end();
      });
      let lookups = 0;
      // The first time this machine counts as public, then never: as a name that is pointed elsewhere in between.
      const allowed = () => lookups++ === 0;
      await expect(get(`http://127.0.0.1:${port}/open`, { allowed })).rejects.toThrow(
        code('REQUEST_REFUSED'),
      );
      expect(asked).toEqual(['/open']);
    },
  );

  it.each([
    'file:///etc/passwd',
    'ftp://example.org/a.jpg',
    'data:image/png;base64,AA',
    'nothing',
    'http://a:b@c.d/',
  ])('takes no other address: %s', async (url) => {
    await expect(get(url)).rejects.toThrow(code('REQUEST_INVALID'));
  });

  it('follows no redirect to what is no web address, and not for ever', async () => {
    const { port } = await serving((request, response) => {
      const places: Record<string, string> = { '/file': 'file:///etc/passwd', '/bad': 'http://[bad' };
      const location = places[request.url!] ?? '/again';
      response.writeHead(302, { location }).end();
    });
    for (const path of ['file', 'bad', 'loop'])
      await expect(get(`http://127.0.0.1:${port}/${path}`)).rejects.toThrow(code('DOWNLOAD_FAILED'));
  });

  it('takes images alone, and no more bytes than it may, announced or not', async () => {
    const { port } = await serving((request, response) => {
      const type = request.url === '/page' ? 'text/html' : 'image/png';
      const announced = request.url === '/announced' ? { 'content-length': 200_000 } : {};
      response.writeHead(200, { 'content-type': type, ...announced });
      response.end(Buffer.alloc(request.url === '/page' ? 10 : 200_000));
    });
    const at = (path: string) => get(`http://127.0.0.1:${port}${path}`);
    await expect(at('/page')).rejects.toThrow(code('IMAGE_NOT_AN_IMAGE'));
    await expect(at('/announced')).rejects.toThrow(code('IMAGE_TOO_LARGE'));
    await expect(at('/more')).rejects.toThrow(code('IMAGE_TOO_LARGE'));
  });

  it('says where nothing comes, and stops when it is told to', async () => {
    const { port } = await serving((request, response) => {
      if (request.url === '/gone') response.writeHead(404).end();
      else if (request.url === '/cut') request.socket.destroy();
      else response.writeHead(200, { 'content-type': 'image/png' }).write('some');
    });
    const at = (path: string) => `http://127.0.0.1:${port}${path}`;
    await expect(get(at('/gone'))).rejects.toThrow(code('DOWNLOAD_FAILED'));
    await expect(get(at('/cut'))).rejects.toThrow(code('DOWNLOAD_FAILED'));
    const controller = new AbortController();
    const reason = new Error('late');
    const stopped = get(at('/stall'), { signal: controller.signal, onBytes: () => controller.abort(reason) });
    await expect(stopped).rejects.toBe(reason);
  });
});
