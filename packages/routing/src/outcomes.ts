import { type Finding, listed } from './findings.ts';
import type { KubeRoutingOverride } from './objects.ts';
import { kindOf, type Override } from './override.ts';
import type { Problem } from './problem.ts';
import type { OverrideOutcome } from './table.ts';

/** What an acknowledgement can carry. */
const MAX_MESSAGE = 1024;

/** As many as are told one by one. */
const MAX_SERVICES = 100;

export function identityOf({ uid, namespace, name, generation }: Override) {
  return { uid, namespace, name, generation, cluster: namespace === '' };
}

export function invalidOutcome({ metadata }: KubeRoutingOverride, problems: readonly Problem[]): OverrideOutcome {
  const { namespace = '', name, uid = `${namespace}/${name}`, generation = 1 } = metadata;
  const first = problems[0];
  return {
    ...{ uid, namespace, name, generation },
    cluster: kindOf(metadata) === 'ClusterRoutingOverride',
    state: 'invalid',
    ...(first && { field: first.field }),
    message: short(problems.map(({ field, message }) => `${field}: ${message}`).join('; ')),
  };
}

/** Of one whose time is over. */
export function expiredOutcome(override: Override): OverrideOutcome {
  const message = 'its time is over';
  return { ...identityOf(override), override, state: 'expired', field: 'spec.expiresAt', message };
}

/**
 * Of one that is in force.
 * @param findings one of each Service in which it names somebody; of an override with `spec.service` that of this Service,
 *   none when it is not there
 * @param value where it is on its ramp
 */
export function outcomeOf(
  override: Override,
  findings: readonly Finding[],
  value: number | undefined,
): OverrideOutcome {
  const said = override.spec.service === undefined ? ofMany(override, findings) : ofOne(override, findings[0]);
  const { message } = said;
  const liftedIn = findings.filter(({ state }) => state === 'lifted').map(({ service }) => service);
  return {
    ...identityOf(override),
    override,
    ...said,
    ...(message !== undefined && { message: short(message) }),
    ...(liftedIn.length > 0 && { liftedIn: liftedIn.slice(0, MAX_SERVICES) }),
    ...(override.spec.ramp && value !== undefined && { value }),
  };
}

type Said = Pick<OverrideOutcome, 'state' | 'field' | 'message'>;

function ofOne({ namespace, spec }: Override, finding: Finding | undefined): Said {
  if (!finding) {
    const message = `there is no Service ${namespace}/${spec.service}`;
    return { state: 'noService', field: 'spec.service', message };
  }
  const { state, field, message } = finding;
  return { state, ...(field !== undefined && { field }), ...(message !== undefined && { message }) };
}

function ofMany(override: Override, findings: readonly Finding[]): Said {
  const states = new Set(findings.map(({ state }) => state));
  const state = (['applied', 'lifted', 'overruled'] as const).find((one) => states.has(one));
  if (state === undefined) {
    const where = override.namespace === '' ? 'any Service' : `any Service of namespace ${override.namespace}`;
    return { state: 'noBackends', field: 'spec.backends', message: `names no backend of ${where}` };
  }
  const [only] = findings.length === 1 ? findings : [];
  if (only) return { state, ...(only.message !== undefined && { message: `${only.service}: ${only.message}` }) };
  const message = [
    about(
      'lifted where the floor forbids it (spec.allowEmpty: true permits that)',
      findings.filter(({ state }) => state === 'lifted'),
    ),
    about(
      'overruled',
      findings.filter(({ lostTo }) => lostTo.length > 0),
      ({ lostTo }) => ` by ${listed(lostTo)}`,
    ),
    about(
      'gets less, since younger shares take the rest',
      findings.filter(({ curtailed }) => curtailed),
    ),
  ]
    .flat()
    .join('; ');
  return { state, ...(message !== '' && { message }) };
}

/** By name, since every node must say the same, whatever it learnt first. */
function about(what: string, findings: readonly Finding[], more = (_: Finding) => ''): string[] {
  if (findings.length === 0) return [];
  const sorted = [...findings].sort((a, b) => (a.service < b.service ? -1 : 1));
  return [`${what}: ${listed(sorted.map((finding) => `${finding.service}${more(finding)}`))}`];
}

function short(message: string): string {
  return message.length <= MAX_MESSAGE ? message : `${message.slice(0, MAX_MESSAGE - 1)}…`;
}
