import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { Knocks } from './lab/knocks.ts';
import { LONG, patiently, SteeredCity } from './lab/steered-city.ts';

/** An agent that hangs: its node is named, and nobody says "drained" before it has spoken. */
vi.setConfig(LONG);
const town = new SteeredCity();
const { city, hub } = town;
const HTTP = ['10.96.0.10', 80] as const;
let knocks: Knocks;

beforeAll(async () => {
  await town.open();
  await town.addBackend('node-a', 'old', 10);
  await town.addBackend('node-b', 'new', 10);
  town.putService('cart', 10, ['old', 'new']);
  knocks = new Knocks(city.net, ['old', 'new']);
  await town.start();
});
afterAll(() => town.close());

const signal = (name: NodeJS.Signals) => process.kill(city.agents.get('node-c')?.pid as number, name);
const drain = (name: string) => town.wish(name, { service: 'cart', backends: { podNames: ['old'] }, drain: {} });

/** From each node, in their order: whether new connections still come to the backend that is drained. */
async function reaching(): Promise<boolean[]> {
  const reached: boolean[] = [];
  for (const client of town.clients) reached.push(((await knocks.tally([client], HTTP, 1000)).old ?? 0) > 0);
  return reached;
}

it('is named while it has not confirmed; its node goes on as before until it has', async () => {
  signal('SIGSTOP');
  await drain('unheard');
  await town.holds('unheard', 'applied', ['node-a', 'node-b']);
  await patiently(() => {
    expect(hub.override('unheard').nodes).toEqual({
      desired: 3,
      acknowledged: ['node-a', 'node-b'],
      waitingFor: ['node-c'],
    });
    expect(hub.override('unheard').connections.coverage).toBe('atLeast');
  });
  await patiently(async () => {
    expect(await town.condition('unheard', 'Programmed')).toMatchObject({
      status: 'False',
      reason: 'WaitingForNodes',
      message: expect.stringContaining('node-c'),
    });
    expect((await town.condition('unheard', 'Drained')).message).toContain('node-c');
  });
  expect(await reaching()).toEqual([false, false, true]);
  expect((await town.condition('unheard', 'Drained')).status).not.toBe('True');
  expect(hub.phases('unheard')).not.toContain('drained');
  signal('SIGCONT');
  await patiently(async () => expect((await town.condition('unheard', 'Programmed')).status).toBe('True'));
  expect(await reaching()).toEqual([false, false, false]);
  await patiently(async () => expect((await town.condition('unheard', 'Drained')).status).toBe('True'));
  await patiently(() => expect(hub.override('unheard').drain?.phase).toBe('drained'));
  await town.releaseAll();
});

it('is named when it falls silent later: what is open there is not known', async () => {
  const [, , client] = town.clients;
  if (!client) throw new Error('nobody calls from node-c');
  const caller = city.client(client.netns);
  await caller.open({ from: client.addresses[4], to: HTTP, count: 40, group: 'kept' });
  // The dashboard knows of them with a dump that begins now; before, it would have nothing to wait for.
  await city.dumps('node-c', 2);
  await drain('later');
  await town.holds('later');
  const kept = town.table(HTTP[0], 'old').open;
  await patiently(() => expect(hub.override('later').connections).toMatchObject({ idle: kept, coverage: 'complete' }));
  signal('SIGSTOP');
  await caller.close('kept');
  expect(town.table(HTTP[0], 'old').open).toBe(0);
  await patiently(() => expect(hub.override('later').connections.coverage).toBe('atLeast'));
  await patiently(async () => {
    const { status, message } = await town.condition('later', 'Drained');
    expect(status).not.toBe('True');
    expect(`${message} ${(await town.condition('later', 'Programmed')).message}`).toContain('node-c');
  });
  expect(hub.phases('later')).not.toContain('drained');
  signal('SIGCONT');
  await patiently(async () => expect((await town.condition('later', 'Drained')).status).toBe('True'));
  await patiently(() =>
    expect(hub.override('later')).toMatchObject({
      drain: { phase: 'drained' },
      nodes: { waitingFor: [] },
      connections: { coverage: 'complete' },
    }),
  );
});
