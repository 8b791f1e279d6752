import type { RulesReport } from '@kubecity/protocol';
import type { Family, RoutingTable } from '@kubecity/routing';
import type { Cut } from '../draining/drains.ts';
import type { SyncResult } from './rule-sync.ts';

/** Where one family stands. `result` is of its last success, `error` of a failure since. */
export interface FamilyState {
  readonly result?: SyncResult;
  readonly lastSync?: RulesReport['lastSync'];
  /** What the last success brought into the kernel. */
  readonly acknowledged?: RoutingTable;
  readonly error?: string;
  /** The last time another hand had changed our rules. */
  readonly drift?: { readonly at: number; readonly difference: string };
}

/** What the agent does about rules, beside what became of them. */
export interface Standing {
  readonly mode: RulesReport['mode'];
  /** Why no rules are written at all. */
  readonly fault?: string;
  /** What should be known of the mode. */
  readonly remark?: string;
}

/** Bounds of the wire (protocol `rulesReport`). */
const MOST_ACKNOWLEDGED = 10_000;
const MOST_PROBLEMS = 1000;
const MOST_MESSAGE = 1024;

/**
 * What the hub is told of this node's rules. Acknowledgements are those of the last table that every family has in the
 * kernel: a failed sync leaves them as they were and says why it failed. An override is missing there while the kernel refuses
 * the rules of a service port that it has a backend of.
 * @param cut connections that were ended for an override, by its uid
 */
export function mergedReport(
  table: RoutingTable | undefined,
  states: ReadonlyMap<Family, FamilyState>,
  at: number,
  cut: (uid: string) => Cut | undefined,
  { mode, fault, remark }: Standing,
): RulesReport {
  const all = [...states.values()];
  const error = [
    ...(fault === undefined ? [] : [fault]),
    ...[...states].flatMap(([family, state]) => (state.error === undefined ? [] : [`${family}: ${state.error}`])),
  ];
  const behind = all.find((state) => state.error !== undefined) ?? all[0];
  const sum = (figure: (state: FamilyState) => number | undefined) =>
    all.reduce((total, state) => total + (figure(state) ?? 0), 0);
  return {
    at,
    mode,
    inSync: (all.length > 0 || mode === 'observe') && error.length === 0,
    ...(error.length > 0 && { error: error.join('; ').slice(0, 2048) }),
    servicePorts: behind?.acknowledged?.servicePorts.size ?? 0,
    chains: sum((state) => state.result?.size.chains),
    rules: sum((state) => state.result?.size.rules),
    lastSync: {
      chains: sum((state) => state.lastSync?.chains),
      rules: sum((state) => state.lastSync?.rules),
      milliseconds: sum((state) => state.lastSync?.milliseconds),
    },
    acknowledged: acknowledged(behind?.acknowledged, all, cut),
    problems: problemsOf(table, all, remark),
    ...lastDrift(states),
  };
}

function acknowledged(
  table: RoutingTable | undefined,
  states: readonly FamilyState[],
  cut: (uid: string) => Cut | undefined,
): RulesReport['acknowledged'] {
  const isolated = states.flatMap(({ result }) => result?.isolated ?? []);
  const refused = new Set(isolated.flatMap(({ port }) => port.backends.map(({ overrideUid }) => overrideUid)));
  return (table?.outcomes ?? [])
    .filter(({ uid }) => !refused.has(uid))
    .slice(0, MOST_ACKNOWLEDGED)
    .map(({ uid, namespace, name, generation, state, message, value }) => {
      const ended = cut(uid);
      return {
        uid,
        namespace,
        name,
        generation,
        state,
        ...(message !== undefined && { message: message.slice(0, MOST_MESSAGE) }),
        ...(value !== undefined && { value }),
        ...(ended && { cut: { ...ended } }),
      };
    });
}

function lastDrift(states: ReadonlyMap<Family, FamilyState>): Pick<RulesReport, 'drift'> {
  const drifts = [...states].flatMap(([family, { drift }]) =>
    drift ? [{ at: drift.at, difference: `${family} ${drift.difference}`.slice(0, MOST_MESSAGE) }] : [],
  );
  const last = drifts.sort((a, b) => b.at - a.at)[0];
  return last ? { drift: last } : {};
}

function problemsOf(
  table: RoutingTable | undefined,
  states: readonly FamilyState[],
  remark: string | undefined,
): RulesReport['problems'] {
  const isolated = states.flatMap((state) => state.result?.isolated ?? []);
  return [
    ...(remark === undefined ? [] : [{ kind: 'Node', namespace: '', name: '', field: 'mode', message: remark }]),
    ...isolated.map(({ port, reason }) => ({
      kind: 'Service',
      namespace: port.namespace,
      name: port.name,
      field: `spec.ports[${port.portName || port.port}]`,
      message: `the kernel refuses its rules (${port.family}), so it stays as it was: ${reason}`,
    })),
    ...(table?.problems ?? []),
  ]
    .slice(0, MOST_PROBLEMS)
    .map((problem) => ({ ...problem, message: problem.message.slice(0, MOST_MESSAGE) }));
}
