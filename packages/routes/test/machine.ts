import {
  difference,
  isGone,
  peersOf,
  planRoutes,
  type Route,
  type RoutePlan,
  type RouteSettings,
  type Step,
  stepText,
} from '@kubecity/routes';
import { ModelKernel } from '@kubecity/routes/testing';
import type { Family, KubeNode } from '@kubecity/routing';
import { numbered } from './nodes.ts';

export const AUTO: RouteSettings = { mode: 'auto', vxlanId: 4242, vxlanPort: 4789 };
export const DIRECT: RouteSettings = { ...AUTO, mode: 'direct' };

/** node-1 of both families, on eth0 (link 2) with 192.168.1.1/24 and fd00::1/64, gateways 192.168.1.254 and fd00::ffff. */
export class Machine {
  readonly kernel = new ModelKernel();
  readonly uplink: number;
  nodes = new Map<string, KubeNode>();
  settings = AUTO;
  refusedTunnels: Partial<Record<Family, string>> = {};

  constructor(...nodes: readonly KubeNode[]) {
    this.kernel.addLink({ name: 'lo', up: true, mtu: 65_536, mac: '00:00:00:00:00:00', kind: '' });
    this.uplink = this.kernel.addLink({ name: 'eth0', up: true, mtu: 1500, mac: '52:54:00:00:00:01', kind: '' }).index;
    this.connect();
    for (const node of [numbered(1), ...nodes]) this.nodes.set(node.metadata.name, node);
  }

  /** Addresses of the uplink, and the routes that come with them. */
  connect(): void {
    const device = this.uplink;
    this.kernel.addresses.push(
      { row: 'address', family: 'IPv4', device, address: '192.168.1.1', bits: 24 },
      { row: 'address', family: 'IPv6', device, address: 'fd00::1', bits: 64 },
    );
    this.kernel.routes.push(
      foreignRoute('192.168.1.0/24', { device, protocol: 2 }),
      foreignRoute('fd00::/64', { device, protocol: 2, metric: 256 }),
      foreignRoute('0.0.0.0/0', { device, gateway: '192.168.1.254', protocol: 3 }),
      foreignRoute('::/0', { device, gateway: 'fd00::ffff', protocol: 3, metric: 1024 }),
    );
  }

  plan(kernel = this.kernel.state()): RoutePlan {
    const { own, peers, refused } = peersOf(this.nodes.values(), 'node-1');
    if (!own) throw new Error('node-1 is not there');
    const { settings, refusedTunnels } = this;
    const ways = new Map(peers.map(({ address }) => [address, this.kernel.way(address)]));
    return planRoutes({ own, peers, refused, ways, kernel, settings, refusedTunnels });
  }

  /** Compares and writes until nothing is left to do. Returns the steps. */
  settle(): Step[] {
    const done: Step[] = [];
    for (let round = 0; round < 4; round++) {
      const kernel = this.kernel.state();
      const { steps, again } = difference(kernel, this.plan(kernel));
      for (const step of steps) {
        this.execute(step);
        kernel.apply(step);
      }
      done.push(...steps);
      if (again) continue;
      // What the agent remembers of its own writing is what the kernel holds.
      const left = difference(kernel, this.plan(kernel)).steps;
      if (left.length > 0) throw new Error(`remembered otherwise than it is: ${left.map(stepText).join('; ')}`);
      return done;
    }
    throw new Error('it does not come to rest');
  }

  execute(step: Step): void {
    const errno = this.kernel.execute(step);
    if (errno !== 0 && !isGone(step, errno)) throw new Error(`${stepText(step)}: errno ${errno}`);
  }
}

export function foreignRoute(range: string, fields: Partial<Route> = {}): Route {
  return {
    row: 'route',
    family: range.includes(':') ? 'IPv6' : 'IPv4',
    range,
    table: 254,
    protocol: 4,
    type: 1,
    tos: 0,
    metric: 0,
    device: 2,
    onlink: false,
    multipath: false,
    ...fields,
  };
}
