import { socketText } from '@kubecity/routing';
import type { Flow, PacketCase } from './case-file.ts';
import { difference } from './expectation.ts';
import type { Player } from './player.ts';
import { program } from './programming.ts';

/** Whose behaviour is asked for; the flows of a case that only others show are not run. */
const MODE = 'iptables';

export interface Totals {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/**
 * Plays every flow of the cases that an iptables kube-proxy shows. `say` gets one line per failed flow and per case or
 * flow that cannot be expressed.
 */
export async function runCases(
  player: Player,
  cases: readonly PacketCase[],
  say: (line: string) => void,
): Promise<Totals> {
  const totals = { passed: 0, failed: 0, skipped: 0 };
  for (const each of cases) {
    const flows = [...each.flows.entries()].filter(([, flow]) => isAsked(each, flow));
    if (flows.length === 0) continue;
    if (each.inexpressible !== undefined) {
      totals.skipped += flows.length;
      say(`${player.name} skipped ${each.id}: ${each.inexpressible}`);
      continue;
    }
    const programming = program(each);
    for (const remark of await player.enter(each, programming)) say(`${player.name} remark ${each.id}: ${remark}`);
    for (const [index, flow] of flows) {
      const label = `${each.id} flow ${index + 1}: ${flowText(flow)}`;
      const reason = player.inexpressible(each, flow);
      if (reason !== undefined) {
        totals.skipped++;
        say(`${player.name} skipped ${label}: ${reason}`);
        continue;
      }
      const failure = difference(flow.expect, await player.play(each, programming, flow));
      if (!failure) totals.passed++;
      else {
        totals.failed++;
        say(`${player.name} FAILED ${label}: expected ${failure.expected}; got ${failure.got}`);
      }
    }
    await player.leave();
  }
  return totals;
}

function isAsked(each: PacketCase, flow: Flow): boolean {
  return each.modes.includes(MODE) && (flow.modes ?? each.modes).includes(MODE);
}

/** `pod 10.244.1.200 → 10.96.0.22:80/TCP` */
function flowText({ from, to }: Flow): string {
  return `${from.kind} ${from.ip} → ${socketText(to.ip, to.port)}/${to.proto}`;
}

export function totalsText({ passed, failed, skipped }: Totals): string {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}
