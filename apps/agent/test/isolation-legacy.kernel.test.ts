import { installedIptables } from '@kubecity/netfilter';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { eventually } from './lab/eventually.ts';
import { IsolatedCity, PORT } from './lab/isolated-city.ts';

const hasLegacy = (await installedIptables()).some(({ flavour }) => flavour === 'legacy');
const FLAVOUR = { 'iptables-flavour': 'legacy' };
const FROM_NEAR = {
  podSelector: { matchLabels: { app: 'db' } },
  ingress: [
    {
      from: [{ podSelector: { matchLabels: { app: 'near' } } }],
      ports: [{ port: 'http' }, { port: PORT, protocol: 'UDP' }],
    },
  ],
};
vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });

/** The kernel has no counter of changes there, and the tool does not say which rule was refused. */
describe.skipIf(!hasLegacy)('policies in the tables of iptables-legacy', () => {
  const city = new IsolatedCity();
  const rules = () => city.rules('node-a', '-legacy');
  const words = async () => [await city.knocks('near', 'db'), await city.knocks('far', 'db')];
  const GATED = [['db'], ['closed']];

  beforeAll(async () => {
    await city.open();
    await city.addPod('node-a', 'db', 2, { labels: { app: 'db' } });
    await city.addPod('node-a', 'near', 3, { labels: { app: 'near' } });
    await city.addPod('node-b', 'far', 3, { labels: { app: 'far' } });
    for (const node of ['node-a', 'node-b']) city.startAgent(node, FLAVOUR);
    for (const node of ['node-a', 'node-b']) await city.tells(node, 'enforcing', []);
  });
  afterAll(() => city.close());

  it('close and open, follow labels, and tell who was refused', async () => {
    await city.apply('db', FROM_NEAR);
    const report = await city.tells('node-a', 'enforcing', ['db']);
    expect(report).not.toHaveProperty('message');
    expect(await words()).toEqual(GATED);
    const from = city.pod('far').addresses[4];
    await eventually(() => {
      const told = city.hub.of('node-a').refused.flatMap((message) => message.rows);
      expect(told).toContainEqual(
        expect.objectContaining({ from, protocol: 'TCP', port: PORT, direction: 'ingress', policies: ['shop/db'] }),
      );
    });
    city.tellPod('far', { app: 'near' });
    await eventually(async () => expect(await words()).toEqual([['db'], ['db']]));
    city.tellPod('far', { app: 'far' });
    await eventually(async () => expect(await words()).toEqual(GATED));
    expect(city.rules('node-a', '-nft')).toEqual([]);
    expect(rules().length).toBeGreaterThan(20);
  });

  it('come back when another hand meddles, outlive their agent, and a restart writes nothing', async () => {
    for (const tool of ['iptables-legacy', 'ip6tables-legacy']) city.net.run('node-a', tool, '-F', 'FORWARD');
    await eventually(async () => expect(await words()).toEqual(GATED));
    await city.stopAgent('node-a', 'SIGKILL');
    expect(await words()).toEqual(GATED);
    const [before, sets] = [rules(), city.members('node-a')];
    city.startAgent('node-a', FLAVOUR);
    await city.tells('node-a', 'enforcing', ['db']);
    expect([rules(), city.members('node-a')]).toEqual([before, sets]);
  });

  it('go from there when the agent uses the other flavour, and when it cleans up', async () => {
    await city.stopAgent('node-a', 'SIGTERM');
    city.startAgent('node-a', { 'iptables-flavour': 'nft' });
    await city.tells('node-a', 'enforcing', ['db']);
    await eventually(() => expect(rules()).toEqual([]));
    expect(await words()).toEqual(GATED);
    await city.stopAgent('node-a', 'SIGTERM');
    city.command('node-a', 'cleanup');
    expect([...city.rules('node-a', '-nft'), ...rules(), ...city.sets('node-a')]).toEqual([]);
  });
});
