import { execFileSync } from 'node:child_process';
import type { KernelState, RoutePlan } from '@kubecity/routes';
import { since } from '../statistics.ts';

/**
 * What the same routes, neighbours and forwarding entries cost through `ip -batch` and `bridge -batch`: the tunnels are
 * there, of ours nothing is on them. Milliseconds, the programs' start included.
 */
export function batchFloor({ routes, neighbours, forwarding }: RoutePlan, kernel: KernelState): number {
  const name = (index: number) => kernel.link(index)?.name;
  const tunnel = { IPv4: 'city-vxlan4', IPv6: 'city-vxlan6' } as const;
  const ip = [
    ...neighbours.map(
      ({ family, address, mac }) => `neigh add ${address} lladdr ${mac} dev ${tunnel[family]} nud permanent`,
    ),
    ...routes.map(({ family, range, metric, hop }) => {
      if (!hop) return `route add unreachable ${range} metric ${metric} proto 202`;
      const { gateway, device } = hop;
      const way = device === 'tunnel' ? `${tunnel[family]} onlink` : name(device);
      return `route add ${range} via ${gateway} dev ${way} metric ${metric} proto 202`;
    }),
  ];
  const bridge = forwarding.map(
    ({ family, mac, remote }) => `fdb add ${mac} dev ${tunnel[family]} dst ${remote} self permanent`,
  );
  const start = process.hrtime.bigint();
  if (ip.length > 0) batch('ip', ip);
  if (bridge.length > 0) batch('bridge', bridge);
  return since(start);
}

function batch(command: string, lines: readonly string[]): void {
  execFileSync(command, ['-batch', '-'], { input: `${lines.join('\n')}\n`, stdio: ['pipe', 'ignore', 'inherit'] });
}
