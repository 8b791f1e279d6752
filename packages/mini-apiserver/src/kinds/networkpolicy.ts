import ipaddr from 'ipaddr.js';
import { type FieldError, forbiddenField, invalidValue, notSupported, required } from '../field-error.ts';
import {
  ensureObject,
  isObject,
  type Json,
  type JsonObject,
  type KubeObject,
  listAt,
  objectAt,
  setDefault,
  stringAt,
} from '../object.ts';
import { builtin } from './builtin.ts';
import { AGE, NAME, selectorText, text } from './columns.ts';
import { checkLabelSelector } from './label-selector.ts';
import { checkPortName, checkPortNumber } from './port-validation.ts';

/** Kept, defaulted and checked as by Kubernetes (`SetDefaults_NetworkPolicy`, `ValidateNetworkPolicy`). */
export const networkPolicies = builtin({
  group: 'networking.k8s.io',
  plural: 'networkpolicies',
  kind: 'NetworkPolicy',
  model: 'V1NetworkPolicy',
  shortNames: ['netpol'],
  generation: true,
  rules: { defaults, validate },
  columns: [NAME, text('Pod-Selector', (policy) => selectorText(objectAt(policy, 'spec', 'podSelector'))), AGE],
});

function defaults(policy: KubeObject): void {
  const spec = ensureObject(policy, 'spec');
  setDefault(spec, 'podSelector', {});
  if (listAt(spec, 'policyTypes').length === 0) {
    spec.policyTypes = listAt(spec, 'egress').length === 0 ? ['Ingress'] : ['Ingress', 'Egress'];
  }
  for (const rule of [...listAt(spec, 'ingress'), ...listAt(spec, 'egress')]) {
    for (const port of listAt(rule, 'ports')) if (isObject(port)) setDefault(port, 'protocol', 'TCP');
  }
}

function validate(policy: KubeObject): FieldError[] {
  const spec = objectAt(policy, 'spec');
  return [
    ...checkLabelSelector('spec.podSelector', spec.podSelector),
    ...checkRules('spec.ingress', 'from', listAt(spec, 'ingress')),
    ...checkRules('spec.egress', 'to', listAt(spec, 'egress')),
    ...checkTypes(listAt(spec, 'policyTypes')),
  ];
}

function checkTypes(types: Json[]): FieldError[] {
  const known = ['Ingress', 'Egress'];
  if (types.length > known.length)
    return [invalidValue('spec.policyTypes', types, 'may not specify more than two policyTypes')];
  return types.flatMap((type, i) =>
    known.includes(String(type)) ? [] : [notSupported(`spec.policyTypes[${i}]`, type, known)],
  );
}

function checkRules(at: string, peers: 'from' | 'to', rules: Json[]): FieldError[] {
  return rules.flatMap((rule, index) => [
    ...listAt(rule, 'ports').flatMap((port, i) => checkPort(`${at}[${index}].ports[${i}]`, port)),
    ...listAt(rule, peers).flatMap((peer, i) => checkPeer(`${at}[${index}].${peers}[${i}]`, peer)),
  ]);
}

function checkPort(at: string, value: Json): FieldError[] {
  if (!isObject(value)) return [];
  const { protocol, port, endPort } = value;
  const protocols = ['SCTP', 'TCP', 'UDP'];
  return [
    ...(protocols.includes(String(protocol)) ? [] : [notSupported(`${at}.protocol`, protocol, protocols)]),
    ...(typeof port === 'number' ? checkPortNumber(`${at}.port`, port) : []),
    ...(typeof port === 'string' ? checkPortName(`${at}.port`, port) : []),
    ...(typeof endPort === 'number' ? checkEndPort(`${at}.endPort`, endPort, port) : []),
  ];
}

function checkEndPort(at: string, endPort: number, port: Json | undefined): FieldError[] {
  if (port === undefined) return [invalidValue(at, endPort, 'may not be specified when `port` is not specified')];
  if (typeof port !== 'number') return [invalidValue(at, endPort, 'may not be specified when `port` is non-numeric')];
  const under = endPort < port ? [invalidValue(at, endPort, 'must be greater than or equal to `port`')] : [];
  return [...under, ...checkPortNumber(at, endPort)];
}

function checkPeer(at: string, peer: Json): FieldError[] {
  if (!isObject(peer)) return [];
  const { ipBlock, podSelector, namespaceSelector } = peer;
  const selects = podSelector !== undefined || namespaceSelector !== undefined;
  if (!selects && ipBlock === undefined) return [required(at, 'must specify a peer')];
  return [
    ...checkLabelSelector(`${at}.podSelector`, podSelector),
    ...checkLabelSelector(`${at}.namespaceSelector`, namespaceSelector),
    ...(isObject(ipBlock) ? checkBlock(`${at}.ipBlock`, ipBlock) : []),
    ...(selects && ipBlock !== undefined ? [forbiddenField(at, 'may not specify both ipBlock and another peer')] : []),
  ];
}

function checkBlock(at: string, block: JsonObject): FieldError[] {
  const cidr = stringAt(block, 'cidr') ?? '';
  if (cidr === '') return [required(`${at}.cidr`)];
  if (!isCidr(cidr)) return [notCidr(`${at}.cidr`, cidr)];
  return listAt(block, 'except')
    .map(String)
    .flatMap((except, i) => {
      const field = `${at}.except[${i}]`;
      if (!isCidr(except)) return [notCidr(field, except)];
      return isStrictSubset(except, cidr) ? [] : [invalidValue(field, except, 'must be a strict subset of `cidr`')];
    });
}

/** ipaddr.js by itself takes `10/8` and hexadecimal parts, which Go's parser does not. */
const isCidr = (text: string) => ipaddr.IPv4.isValidCIDRFourPartDecimal(text) || ipaddr.IPv6.isValidCIDR(text);

const notCidr = (field: string, text: string) =>
  invalidValue(field, text, 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)');

function isStrictSubset(inner: string, outer: string): boolean {
  const [address, bits] = ipaddr.parseCIDR(inner);
  const [network, networkBits] = ipaddr.parseCIDR(outer);
  return address.kind() === network.kind() && bits > networkBits && address.match(network, networkBits);
}
