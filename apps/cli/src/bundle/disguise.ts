import { isIP } from 'node:net';

type Kind = 'namespace' | 'service' | 'pod' | 'node' | 'zone' | 'override' | 'user' | 'label' | 'address';

/** `CITY-S-ABCDEFGHIJ-cart.http`: the readable end of a chain or set. */
const READABLE_END = /\b(CITY-[A-Z0-9]+-[A-Z2-7]{10})-[^\s"\\]*/g;
/** `CITY-B-fd00.10.96..-112`: a branch of a tree over addresses. */
const BRANCH = /\bCITY-([A-Z]+)-([0-9a-f]+\.[0-9a-f.]*)-(\d+)\b/g;
const ADDRESS = /(?<![\w.:])(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,7})(?![\w.]*\w)/gi;
const WORD = /[A-Za-z0-9_](?:[\w.@-]*[A-Za-z0-9_])?/g;
/** What everybody has tells nothing. */
const COMMON = new Set(['0.0.0.0', '127.0.0.1', '::', '::1', 'default', 'kube-system', 'kubecity', 'kubernetes']);
/** Fields in which people write what they like, and objects whose values are theirs. */
const FREE_TEXT = new Set(['reason', 'Reason']);
/** Whose values are names of people. */
const PEOPLE = new Set(['who', 'by', 'user', 'kubecity.dev/by']);
const LABELS = new Set(['matchLabels', 'labels', 'annotations']);

/** Gives names and addresses others, the same one for the same each time. Whoever has the bundle alone cannot go back. */
export class Disguise {
  readonly #names = new Map<string, string>();
  readonly #counts = new Map<Kind, number>();

  learn(kind: Kind, names: Iterable<string | undefined>): void {
    for (const name of names) if (name) this.#of(kind, name);
  }

  /** A JSON document: values are disguised, names of fields stay. */
  value(value: unknown): unknown {
    if (typeof value === 'string') return this.text(value);
    if (Array.isArray(value)) return value.map((one) => this.value(one));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, this.#field(key, one)]));
  }

  text(text: string): string {
    return text
      .replace(READABLE_END, '$1')
      .replace(BRANCH, (_, kind, base, bits) => `CITY-${kind}-${this.#of('address', base)}-${bits}`)
      .replace(ADDRESS, (found) => (isIP(found) === 0 ? found : this.#of('address', found)))
      .replace(WORD, (word) => this.#word(word));
  }

  #field(key: string, value: unknown): unknown {
    if (FREE_TEXT.has(key) && typeof value === 'string') return '[left out]';
    if (PEOPLE.has(key) && typeof value === 'string') return this.#of('user', value);
    if (LABELS.has(key) && typeof value === 'object' && value !== null && !Array.isArray(value)) {
      return Object.fromEntries(
        Object.entries(value).map(([name, one]) => [name, typeof one === 'string' ? this.#of('label', one) : one]),
      );
    }
    return this.value(value);
  }

  #word(word: string): string {
    const whole = this.#names.get(word);
    if (whole !== undefined) return whole;
    return word.includes('.') || word.includes('@')
      ? word.replace(/[^.@]+/g, (part) => this.#names.get(part) ?? part)
      : word;
  }

  #of(kind: Kind, name: string): string {
    if (COMMON.has(name)) return name;
    const known = this.#names.get(name);
    if (known !== undefined) return known;
    const count = (this.#counts.get(kind) ?? 0) + 1;
    this.#counts.set(kind, count);
    const made = `${kind}-${count}`;
    this.#names.set(name, made);
    return made;
  }
}
