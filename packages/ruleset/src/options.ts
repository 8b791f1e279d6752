import type { Family } from '@kubecity/routing';

/**
 * How a client on this node is told from everybody else: by pod range, by the bridge its packets come in through, or by
 * the first characters of its interface's name. `none`: nobody is known to be local.
 */
export type LocalDetect =
  | { readonly kind: 'none' }
  | { readonly kind: 'cidr'; readonly cidr: string }
  | { readonly kind: 'bridge'; readonly name: string }
  | { readonly kind: 'interfacePrefix'; readonly prefix: string };

/** What the kernel text of one family depends on besides the routing table. Addresses and ranges are canonical text. */
export interface CompileOptions {
  readonly family: Family;
  readonly localDetect: LocalDetect;
  /** Rewrite the source of every packet to a cluster IP. */
  readonly masqueradeAll: boolean;
  /** The one packet mark bit we use, as a mask. */
  readonly masqueradeMark: number;
  /** Ranges of local addresses that serve node ports; empty = all of them. */
  readonly nodePortAddresses: readonly string[];
  /** Node ports on 127.0.0.0/8 too (IPv4 only; needs `route_localnet`). */
  readonly localhostNodePorts: boolean;
  /** Addresses of the Node object in this family: if a source range holds one, the load balancer's own addresses may call too. */
  readonly nodeAddresses: readonly string[];
  /** Drop packets that conntrack calls INVALID on their way through (not when `nf_conntrack_tcp_be_liberal` is on). */
  readonly dropInvalid: boolean;
  /**
   * Another Service proxy routes behind these rules: the way into them is guarded by the lease, and a packet to one of their doors
   * that no backend takes is refused here and not left to it.
   */
  readonly inFront: boolean;
}

/** kube-proxy uses bit 14 and the kubelet once used 15; this one is neither. */
export const DEFAULT_MASQUERADE_MARK = 0x2000;

/** What the agent's defaults come to on a node of which nothing is known: no pod range, no address. */
export function defaultCompileOptions(family: Family): CompileOptions {
  return {
    family,
    localDetect: { kind: 'none' },
    masqueradeAll: false,
    masqueradeMark: DEFAULT_MASQUERADE_MARK,
    nodePortAddresses: [],
    localhostNodePorts: family === 'IPv4',
    nodeAddresses: [],
    dropInvalid: true,
    inFront: false,
  };
}
