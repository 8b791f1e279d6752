import type { Table } from '@kubecity/ruleset';
import { errorOf, NetfilterError } from '../error.ts';
import type { CountedChain, Netfilter } from '../netfilter.ts';
import { type RestoreText, textInTime } from '../restore-text.ts';

type Chains = Map<string, string[]>;

/**
 * An in-memory iptables that keeps text and raises the same errors as the real one: it refuses jumps to chains that are
 * not there, deletion of chains that are in use, and it applies each table wholly or not at all. For failures that a
 * kernel does not produce on request; what rules *mean* is tested in the kernel.
 */
export class FakeNetfilter implements Netfilter {
  #tables: Record<Table, Chains> = {
    filter: new Map(['INPUT', 'FORWARD', 'OUTPUT'].map((name) => [name, []])),
    nat: new Map(['PREROUTING', 'INPUT', 'OUTPUT', 'POSTROUTING'].map((name) => [name, []])),
  };
  readonly #failures: NetfilterError[] = [];
  #poison: Pick<RegExp, 'test'> | undefined;
  #namesTheLine = true;
  /** Every restore text that was accepted. */
  readonly restores: string[] = [];

  /** Makes the next call fail. */
  failNext(error: NetfilterError = new NetfilterError('iptables-restore', 'busy', 'the lock is held')): void {
    this.#failures.push(error);
  }

  /** From now on refuses texts with a line that matches; `named` says whether the error names that line. */
  poison(line: Pick<RegExp, 'test'> | undefined, named = true): void {
    this.#poison = line;
    this.#namesTheLine = named;
  }

  /** What another program does: replaces the rules of one chain, or deletes the table's content. */
  meddle(table: Table, change: (chains: Map<string, string[]>) => void): void {
    change(this.#tables[table]);
  }

  async save(table?: Table): Promise<string> {
    this.#maybeFail();
    return table === undefined ? `${this.#print('filter')}${this.#print('nat')}` : this.#print(table);
  }

  #print(table: Table): string {
    const chains = [...this.#tables[table]];
    const head = chains.map(([name]) => `:${name} ${/^[A-Z]+$/.test(name) ? 'ACCEPT' : '-'} [0:0]`);
    const rules = chains.flatMap(([name, list]) => list.map((rule) => `-A ${name} ${rule}`));
    return [`*${table}`, ...head, ...rules, 'COMMIT', ''].join('\n');
  }

  async list(table: Table, chains: Iterable<string>): Promise<string> {
    this.#maybeFail();
    const lines: string[] = [];
    for (const name of chains) {
      const rules = this.#tables[table].get(name);
      if (rules) lines.push(`-N ${name}`, ...rules.map((rule) => `-A ${name} ${rule}`), '');
    }
    return lines.join('\n');
  }

  /** No packets pass here: counters are 0. */
  async listCounted(table: Table, chains: Iterable<string>): Promise<CountedChain[]> {
    this.#maybeFail();
    return [...chains].flatMap((chain) => {
      const rules = this.#tables[table].get(chain);
      return rules ? [{ chain, rules: rules.map((rule) => ({ rule, packets: 0, bytes: 0 })) }] : [];
    });
  }

  async restore(input: RestoreText): Promise<number> {
    this.#maybeFail();
    const text = await textInTime(input);
    let table: Table | undefined;
    let draft: Chains = new Map();
    for (const [i, line] of text.split('\n').entries()) {
      const refuse = (why: string): never => {
        throw errorOf({
          operation: 'iptables-restore',
          status: 1,
          stderr: `${why}\nError occurred at line: ${i + 1}`,
          input: text,
        });
      };
      // What stands before has been committed, as in the real kernel: only a table is atomic.
      if (this.#poison?.test(line)) {
        const named = this.#namesTheLine ? `Error occurred at line: ${i + 1}` : 'COMMIT failed';
        const stderr = `the kernel does not take this\n${named}`;
        throw errorOf({ operation: 'iptables-restore', status: 1, stderr, input: text });
      }
      if (line.startsWith('*')) {
        table = line.slice(1) as Table;
        draft = new Map([...this.#tables[table]].map(([name, rules]) => [name, [...rules]]));
      } else if (line === 'COMMIT' && table) {
        const dangling = danglingJump(draft);
        if (dangling) refuse(`chain ${dangling} does not exist`);
        this.#tables[table] = draft;
      } else if (line !== '') {
        applyLine(draft, line, refuse);
      }
    }
    this.restores.push(text);
    return text.match(/^COMMIT$/gm)?.length ?? 0;
  }

  #maybeFail(): void {
    const failure = this.#failures.shift();
    if (failure) throw failure;
  }
}

function applyLine(chains: Chains, line: string, refuse: (why: string) => never): void {
  if (line.startsWith(':')) {
    chains.set(line.slice(1, line.indexOf(' ')), []);
    return;
  }
  const [verb, name = '', ...rest] = line.split(' ');
  const rules = chains.get(name);
  if (!rules) refuse(`No chain/target/match by that name: ${name}`);
  if (verb === '-A') rules.push(rest.join(' '));
  else if (verb === '-I') rules.splice(Number(rest[0]) - 1, 0, rest.slice(1).join(' '));
  else if (verb === '-D') {
    const at = rules.indexOf(rest.join(' '));
    if (at < 0) refuse('Bad rule (does a matching rule exist in that chain?)');
    rules.splice(at, 1);
  } else if (verb === '-X') {
    if (rules.length > 0) refuse(`Directory not empty: ${name}`);
    chains.delete(name);
  } else refuse(`unknown command ${verb}`);
}

function danglingJump(chains: Chains): string | undefined {
  for (const rules of chains.values()) {
    for (const rule of rules) {
      const target = / ?-[jg] (CITY-\S+)/.exec(rule)?.[1];
      if (target !== undefined && !chains.has(target)) return target;
    }
  }
  return undefined;
}
