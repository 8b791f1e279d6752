import type { RulesReport } from '@kubecity/protocol';
import type { SyncResult } from './rule-sync.ts';

export interface Reported {
  readonly at: number;
  readonly result: SyncResult;
  readonly lastSync: RulesReport['lastSync'];
}

const NOTHING_YET = { servicePorts: 0, chains: 0, rules: 0, lastSync: { chains: 0, rules: 0, milliseconds: 0 } };
/** Bounds of the wire (protocol `rulesReport`); what is cut off is told in the last problem. */
const MOST_PROBLEMS = 1000;

/**
 * What the hub is told of this node's rules. Acknowledgements are those of the last state that was read back from the
 * kernel: a failed sync leaves them as they were and says why it failed.
 */
export function rulesReport(last: Reported | undefined, error: string | undefined, now: number): RulesReport {
  if (!last)
    return {
      at: now,
      mode: 'replace',
      inSync: false,
      ...NOTHING_YET,
      acknowledged: [],
      problems: [],
      ...(error && { error }),
    };
  const { table, size } = last.result;
  return {
    at: last.at,
    mode: 'replace',
    inSync: error === undefined,
    ...(error !== undefined && { error }),
    servicePorts: table.servicePorts.size,
    ...size,
    lastSync: last.lastSync,
    acknowledged: table.outcomes.map(({ uid, namespace, name, generation, state, message }) => ({
      uid,
      namespace,
      name,
      generation,
      state,
      ...(message !== undefined && { message: message.slice(0, 1024) }),
    })),
    problems: table.problems
      .slice(0, MOST_PROBLEMS)
      .map((problem) => ({ ...problem, message: problem.message.slice(0, 1024) })),
  };
}
