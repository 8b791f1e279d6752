import { errorOf } from '../error.ts';
import type { InSet, Ipset } from '../netfilter.ts';

/** An in-memory ipset: create, add, del and destroy, with the real one's refusals. */
export class FakeIpset implements Ipset {
  readonly sets = new Set<string>();
  /** What stands behind the name of each set that was created. */
  readonly #kinds = new Map<string, string>();
  readonly #members = new Map<string, Set<string>>();
  /** A set of this name is refused, as one that a rule still uses is. */
  inUse: string | undefined;

  async list(): Promise<string[]> {
    return [...this.sets];
  }

  async save(): Promise<string> {
    const lines = [...this.sets].flatMap((name) => [
      `create ${name} ${this.#kinds.get(name)}`,
      ...[...(this.#members.get(name) ?? [])].map((member) => `add ${name} ${member}`),
    ]);
    return lines.map((line) => `${line}\n`).join('');
  }

  async restore(text: string): Promise<number> {
    for (const [i, line] of text.split('\n').entries()) {
      const [verb, name = '', ...rest] = line.split(' ');
      const refuse = (why: string): never => {
        throw errorOf({ operation: 'ipset restore', status: 1, stderr: `Error in line ${i + 1}: ${why}`, input: text });
      };
      if (verb === 'create') {
        if (this.sets.has(name) && !line.endsWith(' -exist'))
          refuse('Set cannot be created: set with the same name already exists');
        if (this.sets.has(name)) continue;
        this.sets.add(name);
        this.#kinds.set(name, rest.join(' ').replace(/ -exist$/, ''));
      } else if (verb === 'destroy') {
        if (!this.sets.has(name)) refuse('The set with the given name does not exist');
        if (this.inUse === name) refuse('Set cannot be destroyed: it is in use by a kernel component');
        this.sets.delete(name);
        this.#members.delete(name);
      } else if (verb === 'add') {
        if (!this.sets.has(name)) refuse('The set with the given name does not exist');
        this.#members.set(name, (this.#members.get(name) ?? new Set()).add(asKept(rest[0] ?? '')));
      } else if (verb === 'del') {
        if (!this.sets.has(name)) refuse('The set with the given name does not exist');
        this.#members.get(name)?.delete(asKept(rest[0] ?? ''));
      } else if (verb) refuse(`Unknown command ${verb}`);
    }
    return 0;
  }

  /** Of sets of ranges only what they were given word by word. */
  async holding(asked: Iterable<InSet>): Promise<ReadonlySet<string>> {
    const held = [...asked].filter(([set, member]) => this.#members.get(set)?.has(member));
    return new Set(held.map(([set, member]) => `${set} ${member}`));
  }
}

/** A port without a protocol is one of TCP. */
function asKept(member: string): string {
  return member.replace(/,(?=\d+$)/, ',tcp:');
}
