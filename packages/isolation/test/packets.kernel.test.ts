import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CaseCluster, type CasePod, type Operation, type PolicyCase, type Probe } from '../src/testing/index.ts';
import { policyCases } from './case-file.ts';
import { Lab } from './lab/lab.ts';
import { NodeRules } from './lab/node-rules.ts';

/** Where the pods of a case run that does not say so. */
const NODE_OF: Readonly<Record<string, string>> = { x: 'n1', y: 'n2' };
const placed = (pod: CasePod): CasePod => ({ ...pod, node: pod.node ?? NODE_OF[pod.ns] ?? 'n3' });

/** The case with every pod on a node. */
function onNodes(one: PolicyCase): PolicyCase {
  const place = (operation: Operation): Operation =>
    operation.op === 'putPod' ? { ...operation, pod: placed(operation.pod) } : operation;
  const steps = one.steps?.map(({ apply, probes }) => ({ apply: apply.map(place), probes }));
  return { ...one, pods: one.pods.map(placed), ...(steps && { steps }) };
}

describe('packets between pods on three nodes', () => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await Lab.open();
  });
  afterAll(() => lab.close());

  /** SCTP has no sockets in many kernels: its rules are walked, not played. */
  const cases = policyCases().map(onNodes);
  const isPlayed = ({ proto }: Probe) => proto !== 'SCTP';

  it.each(cases.map((one) => [one.id, one.title, one] as const))('%s %s', async (_id, _title, one) => {
    const rules = lab.nodes.map(
      (node) =>
        new NodeRules(node, (script, input) => lab.in(node, script, input), { refusal: 'reject', closedRanges: [] }),
    );
    const cluster = new CaseCluster(
      one,
      rules.map(({ tracker }) => tracker),
    );
    const play = async (probes: readonly Probe[]) => {
      for (const pod of cluster.pods.values()) {
        if (!pod.hostNetwork) await lab.pod(pod.node as string, pod.ips ?? [pod.ip]);
      }
      for (const node of rules) node.write();
      expect(rules.map((node) => node.difference())).toEqual(lab.nodes.map(() => undefined));
      const wrong: unknown[] = [];
      const attempt = async (probe: Probe) => {
        const [from, to] = [probe.from, probe.to].map((end) => cluster.addressOf(end, probe.family)) as [
          string,
          string,
        ];
        const { via } = probe;
        if (via) lab.serve(via, probe.proto, to, probe.port);
        const word = await lab.attempt({
          from,
          to: via?.ip ?? to,
          port: via?.port ?? probe.port,
          protocol: probe.proto,
        });
        if (word !== (probe.expect === 'allow' ? 'through' : 'refused')) wrong.push({ ...probe, word });
      };
      const played = probes.filter(isPlayed);
      await Promise.all(played.filter(({ via }) => !via).map(attempt));
      for (const probe of played.filter(({ via }) => via)) await attempt(probe);
      expect(wrong).toEqual([]);
    };
    try {
      await play(one.probes);
      for (const { apply, probes } of one.steps ?? []) {
        for (const operation of apply) cluster.apply(operation);
        await play(probes);
      }
    } finally {
      for (const node of rules) node.remove();
    }
  });
});
