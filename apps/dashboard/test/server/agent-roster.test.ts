import type { RulesReport } from '@kubecity/protocol';
import { expect, test } from 'vitest';
import { AgentRoster } from '../../server/agent-roster.ts';
import { ack } from './objects.ts';

const NOW = 1_000_000;

function setUp() {
  const roster = new AgentRoster();
  roster.connected('a', '0.1.0');
  const said = (at: number, more: object = {}) =>
    roster.heardRules('a', NOW, { at, inSync: true, acknowledged: [ack('d')], ...more } as RulesReport);
  const dumped = (at: number, lostDumps = 0) =>
    roster.heardEdges('a', NOW, { at, table: { periodMilliseconds: 5000, lostDumps } as never });
  return { roster, said, dumped, counted: () => roster.hasCountedSince('a', 'uid-d') };
}

test('figures count for an override when their dump began after the node held it', () => {
  const { said, dumped, counted } = setUp();
  expect(counted()).toBe(false);
  dumped(50);
  said(100);
  expect(counted()).toBe(false);
  dumped(99);
  expect(counted()).toBe(false);
  dumped(100);
  expect(counted()).toBe(true);
});

test('that it is said again changes nothing; another generation, another state and a kernel out of sync begin anew', () => {
  const { said, dumped, counted } = setUp();
  said(100);
  dumped(150);
  said(200);
  expect(counted()).toBe(true);
  said(300, { acknowledged: [{ ...ack('d'), generation: 2 }] });
  expect(counted()).toBe(false);
  dumped(301);
  expect(counted()).toBe(true);
  said(400, { inSync: false, acknowledged: [{ ...ack('d'), generation: 2 }] });
  expect(counted()).toBe(false);
  said(500, { acknowledged: [{ ...ack('d'), generation: 2 }] });
  expect(counted()).toBe(false);
  dumped(500);
  expect(counted()).toBe(true);
});

test('a dump that was lost counts for nothing, the next whole one does', () => {
  const { said, dumped, counted } = setUp();
  said(100);
  dumped(101, 1);
  expect(counted()).toBe(false);
  dumped(102, 2);
  expect(counted()).toBe(false);
  dumped(103, 2);
  expect(counted()).toBe(true);
});
