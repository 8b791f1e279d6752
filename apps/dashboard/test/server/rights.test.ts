import { type AccessAttributes, type KubeClient, KubeError } from '@kubecity/kube';
import { beforeEach, expect, test } from 'vitest';
import { Rights } from '../../server/auth/rights.ts';
import { OpenSession } from '../../server/auth/session.ts';

const asked: AccessAttributes[] = [];
let may: (attributes: AccessAttributes) => boolean | Error;
let namespaces: string[];
const client = {
  selfAccess: async (attributes: AccessAttributes) => {
    asked.push(attributes);
    const allowed = may(attributes);
    if (allowed instanceof Error) throw allowed;
    return { allowed };
  },
} as KubeClient;
const rights = () => new Rights(client, () => namespaces);
/** May look, and create RoutingOverrides in these. */
const steersIn = (...names: (string | undefined)[]) => {
  may = ({ verb, resource, namespace }) =>
    verb === 'list' || (resource === 'routingoverrides' && names.includes(namespace));
};
const creates = () => asked.filter(({ verb }) => verb === 'create').length;

beforeEach(() => {
  asked.length = 0;
  namespaces = ['data', 'shop'];
});

test('who may steer everywhere is asked for no namespace', async () => {
  may = () => true;
  const all = rights();
  expect([await all.ask(0), all.maySteer, asked.length]).toEqual(['known', 'all', 3]);
  steersIn(undefined);
  const without = rights();
  // those of the whole cluster are another resource
  expect([await without.ask(0), without.maySteer]).toEqual(['known', ['data', 'shop']]);
});

test('a thousand namespaces are asked for fifty at a time, the others a second later', async () => {
  namespaces = Array.from({ length: 1000 }, (_, i) => `n${String(i).padStart(3, '0')}`);
  steersIn('n007', 'n777');
  const some = rights();
  let now = 0;
  const rounds: number[] = [];
  while (some.due(now)) {
    const before = creates();
    await some.ask(now);
    rounds.push(creates() - before);
    now += 1000;
  }
  expect(rounds).toEqual(Array(20).fill(51));
  expect(some.maySteer).toEqual(['n007', 'n777']);
  // then those of the oldest answer, once a minute
  expect([some.due(now + 57_000), some.due(now + 58_000)]).toEqual([false, false]);
  now += 60_000;
  steersIn('n777');
  await some.ask(now);
  expect(some.maySteer).toEqual(['n777']);
});

test('a namespace that is new is asked for soon, one that is gone is forgotten', async () => {
  steersIn('shop', 'new');
  const some = rights();
  await some.ask(0);
  expect([some.maySteer, some.due(59_999)]).toEqual([['shop'], false]);
  namespaces = ['new', 'data'];
  expect(some.due(1000)).toBe(true);
  await some.ask(1000);
  expect(some.maySteer).toEqual(['new']);
});

test('questions at the same time are one, and without an answer what was known goes on', async () => {
  steersIn('shop');
  const some = rights();
  await Promise.all([some.ask(0), some.ask(0)]);
  expect(asked.length).toBe(4);
  may = () => new KubeError('unreachable', 'ask', 'the API server cannot be reached');
  expect([await some.ask(60_000), some.maySteer]).toEqual(['known', ['shop']]);
  expect(some.due(61_000)).toBe(false);
  may = () => new KubeError('unauthorized', 'ask', 'Unauthorized');
  expect(await some.ask(120_000)).toBe('refused');
  may = ({ verb }) => verb !== 'list';
  expect(await some.ask(180_000)).toBe('forbidden');
});

test('a session tells who follows it when rights change, and ends with the right to look', async () => {
  steersIn();
  const { person, told } = {
    person: { user: 'ann', groups: [], how: 'token', client } as const,
    told: [] as unknown[],
  };
  const session = new OpenSession(person, rights(), 0, 1e9);
  await session.refresh(0);
  session.follow((change) => told.push(change.state === 'session' ? change.session.maySteer : change.why));
  await session.refresh(60_000);
  steersIn('data');
  await session.refresh(120_000);
  may = () => false;
  await session.refresh(180_000);
  await session.refresh(240_000);
  expect(told).toEqual([[], ['data'], 'forbidden']);
});
