import type { KernelChain } from '@kubecity/protocol';
import { count, plural } from './format.ts';

type KernelRule = KernelChain['rules'][number];

/**
 * One line of a chain beside what is wished of it:
 * - `same`: as wished; `told`: the agent did not say what it wishes
 * - `missing`: wished, and not in the kernel
 * - `foreign`: in the kernel, and not wished
 * - `changed`: another text stands in its place; `moved`: it stands in another place
 */
export interface RuleLine {
  readonly kind: 'same' | 'told' | 'missing' | 'foreign' | 'changed' | 'moved';
  /** In the kernel; absent when it is missing. */
  readonly found?: KernelRule;
  /** Told where it differs from what was found. */
  readonly wished?: string;
}

/** The lines of a chain in the order of the kernel, with what is missing where it should stand. */
export function linesOf({ rules, wished }: Pick<KernelChain, 'rules' | 'wished'>): readonly RuleLine[] {
  if (!wished) return rules.map((found) => ({ kind: 'told', found }));
  const lines: RuleLine[] = [];
  let from = 0;
  let at = 0;
  const gapUpTo = (wishedEnd: number, foundEnd: number) => {
    lines.push(...gap(wished.slice(from, wishedEnd), rules.slice(at, foundEnd)));
  };
  for (const [i, k] of commonLines(wished, rules)) {
    gapUpTo(i, k);
    lines.push({ kind: 'same', found: rules[k] as KernelRule });
    from = i + 1;
    at = k + 1;
  }
  gapUpTo(wished.length, rules.length);
  return moved(lines);
}

/** Between two lines that are as wished: what is found takes the place of what leads to the same target or asks for the same. */
function gap(wished: readonly string[], found: readonly KernelRule[]): RuleLine[] {
  const left = [...wished];
  const lines = found.map((rule): RuleLine => {
    const place = left.findIndex((text) => resemble(text, rule.rule));
    if (place === -1) return { kind: 'foreign', found: rule };
    const [text] = left.splice(place, 1);
    return { kind: 'changed', found: rule, wished: text };
  });
  return [...lines, ...left.map((text): RuleLine => ({ kind: 'missing', wished: text }))];
}

function resemble(a: string, b: string): boolean {
  const [matchesA = '', targetA] = a.split(/(?<=^| )(?=-[jg] )/);
  const [matchesB = '', targetB] = b.split(/(?<=^| )(?=-[jg] )/);
  return (targetA !== undefined && targetA === targetB) || (matchesA !== '' && matchesA === matchesB);
}

/** A line that is missing here and foreign there has only moved. */
function moved(lines: readonly RuleLine[]): RuleLine[] {
  const missing = new Map<string, RuleLine[]>();
  for (const line of lines) {
    if (line.kind === 'missing')
      missing.set(line.wished as string, [...(missing.get(line.wished as string) ?? []), line]);
  }
  const found = new Set<RuleLine>();
  const named = lines.map((line): RuleLine => {
    const twin = line.kind === 'foreign' ? missing.get(line.found?.rule as string)?.pop() : undefined;
    if (!twin) return line;
    found.add(twin);
    return { kind: 'moved', found: line.found };
  });
  return named.filter((line) => !found.has(line));
}

/** Beyond this many comparisons the middle of a chain is matched by text alone. */
const MOST_COMPARISONS = 4_000_000;

/** Pairs of places of the longest common row of lines. */
function commonLines(wished: readonly string[], rules: readonly KernelRule[]): [number, number][] {
  let head = 0;
  while (head < wished.length && head < rules.length && wished[head] === rules[head]?.rule) head += 1;
  let tail = 0;
  const most = Math.min(wished.length, rules.length) - head;
  while (tail < most && wished.at(-1 - tail) === rules.at(-1 - tail)?.rule) tail += 1;
  const before = Array.from({ length: head }, (_, i): [number, number] => [i, i]);
  const after = Array.from({ length: tail }, (_, i): [number, number] => [
    wished.length - tail + i,
    rules.length - tail + i,
  ]);
  const left = wished.slice(head, wished.length - tail);
  const right = rules.slice(head, rules.length - tail).map(({ rule }) => rule);
  const pairs = left.length * right.length <= MOST_COMPARISONS ? longest(left, right) : inOrder(left, right);
  return [...before, ...pairs.map(([i, k]): [number, number] => [i + head, k + head]), ...after];
}

function longest(left: readonly string[], right: readonly string[]): [number, number][] {
  const width = right.length + 1;
  const lengths = new Uint32Array((left.length + 1) * width);
  for (let i = left.length - 1; i >= 0; i -= 1) {
    for (let k = right.length - 1; k >= 0; k -= 1) {
      const here = i * width + k;
      lengths[here] =
        left[i] === right[k]
          ? (lengths[here + width + 1] as number) + 1
          : Math.max(lengths[here + width] as number, lengths[here + 1] as number);
    }
  }
  const pairs: [number, number][] = [];
  for (let i = 0, k = 0; i < left.length && k < right.length; ) {
    if (left[i] === right[k]) pairs.push([i++, k++]);
    else if ((lengths[(i + 1) * width + k] as number) >= (lengths[i * width + k + 1] as number)) i += 1;
    else k += 1;
  }
  return pairs;
}

function inOrder(left: readonly string[], right: readonly string[]): [number, number][] {
  const places = new Map(right.map((rule, place) => [rule, place]));
  const pairs: [number, number][] = [];
  let at = -1;
  for (const [i, rule] of left.entries()) {
    const place = places.get(rule);
    if (place === undefined || place <= at) continue;
    pairs.push([i, place]);
    at = place;
  }
  return pairs;
}

/** How many lines differ; undefined where the agent does not tell its wish. */
export function differencesIn(chains: readonly KernelChain[]): number | undefined {
  if (chains.some(({ wished }) => wished === undefined)) return undefined;
  return chains.reduce((sum, chain) => sum + linesOf(chain).filter(({ kind }) => kind !== 'same').length, 0);
}

/** In words for one node. */
export function differenceWords(chains: readonly KernelChain[]): string {
  const differences = differencesIn(chains);
  if (differences === undefined) return 'its agent does not tell what it wishes';
  return differences === 0 ? 'as wished' : plural(differences, 'difference');
}

const SIGNS = { same: ' ', told: ' ', missing: '-', foreign: '+', changed: '+', moved: '~' } as const;

/** As text: `-` is wished and missing, `+` is there and not wished, `~` stands elsewhere. Counters before each rule. */
export function rulesText(service: string, node: string, at: number, chains: readonly KernelChain[]): string {
  const body = chains.flatMap((chain) => [
    '',
    `${chain.family} ${chain.table} ${chain.chain}`,
    ...linesOf(chain).flatMap(({ kind, found, wished }) => [
      ...(wished === undefined ? [] : [`- ${''.padStart(23)}${wished}`]),
      ...(found ? [`${SIGNS[kind]} ${counters(found)} ${found.rule}`] : []),
    ]),
  ]);
  return [
    `Rules of ${service} on ${node}, ${new Date(at).toISOString()}: ${differenceWords(chains)}`,
    ...body,
    '',
  ].join('\n');
}

const counters = ({ packets, bytes }: KernelRule) => `[${count(packets)}:${count(bytes)}]`.padEnd(22);
