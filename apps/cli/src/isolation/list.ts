import { type KubeNetworkPolicy, type Policy, readPolicy, selectorText } from '@kubecity/isolation';
import type { CityRecord } from '@kubecity/protocol';
import type { Connection } from '../connection.ts';
import { EXIT } from '../failure.ts';
import { counted } from '../figures.ts';
import { type Format, tell, type View } from '../output.ts';
import type { Terminal } from '../terminal.ts';
import { enforcementLines, enforcementOf, mapIfAny } from './enforcement.ts';
import { readSelections } from './policy-city.ts';

export interface ListFlags {
  readonly allNamespaces?: boolean;
  readonly output: Format;
}

export interface PolicyRow {
  readonly namespace: string;
  readonly name: string;
  /** Pods that it isolates in at least one direction, `namespace/name`, sorted. */
  readonly pods: readonly string[];
  readonly selector: string;
  /** Rules of each direction that it isolates; absent: it says nothing of that direction. */
  readonly ingress?: number;
  readonly egress?: number;
  /** First packets that agents let through and refused; absent without a dashboard, or where nobody enforces it. */
  readonly counts?: Pick<CityRecord<'policy'>, 'ingress' | 'egress'>;
  readonly problems: readonly { readonly field: string; readonly message: string }[];
}

/** The policies, whom they select and what is wrong with them. */
export async function list(flags: ListFlags, connection: Connection, terminal: Terminal): Promise<number> {
  const namespace = flags.allNamespaces ? undefined : connection.namespace;
  const { tracker, policies, pods } = await readSelections(connection.client, namespace);
  const map = await mapIfAny(connection, terminal);
  const selected = new Map<string, string[]>();
  for (const { metadata } of pods) {
    const pod = tracker.pod(`${metadata.namespace ?? 'default'}/${metadata.name}`);
    if (!pod) continue;
    const gates = [tracker.gateOf(pod, 'ingress'), tracker.gateOf(pod, 'egress')];
    for (const id of new Set(gates.flatMap((gate) => gate?.policies ?? [])))
      selected.set(id, [...(selected.get(id) ?? []), pod.id]);
  }
  const rows = policies
    .map((object) => rowOf(object, selected, map?.all('policy')))
    .sort((a, b) => (idOf(a) < idOf(b) ? -1 : 1));
  const where =
    namespace === undefined ? 'in the cluster' : `in namespace ${namespace} (-A shows all, -n NAME another)`;
  tell(rows, viewOf(map !== undefined, `No NetworkPolicies ${where}.`), flags.output, terminal);
  if (flags.output === 'table' || flags.output === 'wide') tellWords(rows, map && enforcementOf(map), terminal);
  return EXIT.done;
}

function rowOf(
  object: KubeNetworkPolicy,
  selected: ReadonlyMap<string, readonly string[]>,
  counts: ReadonlyMap<string, CityRecord<'policy'>> | undefined,
): PolicyRow {
  const { policy, problems } = readPolicy(object);
  const { id, namespace, name, podSelector, ingress, egress } = policy as Policy;
  const counted = counts?.get(id);
  return {
    namespace,
    name,
    pods: [...(selected.get(id) ?? [])].sort(),
    selector: selectorText(podSelector),
    ...(ingress && { ingress: ingress.length }),
    ...(egress && { egress: egress.length }),
    ...(counted && { counts: { ingress: counted.ingress, egress: counted.egress } }),
    problems: problems.map(({ field, message }) => ({ field, message })),
  };
}

const idOf = ({ namespace, name }: PolicyRow) => `${namespace}/${name}`;

function viewOf(isCounted: boolean, none: string): View<PolicyRow> {
  const sum =
    (what: 'accepted' | 'refused') =>
    ({ counts }: PolicyRow) =>
      counts && (counts.ingress?.[what] ?? 0) + (counts.egress?.[what] ?? 0);
  return {
    none,
    name: (row) => `networkpolicy/${row.name}`,
    columns: [
      { head: 'NAMESPACE', cell: ({ namespace }) => namespace },
      { head: 'NAME', cell: ({ name }) => name },
      { head: 'PODS', cell: ({ pods }) => pods.length, right: true },
      { head: 'INGRESS', cell: ({ ingress }) => rulesText(ingress) },
      { head: 'EGRESS', cell: ({ egress }) => rulesText(egress) },
      ...(isCounted
        ? [
            { head: 'ACCEPTED', cell: sum('accepted'), right: true },
            { head: 'REFUSED', cell: sum('refused'), right: true },
          ]
        : []),
      { head: 'PROBLEMS', cell: ({ problems }) => problems.length || undefined, right: true },
      { head: 'SELECTOR', cell: ({ selector }) => selector, wide: true },
      { head: 'SELECTS', cell: ({ pods }) => pods.map((pod) => pod.slice(pod.indexOf('/') + 1)).join(','), wide: true },
    ],
  };
}

const rulesText = (rules: number | undefined) =>
  rules === undefined ? undefined : rules === 0 ? 'closed' : counted(rules, 'rule');

function tellWords(
  rows: readonly PolicyRow[],
  enforcement: Parameters<typeof enforcementLines>[0],
  terminal: Terminal,
): void {
  for (const row of rows) {
    for (const { field, message } of row.problems)
      terminal.say(terminal.paint('yellow', `${idOf(row)}: ${field} ${message}`, 'words'));
  }
  for (const line of enforcementLines(enforcement)) terminal.say(terminal.paint('dim', line, 'words'));
}
