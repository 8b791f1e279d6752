export { type NetfilterCode, NetfilterError } from './error.ts';
export { ipset } from './ipset.ts';
export { type IptablesOptions, iptables, iptablesVariant } from './iptables.ts';
export type { CountedChain, CountedRule, Ipset, Netfilter, RestoreText } from './netfilter.ts';
