/**
 * - `observe`: writes no rule; flows, Services and backends are told all the same
 * - `steer`: programs the service ports that an override acts on, in front of the kube-proxy that is there
 * - `replace`: is the Service proxy of this node
 */
export const MODES = ['observe', 'steer', 'replace'] as const;
export type Mode = (typeof MODES)[number];
