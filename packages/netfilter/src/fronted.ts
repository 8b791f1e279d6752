import type { Family } from '@kubecity/routing';
import {
  type Front,
  hooksIn,
  isFront,
  joined,
  listed,
  type NftLine,
  type NftTable,
  natChange,
  parted,
  type Table,
  UnknownWordsError,
} from '@kubecity/ruleset';
import { NetfilterError } from './error.ts';
import type { CountedChain, Netfilter } from './netfilter.ts';
import { applyNft, type Nft } from './nft.ts';
import { type RestoreText, textInTime } from './restore-text.ts';

export interface FrontedOptions {
  readonly family: Family;
  readonly iptables: Netfilter;
  readonly nft: Nft;
  /** Asked at each call; after a change all must be read and compared anew. */
  readonly front: () => Front;
}

/**
 * Both languages behind one door, which speaks iptables': the chains that choose a backend stand where the front is. What of them is
 * left on the other side is told as chains that nobody wished, so that the sync which writes the new side takes the old one away,
 * in this order.
 */
export class FrontedNetfilter implements Netfilter {
  readonly #options: FrontedOptions;
  /** What the last reading of all found on the side that is not the front. */
  #misplaced = false;

  constructor(options: FrontedOptions) {
    this.#options = options;
  }

  async save(table?: Table): Promise<string> {
    const { iptables, nft, front } = this.#options;
    if (table === 'filter') return iptables.save(table);
    const [ofIptables, ofNft] = await Promise.all([iptables.save(table), nft.read()]);
    this.#misplaced = ofNft !== undefined;
    return joined(ofIptables, ofNft, front());
  }

  async list(table: Table, chains: Iterable<string>): Promise<string> {
    const { iptables } = this.#options;
    const { behind, inFront } = this.#sidesOf(table, chains);
    const texts = [await iptables.list(table, behind)];
    if (inFront.length > 0) texts.push(listed(await this.#options.nft.chains(inFront)));
    return texts.join('');
  }

  async listCounted(table: Table, chains: Iterable<string>): Promise<CountedChain[]> {
    const wanted = [...chains];
    const { behind, inFront } = this.#sidesOf(table, wanted);
    const found = new Map<string, CountedChain>();
    for (const each of await this.#options.iptables.listCounted(table, behind)) found.set(each.chain, each);
    for (const [chain, rules] of await this.#options.nft.chains(inFront)) found.set(chain, { chain, rules });
    return wanted.flatMap((chain) => found.get(chain) ?? []);
  }

  async restore(text: RestoreText): Promise<number> {
    const { iptables, front } = this.#options;
    const side = front();
    // Text for iptables alone goes through as it comes, piece by piece.
    if (side === 'iptables' && !this.#misplaced) return iptables.restore(text);
    const parts = parted(await textInTime(text), side);
    let commits = parts.iptables === '' ? 0 : await iptables.restore(parts.iptables);
    commits += await this.#change(parts.nft);
    if (parts.misplaced.length === 0) return commits;
    if (side === 'iptables') return commits + (await this.#change(parts.misplaced));
    return commits + (await iptables.restore(`*nat\n${parts.misplaced.join('\n')}\nCOMMIT\n`));
  }

  #sidesOf(table: Table, chains: Iterable<string>): { behind: string[]; inFront: string[] } {
    const atNft = table === 'nat' && this.#options.front() === 'nft';
    const { true: inFront = [], false: behind = [] } = Object.groupBy(chains, (chain) => `${atNft && isFront(chain)}`);
    return { inFront, behind };
  }

  async #change(lines: readonly string[]): Promise<number> {
    const { nft, family } = this.#options;
    if (lines.length === 0) return 0;
    const hooks = await nft.chains(hooksIn(lines));
    const commands = inNft(lines, hooks, family);
    try {
      await applyNft(commands.map(({ text }) => text));
      return 1;
    } catch (error) {
      throw error instanceof NetfilterError ? asWritten(error, commands) : error;
    }
  }
}

function inNft(lines: readonly string[], there: NftTable['chains'], family: Family): NftLine[] {
  try {
    return natChange(lines, new Map([...there].map(([name, rules]) => [name, rules.map(({ rule }) => rule)])), family);
  } catch (error) {
    if (!(error instanceof UnknownWordsError)) throw error;
    throw new NetfilterError('nft -f -', 'refused', error.message, { line: error.line, cause: error });
  }
}

/** The same error with the line of the restore text: whoever wrote that knows whose it is. */
function asWritten(error: NetfilterError, commands: readonly NftLine[]): NetfilterError {
  const from = commands.find(({ text }) => text === error.line)?.from;
  if (!from) return error;
  return new NetfilterError(error.operation, error.code, error.message, { line: from, cause: error });
}
