import type { Family } from '@kubecity/routing';
import type { Table } from '@kubecity/ruleset';
import { NetfilterError } from './error.ts';
import { run } from './run.ts';

/** Asks tools and kernel what they can do. No table is changed; a set lives for the blink of its own question. */
export interface Probe {
  /** Why the rule would be refused; undefined = it would be taken. */
  rule(family: Family, table: Table, rule: string): Promise<string | undefined>;
  /** The same for a set: `hash:ip family inet timeout 0`. */
  set(type: string): Promise<string | undefined>;
  /** The same for nft text. */
  nft(text: string): Promise<string | undefined>;
}

const PATIENCE_MS = 10_000;
/** A trial asks the kernel which revisions of an extension it has, and only warns where it has none (libxtables). */
const MISSING = /^Warning: (Extension .* missing kernel module\?)/m;

/** @param suffix of the iptables tools: `-nft`, `-legacy` or nothing */
export function probe(suffix = ''): Probe {
  return {
    rule: (family, table, rule) => {
      const tool = family === 'IPv4' ? 'iptables' : 'ip6tables';
      return refusal(`${tool}${suffix}-restore`, ['--noflush', '--test'], `*${table}\n${rule}\nCOMMIT\n`);
    },
    set: (type) => {
      const name = `CITY-PROBE-${process.pid}`;
      return refusal('ipset', ['restore'], `create ${name} ${type}\ndestroy ${name}\n`);
    },
    nft: (text) => refusal('nft', ['-c', '-f', '-'], text),
  };
}

async function refusal(tool: string, args: readonly string[], input: string): Promise<string | undefined> {
  try {
    const said = await run(tool, args, input, PATIENCE_MS, 'stderr');
    return MISSING.exec(said)?.[1];
  } catch (error) {
    if (error instanceof NetfilterError) return error.message;
    throw error;
  }
}
