import type { RouteTables } from '@kubecity/netlink';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { expect, it } from 'vitest';
import { openSysctls } from '../../src/host/sysctl.ts';
import { routeMetrics } from '../../src/routes/route-metrics.ts';
import { Routes } from '../../src/routes/routes.ts';
import { HandClock, settle } from '../hand-clock.ts';

it('switched off it takes away what a former agent left, and tries again where that fails, until it stops', async () => {
  const clock = new HandClock();
  let reads = 0;
  let isBroken = true;
  const tables: RouteTables = {
    read: async () => {
      reads += 1;
      if (isBroken) throw new Error('routes read: interrupted');
      return [];
    },
    ways: async () => new Map(),
    write: async () => [],
    close: () => {},
  };
  const config = { nodeName: 'node-a', routes: 'off', vxlanId: 4242, vxlanPort: 4789 } as const;
  const open = () =>
    new Routes(
      {
        ...{ config, mode: () => 'replace', sysctls: openSysctls(), metrics: routeMetrics(new Registry()), clock },
        ...{ log: pino({ level: 'silent' }), reported: () => {}, refused: () => {} },
      },
      tables,
    );
  const routes = open();
  routes.listed();
  await settle();
  await clock.advance(60_000);
  expect(reads).toBe(3);
  isBroken = false;
  await clock.advance(300_000);
  expect(reads).toBe(4);
  await routes.stop();
  isBroken = true;
  const stopped = open();
  stopped.listed();
  await stopped.stop();
  await clock.advance(300_000);
  expect(reads).toBe(5);
});
