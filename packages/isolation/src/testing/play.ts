import { judge } from '../judge.ts';
import { IsolationTracker } from '../tracker.ts';
import { CaseCluster, type PolicyCase, type Probe } from './policy-case.ts';

/** What became of one probe of a case. */
export interface Outcome {
  readonly probe: Probe;
  /** Change steps that were applied before. */
  readonly step: number;
  readonly got: Probe['expect'];
}

/** Plays a case with its change steps through `judge`. */
export function playPolicyCase(policyCase: PolicyCase): Outcome[] {
  const tracker = new IsolationTracker();
  const cluster = new CaseCluster(policyCase, [tracker]);
  const tryAll = (probes: readonly Probe[], step: number): Outcome[] =>
    probes.map((probe) => {
      const [from, to] = [probe.from, probe.to].map((end) => cluster.addressOf(end, probe.family)) as [string, string];
      const { allowed } = judge(tracker, { from, to, protocol: probe.proto, port: probe.port });
      return { probe, step, got: allowed ? 'allow' : 'deny' };
    });
  const outcomes = tryAll(policyCase.probes, 0);
  for (const [i, { apply, probes }] of (policyCase.steps ?? []).entries()) {
    for (const operation of apply) cluster.apply(operation);
    outcomes.push(...tryAll(probes, i + 1));
  }
  return outcomes;
}
