import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, connect as connectTcp, createServer as createTcpServer, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { text } from 'node:stream/consumers';
import { setTimeout } from 'node:timers/promises';
import { getCACertificates, setDefaultCACertificates, TLSSocket } from 'node:tls';
import { generate } from 'selfsigned';
import { afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { Connections, type Route } from '../src/connections.ts';

let pem: { cert: string; key: string };
let cleanup: (() => unknown)[];

beforeAll(async () => {
  const altNames = [{ type: 2 as const, value: 'localhost' }];
  const made = await generate([{ name: 'commonName', value: 'kubecity-test' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    extensions: [{ name: 'subjectAltName', altNames }],
  });
  pem = { cert: made.cert, key: made.private };
});
beforeEach(() => {
  cleanup = [];
});
afterEach(() => {
  for (const end of cleanup.reverse()) end();
});

async function listen(server: Server | ReturnType<typeof createTcpServer>): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanup.push(() => {
    server.close();
    if ('closeAllConnections' in server) server.closeAllConnections();
  });
  return (server.address() as AddressInfo).port;
}

function open(route: Route) {
  const connections = new Connections(route);
  cleanup.push(() => connections.close());
  const request = (method = 'GET', signal?: AbortSignal) =>
    connections.request({ method, url: new URL(`${route.origin}/x`), headers: {}, signal });
  return { connections, request };
}

/** A server that keeps its answers for the test; what they begin with is sent. */
async function holding(begin?: string) {
  const held: ServerResponse[] = [];
  const port = await listen(
    createServer((_request, response) => {
      held.push(response);
      if (begin !== undefined) response.write(begin);
    }),
  );
  return { held, origin: `http://127.0.0.1:${port}` };
}

const ANSWER = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';

/** Answers only the first request of each connection, and breaks it at the second. */
async function forgetful() {
  const seen: number[] = [];
  const port = await listen(
    createTcpServer((socket) => {
      const index = seen.push(0) - 1;
      socket.on('error', () => {});
      socket.on('data', () => {
        seen[index] = (seen[index] ?? 0) + 1;
        if (seen[index] === 1) socket.write(ANSWER);
        else socket.resetAndDestroy();
      });
    }),
  );
  return { seen, ...open({ origin: `http://127.0.0.1:${port}` }) };
}

test('a GET that an idle connection lost goes over a new one', async () => {
  const { seen, request } = await forgetful();
  expect(await text(await request())).toBe('ok');
  expect(await text(await request())).toBe('ok');
  expect(seen).toEqual([2, 1]);
});

test('what may have been done is not done twice', async () => {
  const { seen, request } = await forgetful();
  expect(await text(await request('POST'))).toBe('ok');
  await expect(request('POST')).rejects.toMatchObject({ code: 'ECONNRESET' });
  expect(seen).toEqual([2]);
});

test('a new connection that breaks is an error, not a loop', async () => {
  let connections = 0;
  const port = await listen(
    createTcpServer((socket) => {
      connections++;
      socket.on('error', () => {});
      socket.once('data', () => socket.resetAndDestroy());
    }),
  );
  await expect(open({ origin: `http://127.0.0.1:${port}` }).request()).rejects.toMatchObject({ code: 'ECONNRESET' });
  expect(connections).toBe(1);
});

test('asks for no compression', async () => {
  const seen: string[][] = [];
  const port = await listen(
    createServer((request, response) => {
      seen.push(Object.keys(request.headers));
      response.end();
    }),
  );
  await text(await open({ origin: `http://127.0.0.1:${port}` }).request());
  expect(seen).toEqual([['host', 'connection']]);
});

test('close() ends what waits and what is being read', async () => {
  const { held, origin } = await holding('begun');
  const { connections, request } = open({ origin });
  const silent = await holding();
  const other = open(silent);
  const waiting = other.request();
  const body = text(await request());
  await expect.poll(() => [held.length, silent.held.length]).toEqual([1, 1]);
  connections.close();
  other.connections.close();
  await expect(body).rejects.toThrow('the client is closed');
  await expect(waiting).rejects.toThrow('the client is closed');
  await expect(request()).rejects.toThrow('the client is closed');
});

test('an abort gives its reason, before and within the answer', async () => {
  const stop = new AbortController();
  const begun = open(await holding('begun'));
  const body = text(await begun.request('GET', stop.signal));
  const silent = open(await holding());
  const waiting = silent.request('GET', stop.signal);
  stop.abort(new Error('enough'));
  await expect(body).rejects.toThrow('enough');
  await expect(waiting).rejects.toThrow('enough');
  await expect(silent.request('GET', stop.signal)).rejects.toThrow('enough');
  await expect.poll(() => begun.connections.running + silent.connections.running).toBe(0);
});

test('retired connections: a body goes on, an idle connection ends, the last one ends with its answer', async () => {
  const { held, origin } = await holding('begun ');
  const { connections, request } = open({ origin });
  const running = await request();
  const idle = request();
  await expect.poll(() => held.length).toBe(2);
  held[1]?.end();
  await text(await idle);
  connections.retire();
  await expect.poll(() => held[1]?.req.socket.destroyed).toBe(true);
  await expect(request()).rejects.toThrow('there are newer ones');
  held[0]?.end('ended');
  expect(await text(running)).toBe('begun ended');
  await expect.poll(() => held[0]?.req.socket.destroyed).toBe(true);
});

test('an answer that nobody reads stops the server until somebody does', async () => {
  const { held, origin } = await holding('begun');
  const answer = await open({ origin }).request();
  const piece = Buffer.alloc(1 << 20);
  let sent = 0;
  const server = held[0] as ServerResponse;
  const sending = (async () => {
    for (; sent < 64; sent++) if (!server.write(piece)) await once(server, 'drain');
    server.end();
  })();
  await expect.poll(() => server.writableNeedDrain).toBe(true);
  await setTimeout(200);
  expect(sent).toBeLessThan(64);
  expect(await text(answer)).toHaveLength(5 + 64 * piece.length);
  await sending;
});

test('no answer for half a minute is an error; a body may be silent for longer', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  cleanup.push(() => vi.useRealTimers());
  const begun = await holding('begun');
  const answer = await open(begun).request();
  const waiting = open(await holding()).request();
  const refused = expect(waiting).rejects.toThrow('no answer within 30 s');
  vi.advanceTimersByTime(30_000);
  await refused;
  begun.held[0]?.end();
  expect(await text(answer)).toBe('begun');
});

/** What `/proc/net/tcp` says of connections to the port: `[timer, jiffies]`, timer 2 is keep-alive. */
function timersTo(port: number): [number, number][] {
  const far = `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const lines = readFileSync('/proc/net/tcp', 'utf8').split('\n');
  const fields = lines.map((line) => line.trim().split(/\s+/)).filter((line) => line[2] === far && line[3] === '01');
  return fields.map((line) => line[5]?.split(':').map((hex) => Number.parseInt(hex, 16)) as [number, number]);
}

const expectKeepAlive = (port: number) =>
  expect
    .poll(() => timersTo(port).map(([timer, jiffies]) => [timer, jiffies > 2500 && jiffies <= 3000]))
    .toEqual([[2, true]]);

/** A TLS server that wants a certificate of the client; it says whom it sees. */
const secureServer = () =>
  listen(
    createTlsServer({ ...pem, ca: pem.cert, requestCert: true }, ({ socket }, response) => {
      response.end((socket as TLSSocket).getPeerCertificate().subject.CN);
    }),
  );
const client = () => ({ ca: pem.cert, ...pem });

test('TLS: the certificate of the client arrives, keep-alive after 30 s, a strange server is refused', async () => {
  const port = await secureServer();
  const origin = `https://localhost:${port}`;
  expect(await text(await open({ origin, tls: client() }).request())).toBe('kubecity-test');
  await expectKeepAlive(port);
  await expect(open({ origin }).request()).rejects.toMatchObject({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
  const wrongName = { ...client(), servername: 'elsewhere' };
  await expect(open({ origin, tls: wrongName }).request()).rejects.toMatchObject({
    code: 'ERR_TLS_CERT_ALTNAME_INVALID',
  });
  expect(
    await text(await open({ origin, tls: { ...client(), ca: undefined, rejectUnauthorized: false } }).request()),
  ).toBe('kubecity-test');
});

interface Seen {
  readonly target: string | undefined;
  readonly authorization: string | undefined;
  readonly servername: unknown;
}

async function proxyServer(secure: boolean) {
  const seen: Seen[] = [];
  const proxy = secure ? createTlsServer(pem) : createServer();
  const port = await listen(proxy);
  proxy.on('connect', ({ url, headers }, socket: Duplex) => {
    const { 'proxy-authorization': authorization } = headers;
    seen.push({ target: url, authorization, servername: socket instanceof TLSSocket ? socket.servername : undefined });
    const far = connectTcp(Number(url?.split(':')[1]), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      socket.pipe(far).pipe(socket);
    });
    cleanup.push(() => far.destroy());
    socket.on('error', () => far.destroy());
    far.on('error', () => socket.destroy());
  });
  return { seen, port };
}

test('an HTTP proxy: its password, TLS with the target alone, one tunnel for two requests, keep-alive', async () => {
  const port = await secureServer();
  const proxy = await proxyServer(false);
  const { request } = open({
    origin: `https://localhost:${port}`,
    tls: client(),
    proxy: `http://ann:p%40ss@127.0.0.1:${proxy.port}`,
  });
  expect(await text(await request())).toBe('kubecity-test');
  expect(await text(await request())).toBe('kubecity-test');
  const authorization = `Basic ${Buffer.from('ann:p@ss').toString('base64')}`;
  expect(proxy.seen).toEqual([{ target: `localhost:${port}`, authorization, servername: undefined }]);
  await expectKeepAlive(proxy.port);
});

test('an HTTPS proxy: verified with what Node trusts, under its own name', async () => {
  const port = await secureServer();
  const proxy = await proxyServer(true);
  const route = { origin: `https://127.0.0.1:${port}`, proxy: `https://localhost:${proxy.port}` };
  const tls = { ...client(), servername: 'localhost' };
  await expect(open({ ...route, tls }).request()).rejects.toThrow(
    `proxy localhost:${proxy.port}: self-signed certificate`,
  );
  const trusted = getCACertificates('default');
  cleanup.push(() => setDefaultCACertificates(trusted));
  setDefaultCACertificates([...trusted, pem.cert]);
  expect(await text(await open({ ...route, tls }).request())).toBe('kubecity-test');
  expect(proxy.seen).toEqual([{ target: `127.0.0.1:${port}`, authorization: undefined, servername: 'localhost' }]);
  await expectKeepAlive(proxy.port);
});

test('plain HTTP goes through a tunnel too', async () => {
  const { held, origin } = await holding('begun');
  const proxy = await proxyServer(false);
  const answer = await open({ origin, proxy: `http://127.0.0.1:${proxy.port}` }).request();
  held[0]?.end();
  expect(await text(answer)).toBe('begun');
  expect(proxy.seen.map(({ target }) => target)).toEqual([new URL(origin).host]);
});

test('a proxy that refuses, or is not there, is named', async () => {
  const proxy = createServer().on('connect', (_request, socket) => socket.end('HTTP/1.1 407 Who are you\r\n\r\n'));
  const port = await listen(proxy);
  const route = { origin: 'https://192.0.2.1', proxy: `http://ann:secret@127.0.0.1:${port}` };
  const { connections, request } = open(route);
  await expect(request()).rejects.toThrow(`proxy 127.0.0.1:${port}: it answered 407 Who are you`);
  await expect.poll(() => connections.running).toBe(0);
  await expect(open({ ...route, proxy: 'http://127.0.0.1:1' }).request()).rejects.toThrow(
    'proxy 127.0.0.1:1: connect ECONNREFUSED',
  );
});

test('a proxy that is silent: an abort and close() come through, and its connections end', async () => {
  const waiting: Socket[] = [];
  const port = await listen(createTcpServer((socket) => waiting.push(socket.resume().on('error', () => {}))));
  const { connections, request } = open({ origin: 'https://192.0.2.1', proxy: `http://127.0.0.1:${port}` });
  const stop = new AbortController();
  const aborted = request('GET', stop.signal);
  const closed = request();
  await expect.poll(() => waiting.length).toBe(2);
  stop.abort(new Error('enough'));
  await expect(aborted).rejects.toThrow('enough');
  connections.close();
  await expect(closed).rejects.toThrow('the client is closed');
  await expect.poll(() => waiting.map(({ destroyed }) => destroyed)).toEqual([true, true]);
});
