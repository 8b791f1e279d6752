import { IsolationTracker } from '@kubecity/isolation';
import { EventRecorder, isKubeError, type KubeClient } from '@kubecity/kube';
import { RoutingTracker } from '@kubecity/routing';
import { pino } from 'pino';
import { expect } from 'vitest';
import { Departure } from '../../../apps/agent/src/departure.ts';
import { DirectoryNews } from '../../../apps/agent/src/directory.ts';
import { agentEvents, EVENT_CONTROLLER } from '../../../apps/agent/src/events.ts';
import { hubTrust } from '../../../apps/agent/src/hub-trust.ts';
import { OverrideObjects } from '../../../apps/agent/src/override-objects.ts';
import { watchCluster } from '../../../apps/agent/src/watches.ts';

/** What each piece of the agent's work came to: `fine`, or what was seen of its failure. */
export type Work = Record<string, string>;

const silent = pino({ level: 'silent' });

/** @throws what is no refusal of the API */
export async function outcome(act: () => Promise<unknown>): Promise<'fine' | 'refused'> {
  try {
    await act();
    return 'fine';
  } catch (error) {
    if (isKubeError(error, 'forbidden')) return 'refused';
    throw error;
  }
}

/** All that the agent asks of the API, by the agent's own modules. Resolves when each part has come to an end, good or bad. */
export async function agentAtWork(client: KubeClient, namespace: string): Promise<Work> {
  const stop = new AbortController();
  const work: Work = {};
  const tracker = new RoutingTracker({ name: 'node-a' });
  const watched = 8;
  watchCluster(
    client,
    {
      ...{ tracker, overrides: new OverrideObjects(tracker), directory: new DirectoryNews(() => {}) },
      ...{
        triggers: { set() {}, delete() {} },
        nodeName: 'node-a',
        ownNode() {},
        counted() {},
        changed() {},
        synced() {},
      },
      isolation: { tracker: new IsolationTracker('node-a'), changed() {}, listed() {} },
      rights: { refused() {}, granted() {} },
      apiState: (plural, live) => {
        work[`watch of ${plural}`] = live ? 'fine' : 'interrupted';
      },
    },
    silent,
    stop.signal,
  );
  let now = Date.now();
  const failed: string[] = [];
  const events = new EventRecorder({
    client,
    controller: EVENT_CONTROLLER,
    instance: 'node-a',
    now: () => now,
    failed: (error) => failed.push(error.message),
  });
  events.record(agentEvents.starting('node-a', '0.0.0', 'observe'));
  await events.flush();
  work['first event'] = failed.length === 0 ? 'fine' : 'refused';
  now += 60_000;
  events.record(agentEvents.starting('node-a', '0.0.0', 'observe'));
  await events.flush();
  work['event that goes on'] = failed.length === 0 ? 'fine' : 'refused';

  const warnings: object[] = [];
  const log = { info: () => {}, warn: (what: object) => void warnings.push(what) };
  const departure = new Departure({ client, daemonSet: { namespace, name: 'kubecity-agent' }, log });
  await departure.begin();
  work['look at the DaemonSet'] = warnings.some((one) => 'fate' in one && one.fate === 'refused') ? 'refused' : 'fine';

  const trust = hubTrust({ configMap: { namespace, name: 'kubecity-dashboard-ca' } }, client);
  work['certificates of the dashboard'] = await outcome(() => trust.certificates());

  const states = () => Object.keys(work).filter((part) => part.startsWith('watch of')).length;
  await expect.poll(states, { timeout: 30_000, interval: 10 }).toBe(watched);
  stop.abort();
  return work;
}
