import type { PacketOutcome, PacketPlayer } from '@kubecity/isolation/lab';
import { type PolicyCase, type Probe, playPolicyCase } from '@kubecity/isolation/testing';
import type { Totals } from './run.ts';

/** A way to find out whether a case's connections are let through. */
export interface PolicyPlayer {
  /** For people: how the result was found. */
  readonly name: string;
  /** Why the case cannot be played; undefined when it can. */
  inexpressible(each: PolicyCase): string | undefined;
  isPlayed(probe: Probe): boolean;
  play(each: PolicyCase): Promise<readonly PacketOutcome[]>;
}

/** What the engine says, by which the rules are made and refusals explained. */
export const policyWalk: PolicyPlayer = {
  name: 'walk',
  inexpressible: () => undefined,
  isPlayed: () => true,
  play: async (each) => playPolicyCase(each),
};

/** Real packets between pods on three nodes. */
export const policyPackets = (player: PacketPlayer): PolicyPlayer => ({
  name: 'kernel',
  inexpressible: (each) => player.inexpressible(each),
  isPlayed: (probe) => player.isPlayed(probe),
  play: (each) => player.play(each),
});

/** Plays every probe of the cases. `say` gets one line per failed probe, and one per case that cannot be played. */
export async function runPolicyCases(
  player: PolicyPlayer,
  cases: readonly PolicyCase[],
  say: (line: string) => void,
): Promise<Totals> {
  const totals: Totals = { passed: 0, failed: 0, skipped: 0 };
  for (const each of cases) {
    const probes = [each, ...(each.steps ?? [])].flatMap((step) => step.probes);
    const reason = player.inexpressible(each);
    if (reason !== undefined) {
      totals.skipped += probes.length;
      say(`${player.name} skipped ${each.id}: ${reason}`);
      continue;
    }
    const played = probes.filter((probe) => player.isPlayed(probe));
    totals.skipped += probes.length - played.length;
    try {
      for (const { probe, step, got } of await player.play(each)) {
        totals[got === probe.expect ? 'passed' : 'failed']++;
        if (got === probe.expect) continue;
        const when = step === 0 ? '' : ` after step ${step}`;
        say(`${player.name} failed ${each.id}${when}: ${probeText(probe)}: expected ${probe.expect}; got ${got}`);
      }
    } catch (error) {
      // a case that names what it does not have, or rules that the kernel does not take: the others are played all the same
      totals.failed += played.length;
      say(`${player.name} failed ${each.id}: ${(error as Error).message}`);
    }
  }
  return totals;
}

/** `x/a → y/b:80/TCP through 10.96.0.1:80` */
function probeText({ from, to, port, proto, via }: Probe): string {
  return `${from} → ${to}:${port}/${proto}${via ? ` through ${via.ip}:${via.port}` : ''}`;
}
