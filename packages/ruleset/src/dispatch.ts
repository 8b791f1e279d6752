import { cleanRange, type Family } from '@kubecity/routing';
import { addressChain, portChain } from './names.ts';
import type { Door, DoorPlace } from './part.ts';
import { host, toPort } from './rule.ts';
import type { Chain, Table } from './ruleset.ts';
import { bitTree, type Leaf } from './tree.ts';

/** Root chain of each place, the table it stands in, and the letters its branches are named with. */
export const PLACES: Readonly<
  Record<
    DoorPlace,
    { readonly table: Table; readonly root: string; readonly by: 'address' | 'port'; readonly kind: string }
  >
> = {
  services: { table: 'nat', root: 'CITY-ADDRESSES', by: 'address', kind: 'B' },
  nodePorts: { table: 'nat', root: 'CITY-NODEPORTS', by: 'port', kind: 'BN' },
  refuse: { table: 'filter', root: 'CITY-REFUSE', by: 'address', kind: 'R' },
  external: { table: 'filter', root: 'CITY-EXTERNAL-IPS', by: 'address', kind: 'E' },
  externalPorts: { table: 'filter', root: 'CITY-EXTERNAL-PORTS', by: 'port', kind: 'P' },
  guard: { table: 'filter', root: 'CITY-GUARD', by: 'address', kind: 'D' },
  health: { table: 'filter', root: 'CITY-HEALTH', by: 'port', kind: 'H' },
};

/** All doors of one place as a tree of chains; the root is there even when it is empty. */
export function dispatch(place: DoorPlace, doors: readonly Door[], family: Family): Map<string, Chain> {
  const { root, by, kind } = PLACES[place];
  return by === 'address' ? addressTree(root, kind, doors, family) : portTree(root, kind, doors);
}

interface Placed extends Leaf {
  readonly door: Door;
}

function addressTree(root: string, kind: string, doors: readonly Door[], family: Family): Map<string, Chain> {
  const leaves: Placed[] = doors.map((door) => ({ bits: door.bits ?? '', rule: door.rule, door }));
  const width = family === 'IPv4' ? 32 : 128;
  return bitTree(root, leaves.sort(byBitsThenRule), {
    width,
    match: (prefix) => `-d ${baseOf(prefix, width)}/${prefix.length}`,
    chain: (prefix) => addressChain(kind, baseOf(prefix, width), prefix.length),
    // Many Services on one address are found by port.
    same: (here, chains) => {
      const mine = (here as readonly Placed[]).map((leaf) => leaf.door);
      const address = mine[0]?.address ?? '';
      return portRules(`${kind}P`, mine, chains, address);
    },
  });
}

function portTree(root: string, kind: string, doors: readonly Door[]): Map<string, Chain> {
  const chains = new Map<string, Chain>();
  chains.set(root, portRules(kind, doors, chains));
  return chains;
}

/** Rules in a row while they are few; else one tree of ports per protocol. */
function portRules(kind: string, doors: readonly Door[], chains: Map<string, Chain>, address?: string): Chain {
  const rules: string[] = [];
  for (const protocol of ['TCP', 'UDP', 'SCTP'] as const) {
    const leaves = doors
      .filter((door) => door.protocol === protocol)
      .map(({ port, rule }) => ({ bits: port.toString(2).padStart(16, '0'), rule }))
      .sort(byBitsThenRule);
    const root = portChain(kind, protocol.toLowerCase(), 0, 65_535, address);
    const to = address === undefined ? '' : `-d ${host(address)} `;
    const tree = bitTree(root, leaves, {
      width: 16,
      match: (prefix) => `${to}${toPort(protocol, portRange(prefix).join(':'))}`,
      chain: (prefix) => portChain(kind, protocol.toLowerCase(), ...portRange(prefix), address),
    });
    // The root of each protocol is written into the chain that leads here.
    rules.push(...(tree.get(root) ?? []));
    tree.delete(root);
    for (const [chain, text] of tree) chains.set(chain, text);
  }
  return rules;
}

function portRange(prefix: string): [number, number] {
  const open = 16 - prefix.length;
  const first = Number.parseInt(prefix, 2) * 2 ** open;
  return [first, first + 2 ** open - 1];
}

/** Network address with these leading bits, as canonical text. */
export function baseOf(prefix: string, width: number): string {
  const bits = prefix.padEnd(width, '0');
  const groups = width === 32 ? 8 : 16;
  const numbers: number[] = [];
  for (let i = 0; i < width; i += groups) numbers.push(Number.parseInt(bits.slice(i, i + groups), 2));
  if (width === 32) return numbers.join('.');
  const text = `${numbers.map((number) => number.toString(16)).join(':')}/128`;
  return cleanRange(text)?.text.replace('/128', '') ?? text;
}

function byBitsThenRule(a: Leaf, b: Leaf): number {
  if (a.bits !== b.bits) return a.bits < b.bits ? -1 : 1;
  return a.rule < b.rule ? -1 : a.rule > b.rule ? 1 : 0;
}
