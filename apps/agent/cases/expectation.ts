import type { Flow } from './packet-case.ts';

/** One way in which a flow's packet was seen to end. */
export interface Ending {
  readonly kind: 'dnat' | 'accept' | 'reject' | 'drop' | 'none';
  /** `address:port`, only for dnat. */
  readonly to?: string;
  readonly masquerade: boolean;
  /** Only the walk knows it. */
  readonly chance?: number;
}

type Expectation = Flow['expect'];

/** Chances are products of 31-bit fractions. */
const CHANCE_TOLERANCE = 1e-8;

/** What differs, in the words of a failure line; undefined when the endings are as expected. */
export function difference(wanted: Expectation, endings: readonly Ending[]): string | undefined {
  const merged = merge(endings);
  if (isAsExpected(wanted, merged)) return undefined;
  return `expected ${expectationText(wanted)}; got ${merged.map(endingText).join(', ') || 'nothing'}`;
}

function isAsExpected(wanted: Expectation, endings: readonly Ending[]): boolean {
  if (endings.length === 0 || endings.some(({ kind }) => kind !== wanted.verdict)) return false;
  if (endings.some((ending) => ending.masquerade !== masqueradeOf(wanted, ending.to))) return false;
  if (wanted.verdict !== 'dnat') return true;
  const backends = new Set(wanted.backends);
  if (endings.length !== backends.size || endings.some(({ to }) => !backends.has(to ?? ''))) return false;
  return endings.every(({ chance }) => chance === undefined || Math.abs(chance - 1 / backends.size) < CHANCE_TOLERANCE);
}

function masqueradeOf(wanted: Expectation, to: string | undefined): boolean {
  return (to === undefined ? undefined : wanted.masqueradePerBackend?.[to]) ?? wanted.masquerade;
}

/** Several ways to one ending (branches of a tree, repeated packets) are one. */
function merge(endings: readonly Ending[]): Ending[] {
  const merged = new Map<string, Ending>();
  for (const ending of endings) {
    const key = `${ending.kind} ${ending.to} ${ending.masquerade}`;
    const known = merged.get(key);
    const chance = ending.chance === undefined ? undefined : ending.chance + (known?.chance ?? 0);
    merged.set(key, { ...ending, ...(chance !== undefined && { chance }) });
  }
  return [...merged.values()].sort((a, b) => ((a.to ?? a.kind) < (b.to ?? b.kind) ? -1 : 1));
}

export function expectationText(wanted: Expectation): string {
  if (wanted.verdict !== 'dnat') return withSource(wanted.verdict, wanted.masquerade);
  return [...wanted.backends]
    .sort()
    .map((to) => withSource(`dnat ${to}`, masqueradeOf(wanted, to)))
    .join(', ');
}

function endingText({ kind, to, masquerade, chance }: Ending): string {
  const share = chance === undefined || chance > 1 - CHANCE_TOLERANCE ? '' : ` (${(chance * 100).toFixed(1)} %)`;
  return `${withSource(to === undefined ? kind : `${kind} ${to}`, masquerade)}${share}`;
}

function withSource(text: string, masquerade: boolean): string {
  return masquerade ? `${text} masqueraded` : text;
}
