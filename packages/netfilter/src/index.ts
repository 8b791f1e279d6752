export { type Doors, type DoorsOptions, openDoors } from './doors.ts';
export { type NetfilterCode, NetfilterError } from './error.ts';
export {
  type ChosenTools,
  chooseIptables,
  type Flavour,
  type IptablesTools,
  installedIptables,
} from './flavour.ts';
export { FrontedNetfilter, type FrontedOptions } from './fronted.ts';
export { FrontedSets, type FrontedSetsOptions } from './fronted-sets.ts';
export { ipset } from './ipset.ts';
export { type IptablesOptions, iptables } from './iptables.ts';
export { findKubeProxy, type KubeProxyHere } from './kube-proxy.ts';
export type { CountedChain, CountedRule, InSet, Ipset, Netfilter } from './netfilter.ts';
export { type Nft, nft } from './nft.ts';
export { type Probe, probe } from './probe.ts';
export { inTime, type RestoreText } from './restore-text.ts';
