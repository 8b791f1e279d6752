import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request as ask, createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { pageFiles } from '../../server/page-files.ts';

const SCRIPT = 'export const many = "words";\n'.repeat(500);
const FONT = Buffer.from([0, 1, 2, 255]);

let folder: string;
let server: Server;
let rendered: string[];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kubecity-pages-'));
  mkdirSync(join(folder, 'static/chunks'), { recursive: true });
  writeFileSync(join(folder, 'secret.js'), 'not for you');
  writeFileSync(join(folder, 'static/chunks/a1b2.js'), SCRIPT);
  writeFileSync(join(folder, 'static/gone.css'), 'body {}');
  writeFileSync(join(folder, 'static/letters.woff2'), FONT);
  rendered = [];
  const files = pageFiles(join(folder, 'static'), async ({ url = '' }, response) => {
    rendered.push(url);
    response.writeHead(404).end();
  });
  server = createServer((request, response) => void files(request, response));
  await once(server.listen(0, '127.0.0.1'), 'listening');
});

afterEach(() => {
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Answer {
  readonly status: number | undefined;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

async function get(path: string, accept?: string, method = 'GET'): Promise<Answer> {
  const { port } = server.address() as AddressInfo;
  // Not `fetch`: it unpacks what it gets, and takes `..` out of addresses.
  const asked = ask({ port, path, method, headers: accept === undefined ? {} : { 'accept-encoding': accept } }).end();
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return { status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks) };
}

it('answers files as they are, packed for whoever takes that, and for ever', async () => {
  const packed = await get('/_next/static/chunks/a1b2.js?v=2', 'deflate, gzip;q=0.8, br');
  expect(packed.headers).toMatchObject({
    'content-encoding': 'gzip',
    'content-type': 'application/javascript; charset=UTF-8',
    'cache-control': 'public, max-age=31536000, immutable',
    vary: 'Accept-Encoding',
    'content-length': String(packed.body.length),
  });
  expect(gunzipSync(packed.body).toString()).toBe(SCRIPT);
  for (const accept of [undefined, 'br', 'gzip;q=0', 'gzip; q=0.0, br']) {
    const plain = await get('/_next/static/chunks/a1b2.js', accept);
    expect(plain.headers['content-encoding']).toBeUndefined();
    expect(plain.body.toString()).toBe(SCRIPT);
  }
  const font = await get('/_next/static/letters.woff2', 'gzip');
  expect(font.headers['content-encoding']).toBeUndefined();
  expect(font.body).toEqual(FONT);
  expect(rendered).toEqual([]);
});

it('sends no body where only the head is asked for', async () => {
  const { status, headers, body } = await get('/_next/static/chunks/a1b2.js', 'gzip', 'HEAD');
  expect([status, headers['content-encoding'], body.length]).toEqual([200, 'gzip', 0]);
});

it('leaves to Next.js what is none of these files, and nothing else of the disk is answered', async () => {
  const others = [
    '/',
    '/_next/static/chunks/none.js',
    '/_next/static/../secret.js',
    '/_next/static/%2e%2e/secret.js',
    '/_next/static/chunks',
    '/_next/static/',
  ];
  for (const path of others) expect((await get(path, 'gzip')).status).toBe(404);
  expect((await get('/_next/static/chunks/a1b2.js', 'gzip', 'POST')).status).toBe(404);
  expect(rendered).toEqual([...others, '/_next/static/chunks/a1b2.js']);
});

it('leaves to Next.js a file that is gone', async () => {
  rmSync(join(folder, 'static/gone.css'));
  for (let i = 0; i < 2; i += 1) expect((await get('/_next/static/gone.css')).status).toBe(404);
  expect(rendered).toHaveLength(2);
});
