import type { Family } from '@kubecity/routing';
import type { Table } from '@kubecity/ruleset';
import { parseCounted } from './counted.ts';
import { NetfilterError } from './error.ts';
import type { CountedChain, Netfilter } from './netfilter.ts';
import { run } from './run.ts';

export interface IptablesOptions {
  readonly family?: Family;
  /** Seconds to wait for the xtables lock (iptables-legacy; the nft variant has none). */
  readonly lockSeconds?: number;
  /** A tool that runs longer is killed. */
  readonly timeoutMs?: number;
}

/** Rules of one family through the iptables tools, in the current network namespace. */
export function iptables({ family = 'IPv4', lockSeconds = 5, timeoutMs = 120_000 }: IptablesOptions = {}): Netfilter {
  const tool = family === 'IPv4' ? 'iptables' : 'ip6tables';
  const wait = ['-w', String(lockSeconds)];
  return {
    save: (table) => run(`${tool}-save`, table === undefined ? [] : ['-t', table], '', timeoutMs),
    list: async (table, chains) => {
      const texts: string[] = [];
      for (const chain of chains) texts.push(await listChain(tool, wait, table, chain, timeoutMs));
      return texts.join('');
    },
    listCounted: async (table, chains) => {
      const found: CountedChain[] = [];
      for (const chain of chains) {
        found.push(...parseCounted(await listChain(tool, [...wait, '-v'], table, chain, timeoutMs)));
      }
      return found;
    },
    restore: async (text) => {
      await run(`${tool}-restore`, ['--noflush', ...wait], text, timeoutMs);
    },
  };
}

async function listChain(tool: string, options: string[], table: Table, chain: string, timeoutMs: number) {
  try {
    return await run(tool, [...options, '-t', table, '-S', chain], '', timeoutMs);
  } catch (error) {
    if (error instanceof NetfilterError && error.code === 'missing-chain') return '';
    throw error;
  }
}

/** Which kernel interface the installed iptables speaks. Its own version line says so (iptables 1.8 and later). */
export async function iptablesVariant(): Promise<'nf_tables' | 'legacy'> {
  const version = await run('iptables', ['--version'], '', 10_000);
  return version.includes('nf_tables') ? 'nf_tables' : 'legacy';
}
