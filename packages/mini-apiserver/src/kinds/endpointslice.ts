import ipaddr from 'ipaddr.js';
import { type FieldError, invalidValue, notSupported, required, tooMany } from '../field-error.ts';
import { isObject, type Json, type KubeObject, listAt, numberAt, setDefault, stringAt } from '../object.ts';
import { builtin } from './builtin.ts';
import { AGE, NAME, text } from './columns.ts';
import { checkPortNumber } from './port-validation.ts';

export const endpointSlices = builtin({
  group: 'discovery.k8s.io',
  plural: 'endpointslices',
  kind: 'EndpointSlice',
  model: 'V1EndpointSlice',
  generation: true,
  rules: {
    defaults: (slice) => {
      setDefault(slice, 'endpoints', []);
      for (const port of listAt(slice, 'ports')) {
        if (!isObject(port)) continue;
        setDefault(port, 'name', '');
        setDefault(port, 'protocol', 'TCP');
      }
    },
    validate: validateSlice,
  },
  columns: [
    NAME,
    text('AddressType', (slice) => stringAt(slice, 'addressType') ?? ''),
    text('Ports', (slice) =>
      shortList(
        listAt(slice, 'ports').map((port) => String(numberAt(port, 'port') ?? '*')),
        '<unset>',
      ),
    ),
    text('Endpoints', (slice) =>
      shortList(
        listAt(slice, 'endpoints').flatMap((one) => listAt(one, 'addresses').map(String)),
        '<unset>',
      ),
    ),
    AGE,
  ],
});

function shortList(items: string[], none: string): string {
  if (items.length === 0) return none;
  const shown = items.slice(0, 3).join(',');
  return items.length > 3 ? `${shown} + ${items.length - 3} more...` : shown;
}

function validateSlice(slice: KubeObject, old: KubeObject | undefined): FieldError[] {
  const errors: FieldError[] = [];
  const { addressType } = slice;
  const types = ['FQDN', 'IPv4', 'IPv6'];
  if (addressType === undefined) errors.push(required('addressType'));
  else if (!types.includes(String(addressType))) errors.push(notSupported('addressType', addressType, types));
  if (old !== undefined && old.addressType !== addressType)
    errors.push(invalidValue('addressType', addressType, 'field is immutable'));
  const endpoints = listAt(slice, 'endpoints');
  if (endpoints.length > 1000) errors.push(tooMany('endpoints', endpoints.length, 1000));
  endpoints.forEach((endpoint, index) => {
    errors.push(...checkAddresses(`endpoints[${index}].addresses`, endpoint, addressType));
  });
  const names = new Set<string>();
  listAt(slice, 'ports').forEach((port, index) => {
    const at = `ports[${index}]`;
    const name = stringAt(port, 'name') ?? '';
    if (names.has(name))
      errors.push({ reason: 'FieldValueDuplicate', field: `${at}.name`, message: `Duplicate value: "${name}"` });
    names.add(name);
    const protocols = ['SCTP', 'TCP', 'UDP'];
    const protocol = stringAt(port, 'protocol');
    if (!protocols.includes(String(protocol))) errors.push(notSupported(`${at}.protocol`, protocol, protocols));
    const number = numberAt(port, 'port');
    if (number !== undefined) errors.push(...checkPortNumber(`${at}.port`, number));
  });
  return errors;
}

function checkAddresses(at: string, endpoint: Json, addressType: Json | undefined): FieldError[] {
  const addresses = listAt(endpoint, 'addresses');
  if (addresses.length === 0) return [required(at, 'must contain at least 1 addresses')];
  if (addresses.length > 100) return [tooMany(at, addresses.length, 100)];
  return addresses.flatMap((address, index) => {
    const field = `${at}[${index}]`;
    if (addressType === 'IPv4' && !ipaddr.IPv4.isValidFourPartDecimal(String(address))) {
      return [invalidValue(field, address, 'must be a valid IPv4 address')];
    }
    if (addressType === 'IPv6' && !ipaddr.IPv6.isValid(String(address))) {
      return [invalidValue(field, address, 'must be a valid IPv6 address')];
    }
    if (addressType === 'FQDN') return [];
    const range = ipaddr.parse(String(address)).range();
    const bad = ['loopback', 'unspecified', 'linkLocal', 'multicast'].includes(range);
    return bad ? [invalidValue(field, address, `may not be in the ${range} range`)] : [];
  });
}
