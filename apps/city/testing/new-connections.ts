import type { RunningCity } from './running-city.ts';

/**
 * New connections to a cluster IP over some seconds, by backend address, as the kernels of all nodes report them
 * (conntrack events). Independent of the agents: it is what they are checked against.
 */
export async function newConnections(
  city: RunningCity,
  nodes: readonly string[],
  clusterIP: string,
  seconds: number,
): Promise<Map<string, number>> {
  const script = `timeout ${seconds} conntrack -E -e NEW -p tcp --orig-dst ${clusterIP} 2>/dev/null || true`;
  const outputs = await Promise.all(nodes.map((node) => city.exec(node, 'sh', '-c', script)));
  const counts = new Map<string, number>();
  for (const line of outputs.join('\n').split('\n')) {
    // The second src= is that of the reply: the backend after DNAT.
    const backend = /src=\S+ dst=\S+ .*?src=(\S+)/.exec(line)?.[1];
    if (backend !== undefined) counts.set(backend, (counts.get(backend) ?? 0) + 1);
  }
  return counts;
}
