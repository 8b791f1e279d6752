import { z } from 'zod';

/**
 * - `ok`: looked at, and as it should be
 * - `note`: worth knowing when something else is wrong
 * - `warning`: works, and will not under some load, packet or restart
 * - `error`: something does not work now
 */
export const SEVERITIES = ['ok', 'note', 'warning', 'error'] as const;
export type Severity = (typeof SEVERITIES)[number];

/** One thing that `doctor` looked at. Ids are stable: `docs/troubleshooting.md` explains them. */
export const finding = z.object({
  /** `group.thing`, as in `sysctl.forwarding`. */
  id: z.string().max(64),
  severity: z.enum(SEVERITIES),
  /** What was found, with its figures. */
  what: z.string().max(1024),
  /** What it leads to; absent with `ok`. */
  why: z.string().max(1024).optional(),
  /** What to do about it; absent with `ok`. */
  doThis: z.string().max(1024).optional(),
});
export type Finding = z.infer<typeof finding>;
/** Of one node. */
export const MOST_FINDINGS = 200;

export const ok = (id: string, what: string): Finding => ({ id, severity: 'ok', what: what.slice(0, 1024) });

export function found(
  severity: Exclude<Severity, 'ok'>,
  id: string,
  words: { readonly what: string; readonly why: string; readonly doThis: string },
): Finding {
  const { what, why, doThis } = words;
  return { id, severity, what: what.slice(0, 1024), why: why.slice(0, 1024), doThis: doThis.slice(0, 1024) };
}

/** The worst of them; `ok` where there are none. */
export function worst(findings: readonly Pick<Finding, 'severity'>[]): Severity {
  const most = findings.reduce((most, { severity }) => Math.max(most, SEVERITIES.indexOf(severity)), 0);
  return SEVERITIES[most] as Severity;
}

/** What a shell script can tell apart: 0 nothing worse than a note, 1 warnings, 2 errors. */
export const doctorExitCode = (findings: readonly Finding[]): number =>
  ({ ok: 0, note: 0, warning: 1, error: 2 })[worst(findings)];

/** For people, the worst first: a line for what was found, and with it why it matters and what to do. */
export function findingLines(findings: readonly Finding[]): string[] {
  const byWeight = findings.toSorted((a, b) => SEVERITIES.indexOf(b.severity) - SEVERITIES.indexOf(a.severity));
  const width = Math.max(0, ...findings.map(({ id }) => id.length));
  const gap = ' '.repeat('warning'.length + 2 + width + 2);
  return byWeight.flatMap(({ severity, id, what, why, doThis }) => [
    `${severity.padEnd('warning'.length)}  ${id.padEnd(width)}  ${what}`,
    ...(why === undefined ? [] : [`${gap}${why}`]),
    ...(doThis === undefined ? [] : [`${gap}→ ${doThis}`]),
  ]);
}
