import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import type { Hub } from '../../server/hub.ts';
import { cart1, edgeFrame, rulesReport, webToCart1 } from './objects.ts';
import type { AgentSocket, Browser } from './peers.ts';
import { TestCluster } from './test-cluster.ts';
import { type AgentArguments, TestHub } from './test-hub.ts';

/** What a test of the whole hub works with. */
export interface HubLab {
  readonly cluster: TestCluster;
  readonly hub: Hub;
  readonly url: string;
  readonly log: readonly string[];
  /** False: the cluster says that we may not. */
  allowed: boolean;
  agent(...args: AgentArguments): AgentSocket;
  browser(headers?: Record<string, string>): Browser;
  /** Two agents that say the same of the overrides given, and one edge from node-b. */
  reports(acknowledged: Parameters<typeof rulesReport>[0]): { readonly a: AgentSocket; readonly b: AgentSocket };
}

/** The id of that edge. */
export const webToCart1Id = `pod:uid-web-1>${cart1}`;

/** A hub before a small cluster, anew for each test of a file. */
export function hubOfEachTest(): HubLab {
  let [cluster, made, directory]: [TestCluster?, TestHub?, string?] = [];
  const there = <T>(value: T | undefined): T => {
    if (value === undefined) throw new Error('only a test has a hub');
    return value;
  };
  const lab: HubLab = {
    get cluster() {
      return there(cluster);
    },
    get hub() {
      return there(made).hub;
    },
    get url() {
      return there(made).url;
    },
    get log() {
      return there(made).log;
    },
    allowed: true,
    agent: (...args) => there(made).agent(...args),
    browser: (headers) => there(made).browser(headers),
    reports(acknowledged) {
      const [a, b] = [lab.agent({ node: 'node-a' }), lab.agent({ node: 'node-b' })];
      for (const socket of [a, b]) socket.emit('rules', rulesReport(acknowledged));
      a.emit('edges', edgeFrame(0, 1000, []), () => {});
      b.emit(
        'edges',
        edgeFrame(0, 1000, [[1, 100, 0, 0, 0, 0, 0, 0, 1, 2, 3]], { define: [[1, webToCart1]] }),
        () => {},
      );
      return { a, b };
    },
  };
  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'kubecity-hub-'));
    cluster = new TestCluster(directory);
    await cluster.start();
    lab.allowed = true;
    const { client } = cluster;
    const selfAccess: typeof client.selfAccess = async (attributes) =>
      lab.allowed ? client.selfAccess(attributes) : { allowed: false, reason: 'no role permits it' };
    made = await TestHub.start({ ...client, selfAccess }, directory);
  });
  afterEach(async () => {
    await made?.close();
    await cluster?.remove();
    rmSync(there(directory), { recursive: true });
  });
  return lab;
}
