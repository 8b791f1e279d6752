import { expect, test } from 'vitest';
import { chooseNode } from '../src/launcher/scheduler.ts';
import type { Node, Pod } from '../src/objects.ts';

const ready = { conditions: [{ type: 'Ready', status: 'True' }] };
const node = (name: string, more: Partial<Node> = {}): Node => ({ metadata: { name }, status: ready, ...more });
const pod = (owner: string, nodeName?: string): Pod => ({
  metadata: { name: 'p', ownerReferences: [{ apiVersion: 'apps/v1', kind: 'Deployment', name: owner, uid: owner }] },
  spec: { nodeName, containers: [] },
});

test('spreads the pods of one owner before it looks at the load', () => {
  const pods = [pod('web', 'a'), pod('db', 'b'), pod('db', 'b')];
  expect(chooseNode(pod('web'), [node('a'), node('b')], pods)).toBe('b');
  expect(chooseNode(pod('new'), [node('a'), node('b')], pods)).toBe('a');
});

test('leaves out nodes that are not ready or cordoned', () => {
  const nodes = [node('a', { status: {} }), node('b', { spec: { unschedulable: true } }), node('c')];
  expect(chooseNode(pod('web'), nodes, [pod('web', 'c')])).toBe('c');
  expect(chooseNode(pod('web'), nodes.slice(0, 2), [])).toBeUndefined();
});

test('leaves out a node whose address range is used up', () => {
  const full = Array.from({ length: 250 }, () => pod('web', 'a'));
  expect(chooseNode(pod('db'), [node('a')], full)).toBeUndefined();
});
