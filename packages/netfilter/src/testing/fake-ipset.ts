import { errorOf } from '../error.ts';
import type { Ipset } from '../netfilter.ts';

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
        this.sets.add(name);
        this.#kinds.set(name, rest.join(' '));
      } else if (verb === 'destroy') {
        if (!this.sets.has(name)) refuse('The set with the given name does not exist');
        if (this.inUse === name) refuse('Set cannot be destroyed: it is in use by a kernel component');
        this.sets.delete(name);
        this.#members.delete(name);
      } else if (verb === 'add') {
        if (!this.sets.has(name)) refuse('The set with the given name does not exist');
        this.#members.set(name, (this.#members.get(name) ?? new Set()).add(rest[0] ?? ''));
      } else if (verb === 'del') {
        if (!this.sets.has(name)) refuse('The set with the given name does not exist');
        this.#members.get(name)?.delete(rest[0] ?? '');
      } else if (verb) refuse(`Unknown command ${verb}`);
    }
    return 0;
  }

  async holding(sets: Iterable<string>, address: string): Promise<ReadonlySet<string>> {
    return new Set([...sets].filter((set) => this.#members.get(set)?.has(address)));
  }
}
