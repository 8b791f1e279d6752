import { isPort, isProtocol, type Problem, quote, type Report } from '@kubecity/routing';
import { readBlock } from './block.ts';
import { isRecord, listOf } from './foreign.ts';
import type { KubeNetworkPolicy } from './objects.ts';
import { type Peer, type Policy, type Port, podPeer, type Rule } from './policy.ts';
import { readSelector } from './selector.ts';

/** IANA_SVC_NAME, which the API server asks of port names. */
const PORT_NAME = /^(?=.{1,15}$)(?=.*[a-z])[a-z0-9]+(-[a-z0-9]+)*$/;

/**
 * Defaults as the API server fills them in when an object is written (`SetDefaults_NetworkPolicy`), here too so that a
 * file means the same. What cannot be read is reported and takes the closed side: an unreadable peer or port allows
 * nothing, an unreadable part of `podSelector` or `policyTypes` isolates more pods or both directions.
 */
export function readPolicy({ metadata, spec }: KubeNetworkPolicy): { policy: Policy; problems: readonly Problem[] } {
  const { name, namespace = 'default' } = metadata;
  const problems: Problem[] = [];
  const report: Report = (field, message) => problems.push({ kind: 'NetworkPolicy', namespace, name, field, message });
  if (spec !== undefined && !isRecord(spec)) report('spec', `must be an object, not ${quote(spec)}`);
  const fields = isRecord(spec) ? spec : {};
  // A policy without a selector does not pass the API server; it selects what the empty one selects.
  const { selector } = readSelector(fields.podSelector ?? {}, 'spec.podSelector', report);
  const egress = readRules(fields.egress, 'spec.egress', 'to', namespace, report);
  const ingress = readRules(fields.ingress, 'spec.ingress', 'from', namespace, report);
  const types = readTypes(fields.policyTypes, hasRules(fields.egress), report);
  const policy: Policy = {
    id: `${namespace}/${name}`,
    namespace,
    name,
    podSelector: selector,
    ...(types.has('Ingress') && { ingress }),
    ...(types.has('Egress') && { egress }),
  };
  return { policy, problems };
}

function readTypes(value: unknown, hasEgress: boolean, report: Report): ReadonlySet<unknown> {
  let whole = true;
  const fault: Report = (field, message) => {
    whole = false;
    report(field, message);
  };
  const types = listOf(value, 'spec.policyTypes', fault);
  for (const [i, type] of types.entries()) {
    if (type === 'Ingress' || type === 'Egress') continue;
    fault(`spec.policyTypes[${i}]`, `must be Ingress or Egress, not ${quote(type)}`);
  }
  if (!whole) return new Set(['Ingress', 'Egress']);
  if (types.length > 0) return new Set(types);
  return new Set(hasEgress ? ['Ingress', 'Egress'] : ['Ingress']);
}

/** As written: rules that cannot be read are rules. */
function hasRules(value: unknown): boolean {
  return Array.isArray(value) ? value.length > 0 : value !== undefined && value !== null;
}

function readRules(value: unknown, field: string, peers: 'from' | 'to', namespace: string, report: Report): Rule[] {
  return listOf(value, field, report).flatMap((rule, index): Rule[] => {
    const where = `${field}[${index}]`;
    if (!isRecord(rule)) {
      report(where, `must be a rule with ${peers} and ports, not ${quote(rule)}`);
      return [];
    }
    const from = readList(rule[peers], `${where}.${peers}`, report, (one, at) => readPeer(one, at, namespace, report));
    const ports = readList(rule.ports, `${where}.ports`, report, (one, at) => readPort(one, at, report));
    return [{ index, ...(from && { peers: from }), ...(ports && { ports }) }];
  });
}

/** An absent or empty list is no restriction; one whose entries could not be read allows nothing. */
function readList<T>(
  value: unknown,
  field: string,
  report: Report,
  read: (one: unknown, field: string) => T | undefined,
): readonly T[] | undefined {
  let isList = true;
  const list = listOf(value, field, (where, message) => {
    isList = false;
    report(where, message);
  });
  if (isList && list.length === 0) return undefined;
  return list.flatMap((one, i) => read(one, `${field}[${i}]`) ?? []);
}

function readPeer(value: unknown, field: string, namespace: string, report: Report): Peer | undefined {
  if (!isRecord(value)) {
    report(field, `must be a peer, not ${quote(value)}`);
    return undefined;
  }
  const { ipBlock, podSelector, namespaceSelector } = value;
  const given = (one: unknown) => one !== undefined && one !== null;
  if (given(ipBlock)) {
    if (given(podSelector) || given(namespaceSelector)) {
      report(field, 'must not have an ipBlock together with a selector; make them two peers');
    } else if (!isRecord(ipBlock)) report(`${field}.ipBlock`, `must have a cidr, not be ${quote(ipBlock)}`);
    else return readBlock(ipBlock, `${field}.ipBlock`, report);
    return undefined;
  }
  if (!given(podSelector) && !given(namespaceSelector)) {
    report(field, 'must have a podSelector, a namespaceSelector or an ipBlock');
    return undefined;
  }
  const pods = readSelector(podSelector ?? {}, `${field}.podSelector`, report);
  if (!given(namespaceSelector)) return pods.whole ? podPeer({ namespace }, pods.selector) : undefined;
  const namespaces = readSelector(namespaceSelector, `${field}.namespaceSelector`, report);
  return pods.whole && namespaces.whole ? podPeer({ namespaces: namespaces.selector }, pods.selector) : undefined;
}

function readPort(value: unknown, field: string, report: Report): Port | undefined {
  if (!isRecord(value)) {
    report(field, `must be a port, not ${quote(value)}`);
    return undefined;
  }
  const { protocol: word, port, endPort } = value;
  const protocol = word === undefined || word === null ? 'TCP' : word;
  if (typeof protocol !== 'string' || !isProtocol(protocol)) {
    report(`${field}.protocol`, `must be TCP, UDP or SCTP, not ${quote(word)}`);
    return undefined;
  }
  const ranged = endPort !== undefined && endPort !== null;
  if (port === undefined || port === null) {
    if (!ranged) return { protocol, first: 0, last: 65_535 };
    report(`${field}.endPort`, 'must not stand without a port');
  } else if (isPort(port)) {
    if (!ranged) return { protocol, first: port, last: port };
    if (isPort(endPort) && endPort >= port) return { protocol, first: port, last: endPort };
    report(`${field}.endPort`, `must be a port from ${port} on, not ${quote(endPort)}`);
  } else if (typeof port === 'string' && PORT_NAME.test(port)) {
    if (!ranged) return { protocol, name: port };
    report(`${field}.endPort`, 'must not stand beside a port that is a name');
  } else report(`${field}.port`, `must be a number from 1 to 65535 or the name of a port, not ${quote(port)}`);
  return undefined;
}
