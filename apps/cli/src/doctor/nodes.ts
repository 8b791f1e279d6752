import type { AgentAnswer } from '@kubecity/protocol';
import { type Finding, found, ok, versionSkew } from '@kubecity/protocol';

/** What a dashboard heard of one node. */
export interface NodeDiagnosis {
  readonly node: string;
  readonly answer: AgentAnswer;
}

/** One node, told to people and scripts alike. */
export interface NodeReport {
  readonly node: string;
  /** Of its agent; absent where none answers. */
  readonly version?: string;
  readonly findings: readonly Finding[];
}

export function nodeReport({ node, answer }: NodeDiagnosis): NodeReport {
  if (answer.kind === 'diagnose') return { node, version: answer.version, findings: answer.findings };
  return { node, findings: [silent(node, answer)] };
}

function silent(node: string, answer: AgentAnswer): Finding {
  const id = 'node.agent';
  const said = answer.kind === 'refused' ? answer.message : 'it answered something else';
  if (answer.kind === 'refused' && answer.code === 'not-found') {
    return found('error', id, {
      what: said,
      why: 'Its traffic is missing on the map, overrides are not carried out there, and drains wait for it.',
      doThis: `Look for the pod of its agent: kubectl -n kubecity get pods -l app.kubernetes.io/component=agent --field-selector spec.nodeName=${node}. On the node: kubecity-agent doctor.`,
    });
  }
  if (answer.kind === 'refused' && answer.code === 'invalid-request') {
    return found('note', id, {
      what: 'its agent is of a version that does not know this question',
      why: 'What is amiss on the node is not known.',
      doThis: 'Update the agents; until then run kubecity-agent doctor there.',
    });
  }
  return found('warning', id, {
    what: `its agent gave no answer: ${said}`,
    why: 'It is busy, or does not go on.',
    doThis: 'Ask again; then look into its log.',
  });
}

/** @param dashboard its version; @param agents of each node that told one */
export function judgeVersions(dashboard: string, agents: readonly (string | undefined)[]): Finding {
  const id = 'cluster.versions';
  const counts = [...Map.groupBy(agents, (version) => version ?? 'unknown')].map(
    ([v, { length }]) => `${v} (${length})`,
  );
  const what = `dashboard ${dashboard}, agents ${counts.sort().join(', ') || 'none'}`;
  const known = agents.filter((version) => version !== undefined);
  if (known.some((version) => versionSkew(version, dashboard)?.supported === false)) {
    return found('error', id, {
      what: `${what}: more than one minor version apart`,
      why: 'They need not understand each other: agents may be refused.',
      doThis: 'Bring agents and dashboard to the same version, the dashboard first.',
    });
  }
  if (known.every((version) => version === dashboard)) return ok(id, what);
  return found('note', id, {
    what,
    why: 'One minor version apart works; what only the newer one knows is missing.',
    doThis: 'Finish the update.',
  });
}
