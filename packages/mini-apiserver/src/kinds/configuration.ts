import ipaddr from 'ipaddr.js';
import { type FieldError, invalidValue } from '../field-error.ts';
import { type KubeObject, listAt, objectAt, sameJson } from '../object.ts';
import { builtin } from './builtin.ts';
import { AGE, NAME, text } from './columns.ts';

export const configMaps = builtin({
  plural: 'configmaps',
  kind: 'ConfigMap',
  model: 'V1ConfigMap',
  shortNames: ['cm'],
  rules: { validate: validateConfigMap },
  columns: [
    NAME,
    text('Data', (map) => String(Object.keys({ ...objectAt(map, 'data'), ...objectAt(map, 'binaryData') }).length)),
    AGE,
  ],
});

export const serviceAccounts = builtin({
  plural: 'serviceaccounts',
  kind: 'ServiceAccount',
  model: 'V1ServiceAccount',
  shortNames: ['sa'],
  columns: [NAME, text('Secrets', (account) => String(listAt(account, 'secrets').length)), AGE],
});

export const serviceCidrs = builtin({
  group: 'networking.k8s.io',
  plural: 'servicecidrs',
  kind: 'ServiceCIDR',
  model: 'V1ServiceCIDR',
  namespaced: false,
  status: true,
  rules: { validate: validateServiceCidr },
  columns: [NAME, text('CIDRs', (range) => listAt(range, 'spec', 'cidrs').join(',')), AGE],
});

function validateConfigMap(map: KubeObject, old: KubeObject | undefined): FieldError[] {
  const errors = Object.keys({ ...objectAt(map, 'data'), ...objectAt(map, 'binaryData') })
    .filter((key) => !/^[-._a-zA-Z0-9]{1,253}$/.test(key))
    .map((key) =>
      invalidValue(`data[${key}]`, key, "a valid config key must consist of alphanumeric characters, '-', '_' or '.'"),
    );
  const changed =
    old?.immutable === true && !(sameJson(map.data, old.data) && sameJson(map.binaryData, old.binaryData));
  if (changed)
    errors.push({
      reason: 'FieldValueForbidden',
      field: 'data',
      message: 'Forbidden: field is immutable when `immutable` is set',
    });
  return errors;
}

/** The range is chosen when the server starts; a second one would promise addresses that are never allocated. */
function validateServiceCidr(range: KubeObject, old: KubeObject | undefined): FieldError[] {
  if (old !== undefined && !sameJson(range.spec, old.spec)) {
    return [invalidValue('spec.cidrs', listAt(range, 'spec', 'cidrs'), 'field is immutable')];
  }
  if (old === undefined && range.metadata.name !== 'kubernetes') {
    return [
      invalidValue(
        'metadata.name',
        range.metadata.name,
        'this server allocates from the ServiceCIDR "kubernetes" only',
      ),
    ];
  }
  return listAt(range, 'spec', 'cidrs')
    .filter((cidr) => typeof cidr !== 'string' || !ipaddr.isValidCIDR(cidr))
    .map((cidr) => invalidValue('spec.cidrs', cidr, 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)'));
}
