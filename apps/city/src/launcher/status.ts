import { join } from 'node:path';
import { connect, resources } from '@kubecity/kube';
import { isTrue, type Node, type Pod, type Service } from '../objects.ts';
import { CityError } from './city-error.ts';
import { footprint } from './footprint.ts';
import { isReady } from './replicas.ts';
import { findCity, statePath } from './state-folder.ts';

/** What `npm run city -- status` prints, line by line. */
export async function describeCity(): Promise<string[]> {
  const city = findCity();
  if (city === undefined) throw new CityError('not-running', 'tell the status', 'no city of this user runs');
  const client = connect({ socketPath: join(statePath(), 'api.sock') });
  try {
    const [nodes, services, pods, policies] = await Promise.all([
      client.list<Node>(resources.nodes),
      client.list<Service>(resources.services),
      client.list<Pod>(resources.pods),
      client.list(resources.networkPolicies),
    ]);
    const readyNodes = nodes.items.filter(({ status }) => isTrue(status?.conditions, 'Ready')).length;
    return [
      `Dashboard   ${city.url ?? 'none'}`,
      `Since       ${city.startedAt} (process ${city.launcher.pid})`,
      `kubeconfig  ${join(statePath(), 'kubeconfig')}`,
      `Logs        ${join(statePath(), 'logs')}`,
      `Nodes       ${readyNodes} of ${nodes.items.length} ready`,
      `Services    ${services.items.length}`,
      `Policies    ${policies.items.length}`,
      `Pods        ${pods.items.filter(isReady).length} of ${pods.items.length} ready`,
      ...memoryLines(city.launcher.pid),
    ];
  } finally {
    await client.close();
  }
}

function memoryLines(launcher: number): string[] {
  const parts = [...footprint(launcher)].toSorted(([, a], [, b]) => b.pssKilobytes - a.pssKilobytes);
  const sum = (of: 'processes' | 'pssKilobytes') => parts.reduce((total, [, share]) => total + share[of], 0);
  const line = (name: string, processes: number, kilobytes: number) =>
    `${name.padEnd(18)}${String(processes).padStart(4)} processes${(kilobytes / 1024).toFixed(0).padStart(7)} MiB`;
  return [
    '',
    ...parts.map(([part, { processes, pssKilobytes }]) => line(part, processes, pssKilobytes)),
    line('memory (PSS)', sum('processes'), sum('pssKilobytes')),
  ];
}
