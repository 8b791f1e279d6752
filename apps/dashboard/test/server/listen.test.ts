import type { IncomingMessage } from 'node:http';
import { expect, test } from 'vitest';
import { parseMegabytes, parsePlace } from '../../server/options.ts';
import { type Site, sameSite } from '../../server/origin.ts';
import { contentSecurityPolicy } from '../../server/pages.ts';
import { RateLimit } from '../../server/rate-limit.ts';

const asks = (headers: Record<string, string>, site: Site = { loopbackOnly: true }) =>
  sameSite({ headers } as unknown as IncomingMessage, site);

test.each([
  [{ host: '127.0.0.1:8585', origin: 'http://127.0.0.1:8585' }, true],
  [{ host: 'localhost:8585', origin: 'http://localhost:8585' }, true],
  [{ host: '[::1]:8585', origin: 'http://[::1]:8585' }, true],
  [{ host: '127.0.0.1:8585' }, true],
  [{ host: '127.0.0.1:8585', origin: 'http://evil.example' }, false],
  [{ host: '127.0.0.1:8585', origin: 'http://127.0.0.1:9999' }, false],
  [{ host: '127.0.0.1:8585', origin: 'https://127.0.0.1:8585' }, false],
  [{ host: '127.0.0.1:8585', origin: 'null' }, false],
  [{ host: '127.0.0.1:8585', 'sec-fetch-site': 'cross-site' }, false],
  [{ host: 'rebound.example:8585', origin: 'http://rebound.example:8585' }, false],
  [{ host: '127.evil.example', origin: 'http://127.evil.example' }, false],
  [{ host: '127.0.0.1:8585', 'sec-fetch-site': 'same-site' }, false],
  [{}, false],
])('a socket asked for with %j: %s', (headers, allowed) => {
  expect(asks(headers as Record<string, string>)).toBe(allowed);
});

test.each([
  [{ host: 'city.example', origin: 'https://city.example' }, true],
  [{ host: 'city.example:8585', origin: 'http://city.example:8585' }, true],
  // behind a proxy that asks us by another name
  [{ host: '10.0.0.7:8585', origin: 'https://kubecity.example' }, true],
  [{ host: 'city.example', origin: 'https://city.example:8443' }, false],
  [{ host: 'city.example', origin: 'https://evil.example' }, false],
  [{ host: 'city.example', origin: 'null' }, false],
  [{ host: 'city.example', 'sec-fetch-site': 'cross-site' }, false],
  [{ host: 'city.example' }, true],
])('with sign-in, a socket asked for with %j: %s', (headers, allowed) => {
  const site = { loopbackOnly: false, publicOrigin: 'https://kubecity.example' };
  expect(asks(headers as Record<string, string>, site)).toBe(allowed);
});

test('a place to listen has a host and a port', () => {
  expect(parsePlace('127.0.0.1:0')).toEqual({ host: '127.0.0.1', port: 0 });
  expect(parsePlace('[::1]:80')).toEqual({ host: '::1', port: 80 });
  for (const bad of ['8585', 'localhost', 'localhost:99999', ':80']) expect(() => parsePlace(bad)).toThrow(/HOST:PORT/);
});

test('the history has room for sixteen megabytes at least', () => {
  expect(parseMegabytes('16')).toBe(16);
  for (const bad of ['15', '', 'much', '1.5e1', '70000', '-512'])
    expect(() => parseMegabytes(bad)).toThrow(/16 to 65536/);
});

test('scripts need the nonce, and may evaluate only in development', () => {
  expect(contentSecurityPolicy('abc', false)).toContain("script-src 'self' 'nonce-abc' 'strict-dynamic';");
  expect(contentSecurityPolicy('abc', false)).not.toContain('unsafe-eval');
  expect(contentSecurityPolicy('abc', true)).toContain("'unsafe-eval'");
});

test('a rate limit admits a burst, then so many a second', () => {
  const limit = new RateLimit(2, 3);
  expect([0, 0, 0, 0].map((at) => limit.admit(at))).toEqual([true, true, true, false]);
  expect([499, 500, 501, 1000].map((at) => limit.admit(at))).toEqual([false, true, false, true]);
});
