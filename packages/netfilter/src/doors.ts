import type { Family } from '@kubecity/routing';
import type { Front } from '@kubecity/ruleset';
import type { IptablesTools } from './flavour.ts';
import { FrontedNetfilter } from './fronted.ts';
import { FrontedSets } from './fronted-sets.ts';
import { ipset } from './ipset.ts';
import { iptables } from './iptables.ts';
import type { Ipset, Netfilter } from './netfilter.ts';
import { nft } from './nft.ts';

/** All that one agent writes through. */
export interface Doors {
  readonly rules: ReadonlyMap<Family, Netfilter>;
  readonly sets: Ipset;
}

export interface DoorsOptions {
  readonly families: readonly Family[];
  readonly suffix?: IptablesTools['suffix'];
  /** Asked at each call; after a change everything must be read and compared anew. */
  readonly front?: () => Front;
}

export function openDoors({ families, suffix = '', front = () => 'iptables' }: DoorsOptions): Doors {
  const tables = new Map(families.map((family) => [family, nft({ family })]));
  const rules = [...tables].map(
    ([family, table]) =>
      [family, new FrontedNetfilter({ family, iptables: iptables({ family, suffix }), nft: table, front })] as const,
  );
  return { rules: new Map(rules), sets: new FrontedSets({ ipset: ipset(), nft: tables, front }) };
}
