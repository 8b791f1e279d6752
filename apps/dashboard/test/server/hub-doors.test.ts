import { once } from 'node:events';
import { expect, test } from 'vitest';
import { hubOfEachTest } from './hub-lab.ts';
import { outcomeOf } from './peers.ts';
import { eventually } from './test-hub.ts';

const lab = hubOfEachTest();
const { agent, browser } = lab;

test.each([
  [{ token: 'another secret' }, 'unauthenticated'],
  [{ protocols: [98, 99] }, 'protocol-version'],
  [{ node: '' }, 'invalid-message'],
])('an agent with %j is refused as %s, and its token is in no log', async (hello, code) => {
  expect(await outcomeOf(agent(hello))).toMatchObject({ code });
  expect(lab.log.join('')).toContain(code);
  if (code === 'protocol-version')
    expect(lab.log.join('')).toContain('this hub speaks protocol 3, 2, the agent 98, 99');
  expect(lab.log.join('')).not.toMatch(/secret/);
});

test('an agent that sends what is no message is turned away', async () => {
  const a = agent();
  expect(await outcomeOf(a)).toEqual({ connected: true });
  const gone = once(a as unknown as NodeJS.EventEmitter, 'disconnect');
  a.emit('rules', { mode: 'dance' } as never);
  await gone;
  expect(lab.log.join('')).toContain('invalid-message');
});

test('the later agent of a node is the one that counts', async () => {
  const [first, second] = [agent(), agent({ epoch: 'e2' })];
  await outcomeOf(second);
  await eventually(() => first.connected).toBe(false);
  expect(second.connected).toBe(true);
});

test('agents come through their own socket only, browsers through theirs', async () => {
  expect(await outcomeOf(browser().socket.io.socket('/agents'))).toMatchObject({
    message: 'Invalid namespace',
  });
  expect(await outcomeOf(agent({}, '/map'))).toMatchObject({ message: 'Invalid namespace' });
});

test('a page of another site gets no socket', async () => {
  const foreign = browser({ Origin: 'http://evil.example' });
  expect(await outcomeOf(foreign.socket)).toMatchObject({ message: 'websocket error' });
  expect(await outcomeOf(browser({ Origin: lab.url }).socket)).toEqual({ connected: true });
});

test('health, metrics and the headers of pages', async () => {
  const health = await fetch(`${lab.url}/healthz`);
  expect([health.status, await health.json()]).toEqual([
    200,
    { synced: true, api: 'live', agents: { live: 0, stale: 0 } },
  ]);
  expect((await fetch(`${lab.url}/livez`)).status).toBe(200);
  const map = browser();
  await eventually(() => map.frames.length).toBeGreaterThan(2);
  const metrics = await (await fetch(`${lab.url}/metrics`)).text();
  expect(metrics).toContain('kubecity_hub_map_readers 1');
  expect(metrics).toContain('kubecity_hub_records{kind="pod"} 3');
  const page = await fetch(lab.url);
  expect(await page.text()).toBe('page');
  expect(page.headers.get('content-security-policy')).toMatch(/script-src 'self' 'nonce-[^']+' 'strict-dynamic'/);
  expect(page.headers.get('x-frame-options')).toBe('DENY');
});
