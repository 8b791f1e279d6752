import { formatWords } from './address.ts';
import { AddressTable, NO_ADDRESS } from './address-table.ts';
import type { FlowRow } from './flow-row.ts';
import { type Party, partyOf } from './party.ts';

/** Bits of the network by which addresses are grouped. */
export type NetworkBits = Readonly<Record<FlowRow['family'], number>>;

/** Names kept ready; beyond that they are made anew. */
const MAX_PARTIES = 65_536;

/** Groups addresses: clients outside the cluster are told by their network, and pods live in some networks. */
export class Networks {
  readonly #bits: NetworkBits;
  readonly #masks: Readonly<Record<FlowRow['family'], Uint32Array>>;
  /** The network asked for last. */
  readonly #words = new Uint32Array(4);
  #outside = new AddressTable();
  #parties: Party[] = [];
  readonly #pods = new AddressTable();

  constructor(bits: NetworkBits) {
    this.#bits = bits;
    this.#masks = { 4: maskOf(bits[4]), 6: maskOf(bits[6]) };
  }

  /** The network of an address as a client: `203.0.113.0/24`. */
  outside(family: FlowRow['family'], words: Uint32Array): Party {
    const network = this.#mask(family, words);
    const known = this.#outside.find(family, network, 0);
    if (known !== NO_ADDRESS) return this.#parties[known] as Party;
    if (this.#outside.size >= MAX_PARTIES) {
      this.#outside = new AddressTable();
      this.#parties = [];
    }
    const party = partyOf({
      kind: 'outside',
      network: `${formatWords(family, network)}/${this.#bits[family]}`,
    });
    this.#parties[this.#outside.hold(family, network, 0)] = party;
    return party;
  }

  podCame(family: FlowRow['family'], words: Uint32Array): void {
    this.#pods.hold(family, this.#mask(family, words), 0);
  }

  podWent(family: FlowRow['family'], words: Uint32Array): void {
    const network = this.#pods.find(family, this.#mask(family, words), 0);
    this.#pods.release(network);
  }

  /** Whether pods have addresses in the network of this one. */
  hasPods(family: FlowRow['family'], words: Uint32Array): boolean {
    return this.#pods.find(family, this.#mask(family, words), 0) !== NO_ADDRESS;
  }

  #mask(family: FlowRow['family'], words: Uint32Array): Uint32Array {
    const mask = this.#masks[family];
    for (let n = 0; n < 4; n += 1) this.#words[n] = (words[n] as number) & (mask[n] as number);
    return this.#words;
  }
}

const maskOf = (bits: number): Uint32Array =>
  Uint32Array.from([0, 32, 64, 96], (before) => {
    const inWord = Math.min(32, Math.max(0, bits - before));
    return inWord === 0 ? 0 : (0xffffffff << (32 - inWord)) >>> 0;
  });
