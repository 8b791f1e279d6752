import { afterEach, beforeEach, expect, test } from 'vitest';
import { ApiError, type ResourceRequest } from '../src/index.ts';
import { type Api, service, startApi } from './api-client.ts';

const SERVICES = '/api/v1/namespaces/default/services';

let api: Api;
let seen: string[];
let refuse: ((asked: ResourceRequest) => void) | undefined;

beforeEach(async () => {
  seen = [];
  refuse = undefined;
  api = await startApi({
    intercept: (asked) => {
      seen.push(`${asked.verb} ${asked.resource}`);
      refuse?.(asked);
    },
  });
});
afterEach(() => api.close());

test('a request may be refused before it is answered, in the words of a server that throttles', async () => {
  refuse = () => {
    throw new ApiError('TooManyRequests', 'too many requests, please try again later', { retryAfterSeconds: 7 });
  };
  const { code, body } = await api.call('GET', SERVICES);
  expect([code, body.reason, body.details]).toEqual([429, 'TooManyRequests', { retryAfterSeconds: 7 }]);
  refuse = undefined;
  expect((await api.call('GET', SERVICES)).code).toBe(200);
  expect(seen).toEqual(['list services', 'list services']);
});

test('what is forgotten is gone for watches and for lists under way', async () => {
  for (const name of ['a', 'b']) await api.call('POST', SERVICES, service(name));
  const { metadata } = (await api.call('GET', `${SERVICES}?limit=1`)).body;
  await api.call('POST', SERVICES, service('c'));
  api.server.forget();
  const next = await api.call('GET', `${SERVICES}?limit=1&continue=${metadata.continue}`);
  expect([next.code, next.body.reason]).toEqual([410, 'Expired']);
  const watching = api.watch(`${SERVICES}?watch=1&resourceVersion=${metadata.resourceVersion}`);
  expect(await watching.next()).toMatchObject({ type: 'ERROR', object: { code: 410 } });
});

test('every connection breaks at once, and new ones are served', async () => {
  const watching = api.watch(`${SERVICES}?watch=1&resourceVersion=`);
  await api.call('POST', SERVICES, service('a'));
  expect(await watching.next()).toMatchObject({ type: 'ADDED' });
  const end = watching.next();
  api.server.cut();
  await expect(end).rejects.toThrow('aborted');
  expect((await api.call('GET', SERVICES)).body.items).toHaveLength(1);
});
