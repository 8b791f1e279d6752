import type { Family } from '@kubecity/routing';
import type { Table } from '@kubecity/ruleset';
import { parseCounted, parseCountedSave } from './counted.ts';
import { NetfilterError } from './error.ts';
import type { IptablesTools } from './flavour.ts';
import type { CountedChain, Netfilter } from './netfilter.ts';
import type { RestoreText } from './restore-text.ts';
import { run } from './run.ts';

export interface IptablesOptions {
  readonly family?: Family;
  /** Which of the installed tools; without it those that the host calls iptables. */
  readonly suffix?: IptablesTools['suffix'];
  /** Seconds to wait for the xtables lock (iptables-legacy; the nft variant has none). */
  readonly lockSeconds?: number;
  /** A tool that runs longer is killed. */
  readonly timeoutMs?: number;
}

/** One reading of the table costs less than this many calls of the tool. */
const FEW_CHAINS = 5;

interface FirstRule {
  /**
   * The first rule of any chain, as `iptables -S` prints it; empty when it has none.
   * @throws NetfilterError `missing-chain` where there is no such chain
   */
  firstRule(table: Table, chain: string): Promise<string>;
}

/** Rules of one family through the iptables tools, in the current network namespace. */
export function iptables({
  family = 'IPv4',
  suffix = '',
  lockSeconds = 5,
  timeoutMs = 120_000,
}: IptablesOptions = {}): Netfilter & FirstRule {
  const tool = `${family === 'IPv4' ? 'iptables' : 'ip6tables'}${suffix}`;
  const wait = ['-w', String(lockSeconds)];
  return {
    save: (table) => run(`${tool}-save`, table === undefined ? [] : ['-t', table], '', timeoutMs),
    list: async (table, chains) => {
      const texts: string[] = [];
      for (const chain of chains) texts.push(await listChain(tool, wait, table, chain, timeoutMs));
      return texts.join('');
    },
    listCounted: async (table, chains) => {
      const wanted = [...chains];
      if (wanted.length > FEW_CHAINS) {
        const text = await run(`${tool}-save`, ['-c', '-t', table], '', timeoutMs);
        const read = parseCountedSave(text, new Set(wanted));
        return wanted.flatMap((chain) => read.get(chain) ?? []);
      }
      const found: CountedChain[] = [];
      for (const chain of wanted) {
        found.push(...parseCounted(await listChain(tool, [...wait, '-v'], table, chain, timeoutMs)));
      }
      return found;
    },
    restore: async (text) => {
      const counted = new CountedText(text);
      await run(`${tool}-restore`, ['--noflush', ...wait], counted, timeoutMs);
      return counted.commits;
    },
    firstRule: async (table, chain) =>
      (await run(tool, [...wait, '-t', table, '-S', chain, '1'], '', timeoutMs)).trim(),
  };
}

/** A restore text that knows how many times it commits, once it has been read. Its pieces are of whole lines. */
class CountedText implements Iterable<string | Promise<unknown>> {
  readonly #pieces: Iterable<string | Promise<unknown>>;
  commits = 0;

  constructor(text: RestoreText) {
    this.#pieces = typeof text === 'string' ? [text] : text;
  }

  *[Symbol.iterator](): Generator<string | Promise<unknown>, void> {
    this.commits = 0;
    for (const piece of this.#pieces) {
      if (typeof piece === 'string') this.commits += piece.match(/^COMMIT$/gm)?.length ?? 0;
      yield piece;
    }
  }
}

async function listChain(tool: string, options: string[], table: Table, chain: string, timeoutMs: number) {
  try {
    return await run(tool, [...options, '-t', table, '-S', chain], '', timeoutMs);
  } catch (error) {
    if (error instanceof NetfilterError && error.code === 'missing-chain') return '';
    throw error;
  }
}
