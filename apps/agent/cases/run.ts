import { socketText } from '@kubecity/routing';
import { difference, expectationText } from './expectation.ts';
import type { Flow, PacketCase } from './packet-case.ts';
import { type Player, PlayerError } from './player.ts';
import { program } from './programming.ts';

/** Whose behaviour is asked for; the flows of a case that only others show are not run. */
const MODE = 'iptables';

export interface Totals {
  passed: number;
  failed: number;
  skipped: number;
}

/**
 * Plays every flow of the cases that an iptables kube-proxy shows. `say` gets one line per failed flow, and one per case
 * or flow that cannot be expressed.
 * @throws PlayerError
 */
export async function runCases(
  player: Player,
  cases: readonly PacketCase[],
  say: (line: string) => void,
): Promise<Totals> {
  const totals: Totals = { passed: 0, failed: 0, skipped: 0 };
  for (const each of cases) {
    const flows = [...each.flows.entries()].filter(([, flow]) => isAsked(each, flow));
    if (flows.length === 0) continue;
    if (each.inexpressible !== undefined) {
      totals.skipped += flows.length;
      say(`${player.name} skipped ${each.id}: ${each.inexpressible}`);
      continue;
    }
    for await (const { index, outcome, text } of playCase(player, each, flows, say)) {
      totals[outcome]++;
      const flow = each.flows[index] as Flow;
      if (outcome !== 'passed')
        say(`${player.name} ${outcome} ${each.id} flow ${index + 1}: ${flowText(flow)}: ${text}`);
    }
  }
  return totals;
}

interface Result {
  /** Place in the case's list of flows, from 0. */
  readonly index: number;
  readonly outcome: keyof Totals;
  readonly text: string;
}

async function* playCase(
  player: Player,
  each: PacketCase,
  flows: readonly (readonly [number, Flow])[],
  say: (line: string) => void,
): AsyncGenerator<Result> {
  const prepared = await attempt(async () => {
    const programming = program(each);
    const remarks = await player.enter(each, programming);
    for (const remark of remarks) say(`${player.name} remark ${each.id}: ${remark}`);
    return programming;
  });
  for (const [index, flow] of flows) {
    const reason = player.inexpressible(each, flow);
    if (reason !== undefined) {
      yield { index, outcome: 'skipped', text: reason };
      continue;
    }
    const endings = 'error' in prepared ? prepared : await attempt(() => player.play(each, prepared.value, flow));
    const text =
      'error' in endings
        ? `expected ${expectationText(flow.expect)}; got an error: ${endings.error}`
        : difference(flow.expect, endings.value);
    yield { index, outcome: text === undefined ? 'passed' : 'failed', text: text ?? '' };
  }
  await player.leave();
}

/** Rules that cannot be written or walked are a failure of what the case is about; a broken player is not. */
async function attempt<T>(work: () => Promise<T>): Promise<{ value: T } | { error: string }> {
  try {
    return { value: await work() };
  } catch (error) {
    if (error instanceof PlayerError) throw error;
    return { error: (error as Error).message };
  }
}

function isAsked(each: PacketCase, flow: Flow): boolean {
  return each.modes.includes(MODE) && (flow.modes ?? each.modes).includes(MODE);
}

/** `pod 10.244.1.200 → 10.96.0.22:80/TCP` */
function flowText({ from, to }: Flow): string {
  return `${from.kind} ${from.ip} → ${socketText(to.ip, to.port)}/${to.proto}`;
}

export function sumOf(all: readonly Totals[]): Totals {
  const sum = (what: keyof Totals) => all.reduce((total, each) => total + each[what], 0);
  return { passed: sum('passed'), failed: sum('failed'), skipped: sum('skipped') };
}

export function totalsText({ passed, failed, skipped }: Totals): string {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}
