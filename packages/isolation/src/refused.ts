import type { Family } from '@kubecity/routing';
import { type Chain, RESET, reject } from '@kubecity/ruleset';
import type { IsolationOptions } from './options.ts';

/** The chain where everything ends that is not allowed. */
export const REFUSED = 'CITY-JREFUSED';

/** Where the kernel tells of each family's refusals (`/proc/net/DIRECTORY/TABLE`). */
export const REFUSAL_DIRECTORY: Readonly<Record<Family, string>> = { IPv4: 'ipt_hashlimit', IPv6: 'ip6t_hashlimit' };
/** Protocols with ports, and the table that remembers who was refused. */
export const REFUSAL_TABLES = {
  TCP: 'city-refused-tcp',
  UDP: 'city-refused-udp',
  SCTP: 'city-refused-sctp',
} as const;
/** Seconds after the last packet until such a memory is gone. */
export const REFUSAL_SECONDS = 10;
/**
 * Memories of each table and family. Beyond that the kernel drops a refused packet instead of answering it: its sender
 * meets silence, and is not told of.
 */
export const MOST_REFUSALS = 4096;

/**
 * Rules that only remember (the limit is not asked by anybody, but xt_hashlimit wants one), then the refusal. A match costs
 * a hash look-up, is bounded, and loses nothing however many come: a packet of a known pair only renews its entry.
 */
export function refusedChain({ family, refusal }: IsolationOptions): Chain {
  const memories = Object.entries(REFUSAL_TABLES).map(([protocol, table]) =>
    [
      `-p ${protocol.toLowerCase()} -m hashlimit --hashlimit-upto 1/sec --hashlimit-burst 5`,
      `--hashlimit-mode srcip,dstip,dstport --hashlimit-name ${table}`,
      `--hashlimit-htable-max ${MOST_REFUSALS} --hashlimit-htable-expire ${REFUSAL_SECONDS * 1000}`,
    ].join(' '),
  );
  return [...memories, ...(refusal === 'drop' ? ['-j DROP'] : [RESET, reject(family)])];
}

/** One pair that was refused. */
export interface Memory {
  readonly from: string;
  readonly to: string;
  /** Of `to`. */
  readonly port: number;
  /** Whole seconds until it is forgotten, rounded down: it goes up again with each packet. */
  readonly seconds: number;
}

/** Lines of such a table (`dl_seq_print` of xt_hashlimit.c): `9 10.0.1.2:0->10.0.2.2:80 …`, IPv6 without brackets. */
export function parseMemories(text: string): Memory[] {
  return [...text.matchAll(/^(-?\d+) (\S+):\d+->(\S+):(\d+) /gm)].map(([, seconds, from = '', to = '', port]) => ({
    from,
    to,
    port: Number(port),
    seconds: Number(seconds),
  }));
}
