import { HAIRPIN_BYTECODE } from '../rule.ts';
import { type Range, rangeOf } from './range.ts';

/** One rule as the walk understands it; comments are gone. */
export interface ParsedRule {
  readonly matches: readonly Match[];
  readonly target: Target;
}

export type Match =
  | { readonly kind: 'source' | 'destination'; readonly range: Range; readonly not: boolean }
  /** `prefix`: the name ends in `+` and stands for every interface that begins so. */
  | { readonly kind: 'interface'; readonly name: string; readonly prefix: boolean; readonly not: boolean }
  | { readonly kind: 'protocol'; readonly protocol: string }
  | { readonly kind: 'port'; readonly protocol: string; readonly first: number; readonly last: number }
  /** Of whatever protocol; both ends of a span belong to it. */
  | { readonly kind: 'ports'; readonly spans: readonly (readonly [first: number, last: number])[] }
  | { readonly kind: 'probability'; readonly chance: number }
  | { readonly kind: 'mark'; readonly value: number; readonly mask: number; readonly not: boolean }
  | { readonly kind: 'state'; readonly states: readonly string[]; readonly not: boolean }
  | { readonly kind: 'hairpin' }
  /** Remembers the packet; what it says to it nobody asks. */
  | { readonly kind: 'memory' }
  /** Whether it is the first packet of a TCP connection. */
  | { readonly kind: 'syn'; readonly not: boolean }
  | { readonly kind: 'local'; readonly side: 'source' | 'destination' }
  | { readonly kind: 'set'; readonly name: string; readonly key: SetKey; readonly not: boolean };

/** What a set is asked for: the client, the destination, the destination with protocol and port, or who answers from which port to whom. */
export type SetKey = 'src' | 'dst' | 'dst,dst' | 'src,src,dst';
const SET_KEYS: readonly SetKey[] = ['src', 'dst', 'dst,dst', 'src,src,dst'];

export type Target =
  | { readonly kind: 'jump' | 'goto'; readonly chain: string }
  | { readonly kind: 'dnat'; readonly to: string }
  | { readonly kind: 'mark'; readonly value: number; readonly mask: number }
  | { readonly kind: 'remember'; readonly set: string }
  | { readonly kind: 'masquerade' | 'reject' | 'drop' | 'accept' | 'return' }
  /** None: the rule only remembers. */
  | { readonly kind: 'remembered' }
  /** The rule has a word that is not among ours; what stands before it is in `matches`. */
  | { readonly kind: 'unknown'; readonly why: string };

const PROTOCOLS = ['tcp', 'udp', 'sctp', 'ipv6-icmp'];
const STATES = ['NEW', 'ESTABLISHED', 'RELATED', 'INVALID', 'UNTRACKED', 'DNAT'];

/** Reads one rule in exactly the words our compiler emits; of anything else, what stands before it. */
export function readRule(text: string): ParsedRule {
  const matches: Match[] = [];
  try {
    return { matches, target: parseWords(new Words(text), matches) };
  } catch (error) {
    return { matches, target: { kind: 'unknown', why: (error as Error).message } };
  }
}

/** What stands in the comment of a rule. */
export function parsedComment(text: string): string | undefined {
  return new Words(text).after('--comment');
}

/** Puts the matches into `into`; throws at the first word that is not ours, and names it and the rule. */
function parseWords(words: Words, into: Match[]): Target {
  for (;;) {
    const not = words.skip('!');
    if (words.ended && !not && into.at(-1)?.kind === 'memory') return { kind: 'remembered' };
    const word = words.next('a match or a target');
    const parse = MATCHES[word];
    if (parse) into.push(...parse(words, not));
    else if (not) throw words.unknown(`! ${word}`);
    else return parseTarget(word, words);
  }
}

type ParseMatch = (words: Words, not: boolean) => Match[];

const MATCHES: Readonly<Record<string, ParseMatch>> = {
  '-s': (words, not) => [{ kind: 'source', range: rangeOf(words.next('a range')), not }],
  '-d': (words, not) => [{ kind: 'destination', range: rangeOf(words.next('a range')), not }],
  '-i': (words, not) => {
    const name = words.next('an interface');
    return [{ kind: 'interface', name: name.replace(/\+$/, ''), prefix: name.endsWith('+'), not }];
  },
  '-p': (words, not) => [{ kind: 'protocol', protocol: positive(words, not).oneOf(PROTOCOLS) }],
  '-m': (words, not) => {
    const module = positive(words, not).next('a module');
    const parse = MODULES[module];
    if (!parse) throw words.unknown(`-m ${module}`);
    return parse(words, words.skip('!'));
  },
};

const MODULES: Readonly<Record<string, ParseMatch>> = {
  tcp: (words, not) => {
    if (!words.skip('--tcp-flags')) return port('tcp')(words, not);
    words.expect('FIN,SYN,RST,ACK', 'SYN');
    return [{ kind: 'syn', not }];
  },
  udp: port('udp'),
  sctp: port('sctp'),
  comment: (words, not) => {
    positive(words, not).expect('--comment').next('a comment');
    return [];
  },
  statistic: (words, not) => {
    positive(words, not).expect('--mode', 'random', '--probability');
    return [{ kind: 'probability', chance: words.number(/^(0\.\d+|1\.0+)$/) }];
  },
  mark: (words, not) => [{ kind: 'mark', ...words.expect('--mark').valueAndMask(), not }],
  conntrack: (words, not) => {
    const states = words.expect('--ctstate').next('states').split(',');
    const strange = states.find((state) => !STATES.includes(state));
    if (strange !== undefined) throw words.unknown(`--ctstate ${strange}`);
    return [{ kind: 'state', states, not }];
  },
  bpf: (words, not) => {
    const code = positive(words, not).expect('--bytecode').next('a program');
    if (!Object.values(HAIRPIN_BYTECODE).includes(code)) throw words.unknown(`--bytecode ${code}`);
    return [{ kind: 'hairpin' }];
  },
  addrtype: (words, not) => {
    const side = positive(words, not).oneOf(['--src-type', '--dst-type']);
    words.expect('LOCAL');
    return [{ kind: 'local', side: side === '--src-type' ? 'source' : 'destination' }];
  },
  set: (words, not) => {
    const name = words.expect('--match-set').next('a set');
    return [{ kind: 'set', name, key: words.oneOf(SET_KEYS) as SetKey, not }];
  },
  hashlimit: (words, not) => {
    positive(words, not);
    for (const option of ['upto', 'burst', 'mode', 'name', 'htable-max', 'htable-expire']) {
      words.expect(`--hashlimit-${option}`).next('a value');
    }
    return [{ kind: 'memory' }];
  },
  multiport: (words, not) => {
    const spans = positive(words, not).expect('--dports').next('ports').split(',').map(span);
    if (!spans.every((one) => one !== undefined)) throw words.unknown('--dports');
    return [{ kind: 'ports', spans }];
  },
};

/** `80` or `80:90` */
function span(text: string): readonly [number, number] | undefined {
  const [, first, last = first] = /^(\d+)(?::(\d+))?$/.exec(text) ?? [];
  return first === undefined ? undefined : [Number(first), Number(last)];
}

function port(protocol: string): ParseMatch {
  return (words, not) => {
    const [first, last = first, rest] = positive(words, not).expect('--dport').next('a port').split(':').map(Number);
    if (!Number.isInteger(first) || !Number.isInteger(last) || rest !== undefined) throw words.unknown('--dport');
    return [{ kind: 'port', protocol, first: first as number, last: last as number }];
  };
}

function parseTarget(word: string, words: Words): Target {
  if (word !== '-j' && word !== '-g') throw words.unknown(word);
  const name = words.next('a target');
  const target: Target =
    word === '-g' ? { kind: 'goto', chain: name } : (TARGETS[name]?.(words) ?? { kind: 'jump', chain: name });
  words.end();
  return target;
}

const TARGETS: Readonly<Record<string, (words: Words) => Target>> = {
  ACCEPT: () => ({ kind: 'accept' }),
  DROP: () => ({ kind: 'drop' }),
  RETURN: () => ({ kind: 'return' }),
  REJECT: (words) => {
    words.expect('--reject-with').oneOf(['icmp-port-unreachable', 'icmp6-port-unreachable', 'tcp-reset']);
    return { kind: 'reject' };
  },
  DNAT: (words) => ({ kind: 'dnat', to: words.expect('--to-destination').next('address:port') }),
  MASQUERADE: (words) => {
    words.skip('--random-fully');
    return { kind: 'masquerade' };
  },
  MARK: (words) => ({ kind: 'mark', ...words.expect('--set-xmark').valueAndMask() }),
  SET: (words) => {
    const set = words.expect('--add-set').next('a set');
    words.expect('src', '--exist', '--timeout').number(/^\d+$/);
    return { kind: 'remember', set };
  },
};

function positive(words: Words, not: boolean): Words {
  if (not) throw words.unknown('! in front of something that is never negated');
  return words;
}

/** The words of one rule, taken from left to right. Quoted words may hold spaces, `\"` and `\\`. */
class Words {
  readonly #text: string;
  readonly #words: readonly string[];
  #at = 0;

  constructor(text: string) {
    this.#text = text;
    this.#words = (text.match(/"(?:\\.|[^"\\])*"|\S+/g) ?? []).map((word) =>
      word.startsWith('"') ? word.slice(1, -1).replaceAll(/\\(.)/g, '$1') : word,
    );
  }

  get ended(): boolean {
    return this.#at === this.#words.length;
  }

  next(what: string): string {
    const word = this.#words[this.#at++];
    if (word === undefined) throw new Error(`walk: the rule ends where ${what} should stand: ${this.#text}`);
    return word;
  }

  /** The word behind the first of this kind. */
  after(word: string): string | undefined {
    const at = this.#words.indexOf(word);
    return at === -1 ? undefined : this.#words[at + 1];
  }

  skip(word: string): boolean {
    if (this.#words[this.#at] !== word) return false;
    this.#at++;
    return true;
  }

  expect(...wanted: readonly string[]): this {
    for (const word of wanted) this.oneOf([word]);
    return this;
  }

  oneOf(known: readonly string[]): string {
    const word = this.next(known.join(' or '));
    if (!known.includes(word)) throw this.unknown(word);
    return word;
  }

  number(form: RegExp): number {
    const word = this.next('a number');
    if (!form.test(word)) throw this.unknown(word);
    return Number(word);
  }

  /** `0x2000/0x2000` */
  valueAndMask(): { value: number; mask: number } {
    const word = this.next('value/mask');
    const [, value, mask] = /^(0x[0-9a-f]{1,8})\/(0x[0-9a-f]{1,8})$/.exec(word) ?? [];
    if (value === undefined || mask === undefined) throw this.unknown(word);
    return { value: Number(value), mask: Number(mask) };
  }

  end(): void {
    const word = this.#words[this.#at];
    if (word !== undefined) throw this.unknown(word);
  }

  unknown(what: string): Error {
    return new Error(`walk: unknown word ${what} in rule: ${this.#text}`);
  }
}
