import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type AccessSource, accessSource } from '../src/access.ts';
import type { Identity } from '../src/identity.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;

let directory: string;
let now: number;
let asked: number;
let identity: Identity | Error;
let source: AccessSource;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'kubecity-access-'));
  now = 1_000_000;
  asked = 0;
  identity = { origin: 'https://192.0.2.1', headers: { Authorization: 'Bearer first' }, tls: { ca: 'first' } };
  const ask = async () => {
    asked++;
    if (identity instanceof Error) throw identity;
    return identity;
  };
  source = accessSource({ inCluster: true }, { ask, now: () => now });
});

afterEach(async () => {
  await source.close();
  rmSync(directory, { recursive: true });
});

const bearer = (token: string, more: Partial<Identity> = {}): Identity => ({
  origin: 'https://192.0.2.1',
  headers: { Authorization: `Bearer ${token}` },
  tls: { ca: 'first' },
  ...more,
});
const authorization = async () => (await source.access()).headers.Authorization;

test('what has no end is asked for once, also by requests at the same time', async () => {
  const both = await Promise.all([source.access(), source.access()]);
  now += 365 * 24 * 60 * MINUTE;
  const later = await source.access();
  expect(asked).toBe(1);
  expect(later).toEqual(both[0]);
  expect(later.connections).toBe(both[1].connections);
});

test('a token file is read again after a minute, without asking', async () => {
  const tokenFile = join(directory, 'token');
  writeFileSync(tokenFile, 'one\n');
  identity = bearer('from the library', { tokenFile });
  expect(await authorization()).toBe('Bearer one');
  writeFileSync(tokenFile, 'two\n');
  now += MINUTE - 1;
  expect(await authorization()).toBe('Bearer one');
  now += 1;
  expect(await authorization()).toBe('Bearer two');
  // between two states of a file that is not replaced in one step
  writeFileSync(tokenFile, '');
  now += MINUTE;
  expect(await authorization()).toBe('Bearer two');
  expect(asked).toBe(1);
});

test('a refused token comes from its file at once; without one there is an error', async () => {
  const tokenFile = join(directory, 'token');
  writeFileSync(tokenFile, 'one');
  identity = bearer('from the library', { tokenFile });
  expect(await authorization()).toBe('Bearer one');
  writeFileSync(tokenFile, 'two');
  source.renew();
  expect(await authorization()).toBe('Bearer two');
  writeFileSync(tokenFile, '');
  source.renew();
  await expect(source.access()).rejects.toThrow(`${tokenFile}: there is no token in this file`);
  rmSync(tokenFile);
  await expect(source.access()).rejects.toThrow(/ENOENT.*token/);
});

test('a credential with an end is asked for ahead of it, over the same connections', async () => {
  identity = bearer('first', { expiry: now + 60 * MINUTE });
  const { connections } = await source.access();
  now += 48 * MINUTE - 1;
  await source.access();
  expect(asked).toBe(1);
  identity = bearer('second', { expiry: now + 60 * MINUTE });
  now += 1;
  const second = await source.access();
  expect(second).toEqual({ ...second, headers: { Authorization: 'Bearer second' } });
  expect(second.connections).toBe(connections);
  expect(asked).toBe(2);
});

test('a plugin that fails ahead of the end is asked again; after the end its error shows', async () => {
  identity = bearer('first', { expiry: now + 10 * MINUTE });
  await source.access();
  identity = new Error('the plugin broke');
  now += 8 * MINUTE;
  expect(await authorization()).toBe('Bearer first');
  now += 30 * SECOND;
  expect(await authorization()).toBe('Bearer first');
  expect(asked).toBe(3);
  now += 2 * MINUTE;
  await expect(source.access()).rejects.toThrow('the plugin broke');
  identity = bearer('second');
  now += 30 * SECOND;
  expect(await authorization()).toBe('Bearer second');
});

test.each([
  ['over before it came', -MINUTE, 10 * SECOND],
  ['is about to be over', 20 * SECOND, 20 * SECOND],
  ['lives for a minute', MINUTE, 48 * SECOND],
])('a credential that %s does not cause a question for each request', async (_what, life, next) => {
  identity = bearer('first', { expiry: now + life });
  await source.access();
  now += next - 1;
  await source.access();
  expect(asked).toBe(1);
  now += 1;
  await source.access();
  expect(asked).toBe(2);
});

test('after a failed request it is asked again, less and less often while nothing changes', async () => {
  await source.access();
  const times: number[] = [];
  for (const start = now; now < start + 20 * MINUTE; now += SECOND) {
    const before = asked;
    source.renew();
    await source.access();
    if (asked > before) times.push((now - start) / SECOND);
  }
  expect(times).toEqual([30, 90, 210, 450, 750, 1050]);
  identity = bearer('second');
  now += 5 * MINUTE;
  source.renew();
  expect(await authorization()).toBe('Bearer second');
});

test('an error is repeated for half a minute, then it is asked again', async () => {
  const good = identity;
  identity = new Error('the kubeconfig is broken');
  await expect(source.access()).rejects.toThrow('is broken');
  await expect(source.access()).rejects.toThrow('is broken');
  expect(asked).toBe(1);
  identity = good;
  now += 30 * SECOND;
  expect(await authorization()).toBe('Bearer first');
});

test('new certificates get new connections, and what runs over the old ones ends by itself', async () => {
  const held: ServerResponse[] = [];
  const http = createServer((_request, response) => void held.push(response));
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  identity = bearer('first', { origin });
  const first = await source.access();
  const get = { method: 'GET', url: new URL(origin), headers: {} };
  const running = first.connections.request(get);
  await expect.poll(() => held.length).toBe(1);

  identity = bearer('first', { origin, tls: { ca: 'second' } });
  source.renew();
  now += 30 * SECOND;
  const second = await source.access();
  expect(second.connections).not.toBe(first.connections);
  await expect(first.connections.request(get)).rejects.toThrow('there are newer ones');
  held[0]?.end('late');
  expect(await text(await running)).toBe('late');
  await expect.poll(() => first.connections.running).toBe(0);
  await source.close();
  http.close();
  http.closeAllConnections();
});

test('a closed source gives nothing', async () => {
  await source.access();
  await source.close();
  now += MINUTE;
  source.renew();
  await expect(source.access()).rejects.toThrow('the client is closed');
  expect(asked).toBe(1);
});
