import type { CityRecord } from '@kubecity/protocol';
import { expect, it } from 'vitest';
import { skewedAgents, skewTitle } from '../../src/city/versions.ts';

type Agent = CityRecord<'node'>['agent'];
const node = (name: string, agent: Partial<Agent>): CityRecord<'node'> => ({
  name,
  ready: true,
  addresses: [],
  agent: { state: 'live', version: '0.2.0', ...agent },
});

it('tells agents of other versions, the unsupported first', () => {
  const agents = skewedAgents([
    node('node-10', { version: '0.1.0', skew: { is: 'older', supported: true } }),
    node('node-2', { version: '0.1.0', skew: { is: 'older', supported: true } }),
    node('node-3', {}),
    node('node-4', { version: '0.9.0', skew: { is: 'newer', supported: false } }),
    node('node-5', { state: 'absent', skew: { is: 'older', supported: true } }),
  ]);
  expect(agents.map((agent) => [agent.node, agent.version, agent.words])).toEqual([
    ['node-4', '0.9.0', 'newer than this dashboard by more than one minor version'],
    ['node-2', '0.1.0', 'older than this dashboard'],
    ['node-10', '0.1.0', 'older than this dashboard'],
  ]);
  expect(skewTitle(agents)).toBe('3 agents of another version');
  expect(skewedAgents([node('node-3', {})])).toEqual([]);
});
