export { type NetfilterCode, NetfilterError } from './error.ts';
export { type IptablesOptions, iptables } from './iptables.ts';
export type { Netfilter } from './netfilter.ts';
