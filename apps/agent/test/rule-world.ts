import type { Ipset, Netfilter } from '@kubecity/netfilter';
import { type KubeEndpointSlice, type KubeService, RoutingTracker } from '@kubecity/routing';
import { type CompileOptions, Compiler, defaultCompileOptions } from '@kubecity/ruleset';
import { RuleSync, type SyncResult } from '../src/rules/rule-sync.ts';

export const OPTIONS: CompileOptions = {
  ...defaultCompileOptions('IPv4'),
  localDetect: { kind: 'cidr', cidr: '10.244.0.0/16' },
};

export const service = (name: string, clusterIP: string, spec: object = {}): KubeService => ({
  metadata: { namespace: 'shop', name },
  spec: { clusterIP, ports: [{ name: 'http', port: 80 }], ...spec },
});

export const slice = (name: string, ...addresses: string[]): KubeEndpointSlice => ({
  metadata: { namespace: 'shop', name: `${name}-1`, labels: { 'kubernetes.io/service-name': name } },
  addressType: 'IPv4',
  ports: [{ name: 'http', port: 8080 }],
  endpoints: addresses.map((address) => ({ addresses: [address] })),
});

/** Objects and the rules made of them, one sync at a time. */
export class RuleWorld {
  readonly tracker = new RoutingTracker({ name: 'node-a' });
  readonly sync: RuleSync;

  constructor(netfilter: Netfilter, ipset: Ipset, options: CompileOptions = OPTIONS) {
    this.sync = new RuleSync({ compiler: new Compiler(options), netfilter, ipset });
  }

  async syncOnce(): Promise<SyncResult> {
    const { table, changed } = this.tracker.take();
    return this.sync.sync(table.servicePorts, changed);
  }
}
