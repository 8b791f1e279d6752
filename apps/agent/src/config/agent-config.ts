import type { RoutesMode } from '@kubecity/protocol';
import type { Family } from '@kubecity/routing';
import type { HostPort } from './listen-address.ts';
import type { LogLevel } from './log-level.ts';
import type { Mode } from './mode.ts';
import type { Settings } from './settings.ts';

/** What the agent runs with: every setting parsed, defaults filled in, contradictions refused. */
export interface AgentConfig {
  readonly nodeName: string;
  readonly mode: Mode;
  /** Mode replace, though kube-proxy has rules for Services on this node. */
  readonly takeOver: boolean;
  /** NetworkPolicies are enforced here. */
  readonly isolation: 'off' | 'on';
  readonly isolationRefusal: 'reject' | 'drop';
  /** Whether egress policies are asked about what a pod opens to its own node. */
  readonly isolationOwnNode: 'exempt' | 'filter';
  /** Mode steer: how long the rules match after this agent was last seen at work. */
  readonly leaseSeconds: number;
  readonly iptablesFlavour: 'auto' | 'nft' | 'legacy';
  /** At most one of `kubeconfig` and `kubeSocket`; with neither the Pod's own ServiceAccount is used. */
  readonly kubeconfig?: string;
  readonly kubeSocket?: string;
  /** Whose pod this agent is; when it is deleted, the rules go with it. */
  readonly daemonSet?: NamespacedName;
  readonly proxy: ProxyConfig;
  /** `spec.externalIPs` of Services opens doors. */
  readonly allowExternalIPs: boolean;
  readonly conntrack: ConntrackConfig;
  readonly hub?: HubAddress;
  /** Present whenever `hub` is. */
  readonly hubTokenFile?: string;
  /** Absent: as this machine trusts every server. */
  readonly hubTrust?: HubTrustSetting;
  /** Absent = switched off. */
  readonly health?: HostPort;
  /** A loopback address. Absent = switched off. */
  readonly metrics?: HostPort;
  /** Profiles and the log level can be asked for where metrics are. */
  readonly profiling: boolean;
  /** An address that cannot be bound ends the agent instead of being tried again. */
  readonly bindAddressHardFail: boolean;
  readonly logLevel: LogLevel;
  readonly minSyncMs: number;
  readonly syncPeriodMs: number;
  readonly checkMs: number;
  readonly accountingMs: number;
  /** Of one core. */
  readonly accountingCpuPercent: number;
  /** Connections past every Service are accounted too. */
  readonly accountingDirect: boolean;
  /** Who keeps the routes to other nodes' pods, and which of them. */
  readonly routes: RoutesMode;
  /** Of the device that encapsulates, in `auto`. */
  readonly vxlanId: number;
  readonly vxlanPort: number;
}

/** Everything that decides how this node routes. Addresses and ranges are canonical text. */
export interface ProxyConfig {
  readonly clusterCIDRs: { readonly [family in Family]?: string };
  readonly localDetect: {
    readonly mode: 'clusterCIDR' | 'nodeCIDR' | 'bridgeInterface' | 'interfaceNamePrefix' | 'none';
    /** Present in the mode of the same name. */
    readonly bridgeInterface?: string;
    readonly interfaceNamePrefix?: string;
  };
  readonly masqueradeAll: boolean;
  /** One bit. */
  readonly masqueradeMark: number;
  /** Ranges, or exactly `['primary']`: the node's first address of each family. Empty = every local address. */
  readonly nodePortAddresses: readonly string[];
  readonly localhostNodePorts: boolean;
  /** Instead of the addresses of the Node object, one per family at most. */
  readonly nodeIPs: readonly string[];
}

export interface NamespacedName {
  readonly namespace: string;
  readonly name: string;
}

/** Kernel settings to make; what is absent is left as it is. */
export type ConntrackConfig = NonNullable<Settings['conntrack']>;

export type HubTrustSetting = { readonly file: string } | { readonly configMap: NamespacedName };

export type HubAddress = { readonly socketPath: string } | { readonly url: string };

/** The configuration is refused. The message has one line per fault: where it stands, the value, what is expected. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    super(faults.join('\n'));
    this.faults = faults;
  }
}
