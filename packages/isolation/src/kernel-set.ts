import type { Family } from '@kubecity/routing';
import { words } from '@kubecity/ruleset';
import type { Delta } from './peer-set.ts';

/** An ipset as it shall be. */
export interface KernelSet {
  readonly name: string;
  readonly type: 'hash:ip' | 'hash:ip,port' | 'hash:net' | 'hash:ip,port,ip';
  readonly family: Family;
  /** As `ipset save` prints them. */
  readonly members: Members;
  /** Seconds for which a member stays. They come and go by another hand: of such a set only that it is there is compared. */
  readonly timeout?: number;
}

export interface Members {
  has(member: string): boolean;
  keys(): Iterable<string>;
}

/** All sets of ours of one family begin so. */
export const SET_PREFIX: Readonly<Record<Family, string>> = { IPv4: 'CITY-I4-', IPv6: 'CITY-I6-' };

/** What must become of the kernel's sets. */
export interface SetWork {
  readonly create: readonly KernelSet[];
  readonly change: ReadonlyMap<string, Delta>;
  readonly destroy: readonly string[];
}

/** Largest number of members, as many as a cluster of 5,000 nodes has pods, and room. */
const MAX_MEMBERS = 1_048_576;

/** How many entries a bucket of the kernel's table takes before it grows (AHASH_MAX_SIZE is 12). */
const PER_BUCKET = 8;

/**
 * Input of `ipset restore` in parts, none of which ever lets a packet see more than the old or the new state allows:
 * - `prepare`, before the rules: sets that nothing asks yet, filled; and all that leaves a set
 * - `fill`, before any packet reaches the rules: what sets are filled with that `prepare` left empty. Only where asked for
 * - `widen`, after the rules: all that comes into a set
 * - `discard`, at the end: sets that no rule asks any more. The kernel lets go of them a moment after the rules are gone
 *   (nf_tables frees what a transaction removed in the background), so a refusal means: again later.
 */
export interface SetText {
  readonly prepare: string;
  readonly fill: string;
  readonly widen: string;
  readonly discard: string;
}

/** @param apart to create sets empty: rules that ask them can be written while they are filled */
export function renderSets({ create, change, destroy }: SetWork, apart = false): SetText {
  const changes = [...change];
  const lines = (verb: 'add' | 'del', pick: (delta: Delta) => readonly string[]) =>
    changes.flatMap(([name, delta]) => pick(delta).map((member) => `${verb} ${name} ${quickToRead(member)} -exist`));
  const made = create.map((set) => ({ line: createLine(set), adds: addLines(set) }));
  const filled = made.filter(({ adds }) => adds.length > 0);
  return {
    prepare: text([
      ...made.flatMap(({ line, adds }) => (apart ? [line] : [line, ...adds])),
      ...lines('del', ({ removed }) => removed),
    ]),
    // Of a set that it has not created itself the tool asks the type at every line.
    fill: apart ? text(filled.flatMap(({ line, adds }) => [`${line} -exist`, ...adds])) : '',
    widen: text(lines('add', ({ added }) => added)),
    discard: text(destroy.map((name) => `destroy ${name}`)),
  };
}

function createLine({ name, type, family, members, timeout }: KernelSet): string {
  const inet = family === 'IPv4' ? 'inet' : 'inet6';
  // A table that starts small and grows costs less than the default of 1024 buckets for thousands of sets.
  const size = Math.max(64, 2 ** Math.ceil(Math.log2([...members.keys()].length / PER_BUCKET)));
  const stays = timeout === undefined ? '' : `timeout ${timeout}`;
  return words(`create ${name} ${type} family ${inet} hashsize ${size} maxelem ${MAX_MEMBERS}`, stays);
}

function addLines({ name, members }: KernelSet): string[] {
  return Array.from(members.keys(), (member) => `add ${name} ${quickToRead(member)}`);
}

/** Without a word ipset takes the port for one of TCP; for each word it reads all of /etc/protocols. */
function quickToRead(member: string): string {
  return member.replace(',tcp:', ',');
}

function text(lines: readonly string[]): string {
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
}

/** Reads the output of `ipset save`: members of the sets of ours of one family. */
export function parseSets(saved: string, family: Family): Map<string, Set<string>> {
  const sets = new Map<string, Set<string>>();
  for (const line of saved.split('\n')) {
    const [verb, name = '', member = ''] = line.split(' ', 3);
    if (verb === 'create' && name.startsWith(SET_PREFIX[family])) sets.set(name, new Set());
    else if (verb === 'add') sets.get(name)?.add(member);
  }
  return sets;
}

/** What must be done so that the sets that were found become those that are wanted. */
export function compareSets(
  found: ReadonlyMap<string, ReadonlySet<string>>,
  wanted: ReadonlyMap<string, KernelSet>,
): SetWork {
  const change = new Map<string, Delta>();
  for (const [name, { members, timeout }] of wanted) {
    const has = found.get(name);
    if (!has || timeout !== undefined) continue;
    const added = [...members.keys()].filter((member) => !has.has(member));
    const removed = [...has].filter((member) => !members.has(member));
    if (added.length + removed.length > 0) change.set(name, { added, removed });
  }
  return {
    create: [...wanted.values()].filter(({ name }) => !found.has(name)),
    change,
    destroy: [...found.keys()].filter((name) => !wanted.has(name)),
  };
}

export function isNoWork({ create, change, destroy }: SetWork): boolean {
  return create.length + change.size + destroy.length === 0;
}
