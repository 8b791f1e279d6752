import type { RulesReport } from './agent.ts';

/** Protocol 2 knows one mode, and refuses a report with another. */
const MODES_SINCE = 3;

/**
 * A report in the words of an older hub. One that knows no modes is told the truth of it: that this node's kernel does not
 * hold what operators wish, and why.
 * @param protocol that agent and hub speak
 */
export function reportFor(protocol: number, report: RulesReport): RulesReport {
  const mode: string = report.mode;
  if (protocol >= MODES_SINCE || mode === 'replace') return report;
  const told = { ...report, mode: 'replace' } as RulesReport;
  if (mode !== 'observe') return told;
  const error = 'this agent only observes; the dashboard is of an older version, which does not know that';
  return { ...told, inSync: false, error };
}
