import ipaddr from 'ipaddr.js';
import { type FieldError, invalidValue, notSupported, required } from '../field-error.ts';
import { checkLabels } from '../metadata.ts';
import { ensureObject, isObject, type Json, type KubeObject, listAt, objectAt, setDefault } from '../object.ts';
import { builtin } from './builtin.ts';
import { AGE, NAME, selectorText, text } from './columns.ts';
import { checkPortName, checkPortNumber } from './port-validation.ts';

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
  setDefault(spec, 'policyTypes', spec.egress === undefined ? ['Ingress'] : ['Ingress', 'Egress']);
  for (const rule of [...listAt(spec, 'ingress'), ...listAt(spec, 'egress')]) {
    for (const port of listAt(rule, 'ports')) if (isObject(port)) setDefault(port, 'protocol', 'TCP');
  }
}

function validate(policy: KubeObject): FieldError[] {
  const spec = objectAt(policy, 'spec');
  const errors = checkLabels('spec.podSelector.matchLabels', objectAt(spec, 'podSelector', 'matchLabels'));
  listAt(spec, 'policyTypes').forEach((type, index) => {
    const types = ['Ingress', 'Egress'];
    if (!types.includes(String(type))) errors.push(notSupported(`spec.policyTypes[${index}]`, type, types));
  });
  for (const [direction, peers] of [
    ['ingress', 'from'],
    ['egress', 'to'],
  ] as const) {
    listAt(spec, direction).forEach((rule, index) => {
      const at = `spec.${direction}[${index}]`;
      listAt(rule, 'ports').forEach((port, place) => {
        errors.push(...checkPort(`${at}.ports[${place}]`, port));
      });
      listAt(rule, peers).forEach((peer, place) => {
        errors.push(...checkPeer(`${at}.${peers}[${place}]`, peer));
      });
    });
  }
  return errors;
}

function checkPort(at: string, port: Json): FieldError[] {
  if (!isObject(port)) return [];
  const errors: FieldError[] = [];
  const protocols = ['SCTP', 'TCP', 'UDP'];
  if (!protocols.includes(String(port.protocol))) errors.push(notSupported(`${at}.protocol`, port.protocol, protocols));
  if (typeof port.port === 'number') errors.push(...checkPortNumber(`${at}.port`, port.port));
  if (typeof port.port === 'string') errors.push(...checkPortName(`${at}.port`, port.port));
  if (typeof port.endPort === 'number') {
    errors.push(...checkPortNumber(`${at}.endPort`, port.endPort));
    if (typeof port.port !== 'number')
      errors.push(required(`${at}.port`, 'must be a number when `endPort` is specified'));
    else if (port.endPort < port.port)
      errors.push(invalidValue(`${at}.endPort`, port.endPort, 'must be greater than or equal to `port`'));
  }
  return errors;
}

function checkPeer(at: string, peer: Json): FieldError[] {
  if (!isObject(peer)) return [];
  const { ipBlock, podSelector, namespaceSelector } = peer;
  if (ipBlock === undefined) {
    return podSelector === undefined && namespaceSelector === undefined ? [required(at, 'must specify a peer')] : [];
  }
  if (podSelector !== undefined || namespaceSelector !== undefined) {
    return [
      { reason: 'FieldValueForbidden', field: at, message: 'Forbidden: may not specify both ipBlock and another peer' },
    ];
  }
  const block = objectAt(ipBlock);
  const fields: [string, Json | undefined][] = [[`${at}.ipBlock.cidr`, block.cidr]];
  listAt(block, 'except').forEach((cidr, index) => {
    fields.push([`${at}.ipBlock.except[${index}]`, cidr]);
  });
  return fields
    .filter(([, cidr]) => typeof cidr !== 'string' || !ipaddr.isValidCIDR(cidr))
    .map(([field, cidr]) =>
      invalidValue(field, cidr, 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)'),
    );
}
