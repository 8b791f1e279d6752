import ipaddr from 'ipaddr.js';
import { duplicate, type FieldError, forbiddenField, invalidValue, notSupported, required } from '../field-error.ts';
import { checkLabels, checkName } from '../metadata.ts';
import {
  isObject,
  type Json,
  type JsonObject,
  type KubeObject,
  listAt,
  numberAt,
  objectAt,
  sameJson,
  stringAt,
} from '../object.ts';
import type { RuleContext } from '../resource-type.ts';
import { NODE_PORTS } from '../service-addresses.ts';
import { checkPortName, checkPortNumber } from './port-validation.ts';

const TYPES = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'];
const PROTOCOLS = ['SCTP', 'TCP', 'UDP'];

/** What kube-apiserver's ValidateService refuses, for an IPv4 cluster. */
export function validateService(service: KubeObject, old: KubeObject | undefined, context: RuleContext): FieldError[] {
  const spec = objectAt(service, 'spec');
  const owner = `${service.metadata.namespace}/${service.metadata.name}`;
  return [
    ...oneOf('spec.type', spec.type, TYPES),
    ...checkPorts(spec, owner, context),
    ...checkLabels('spec.selector', objectAt(spec, 'selector')),
    ...checkAffinity(spec),
    ...checkTrafficPolicies(spec),
    ...checkFamilies(spec),
    ...checkExternal(spec),
    ...checkClusterIp(spec, owner, old, context),
  ];
}

function oneOf(field: string, value: Json | undefined, supported: readonly string[]): FieldError[] {
  return value === undefined || supported.includes(String(value)) ? [] : [notSupported(field, value, supported)];
}

function checkPorts(spec: JsonObject, owner: string, context: RuleContext): FieldError[] {
  const ports = listAt(spec, 'ports');
  const needless = spec.type === 'ExternalName' || spec.clusterIP === 'None';
  if (ports.length === 0) return needless ? [] : [required('spec.ports')];
  const errors = ports.flatMap((port, index) => checkPort(port, index, ports, spec, owner, context));
  return [...errors, ...checkDuplicates(ports)];
}

function checkPort(
  port: Json,
  index: number,
  ports: Json[],
  spec: JsonObject,
  owner: string,
  context: RuleContext,
): FieldError[] {
  const at = `spec.ports[${index}]`;
  const errors: FieldError[] = [];
  const name = stringAt(port, 'name') ?? '';
  if (name === '' && ports.length > 1) errors.push(required(`${at}.name`));
  if (name !== '') errors.push(...checkName(`${at}.name`, name, 'label'));
  if (ports.some((other, before) => before < index && name !== '' && stringAt(other, 'name') === name)) {
    errors.push(duplicate(`${at}.name`, name));
  }
  errors.push(...checkPortNumber(`${at}.port`, numberAt(port, 'port') ?? 0));
  errors.push(...oneOf(`${at}.protocol`, stringAt(port, 'protocol'), PROTOCOLS));
  const target = isObject(port) ? port.targetPort : undefined;
  if (typeof target === 'number') errors.push(...checkPortNumber(`${at}.targetPort`, target));
  if (typeof target === 'string') errors.push(...checkPortName(`${at}.targetPort`, target));
  const nodePort = numberAt(port, 'nodePort') ?? 0;
  if (nodePort !== 0) errors.push(...checkNodePort(`${at}.nodePort`, nodePort, spec, owner, context));
  return errors;
}

function checkNodePort(
  field: string,
  port: number,
  spec: JsonObject,
  owner: string,
  context: RuleContext,
): FieldError[] {
  if (spec.type !== 'NodePort' && spec.type !== 'LoadBalancer') {
    return [forbiddenField(field, "may not be used when `type` is 'ClusterIP'")];
  }
  if (port < NODE_PORTS.first || port > NODE_PORTS.last) {
    const range = `${NODE_PORTS.first}-${NODE_PORTS.last}`;
    return [invalidValue(field, port, `provided port is not in the valid range. The range of valid ports is ${range}`)];
  }
  const holder = context.serviceAddresses.ownerOfPort(port);
  return holder === undefined || holder === owner
    ? []
    : [invalidValue(field, port, 'provided port is already allocated')];
}

function checkDuplicates(ports: Json[]): FieldError[] {
  const seen = new Set<string>();
  return ports.flatMap((port, index) => {
    const key = { port: numberAt(port, 'port') ?? 0, protocol: stringAt(port, 'protocol') ?? 'TCP' };
    const text = JSON.stringify(key);
    if (seen.has(text)) return [duplicate(`spec.ports[${index}]`, key)];
    seen.add(text);
    return [];
  });
}

function checkAffinity(spec: JsonObject): FieldError[] {
  const errors = oneOf('spec.sessionAffinity', spec.sessionAffinity, ['ClientIP', 'None']);
  const seconds = numberAt(spec, 'sessionAffinityConfig', 'clientIP', 'timeoutSeconds');
  if (spec.sessionAffinity === 'ClientIP' && (seconds === undefined || seconds < 1 || seconds > 86_400)) {
    const field = 'spec.sessionAffinityConfig.clientIP.timeoutSeconds';
    errors.push(invalidValue(field, seconds ?? null, 'must be greater than 0 and less than 86400'));
  }
  return errors;
}

function checkTrafficPolicies(spec: JsonObject): FieldError[] {
  const errors = [
    ...oneOf('spec.internalTrafficPolicy', spec.internalTrafficPolicy, ['Cluster', 'Local']),
    ...oneOf('spec.externalTrafficPolicy', spec.externalTrafficPolicy, ['Cluster', 'Local']),
    ...oneOf('spec.trafficDistribution', spec.trafficDistribution, ['PreferClose', 'PreferSameNode', 'PreferSameZone']),
  ];
  const external = spec.type === 'NodePort' || spec.type === 'LoadBalancer' || listAt(spec, 'externalIPs').length > 0;
  if (spec.externalTrafficPolicy !== undefined && !external) {
    const detail = 'may only be set for externally-accessible services';
    errors.push(invalidValue('spec.externalTrafficPolicy', spec.externalTrafficPolicy, detail));
  }
  return errors;
}

function checkFamilies(spec: JsonObject): FieldError[] {
  const errors = oneOf('spec.ipFamilyPolicy', spec.ipFamilyPolicy, [
    'PreferDualStack',
    'RequireDualStack',
    'SingleStack',
  ]);
  if (spec.ipFamilyPolicy === 'RequireDualStack') {
    const detail = 'this cluster is not configured for dual-stack services';
    errors.push(invalidValue('spec.ipFamilyPolicy', 'RequireDualStack', detail));
  }
  listAt(spec, 'ipFamilies').forEach((family, index) => {
    const field = `spec.ipFamilies[${index}]`;
    if (family === 'IPv6') errors.push(invalidValue(field, family, 'not configured on this cluster'));
    else errors.push(...oneOf(field, family, ['IPv4', 'IPv6']));
    if (index > 0 && family === 'IPv4') errors.push(duplicate(field, family));
  });
  return errors;
}

function checkExternal(spec: JsonObject): FieldError[] {
  const errors = listAt(spec, 'externalIPs').flatMap((ip, index) => {
    const field = `spec.externalIPs[${index}]`;
    if (typeof ip !== 'string' || !ipaddr.isValid(ip)) {
      return [invalidValue(field, ip, 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)')];
    }
    const range = ipaddr.parse(ip).range();
    const bad = range === 'loopback' || range === 'unspecified' || range === 'linkLocal';
    return bad ? [invalidValue(field, ip, `may not be in the ${range} range`)] : [];
  });
  listAt(spec, 'loadBalancerSourceRanges').forEach((cidr, index) => {
    if (typeof cidr !== 'string' || !ipaddr.isValidCIDR(cidr)) {
      const detail = 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)';
      errors.push(invalidValue(`spec.loadBalancerSourceRanges[${index}]`, cidr, detail));
    }
  });
  if (spec.type === 'ExternalName') {
    const name = stringAt(spec, 'externalName') ?? '';
    if (name === '') errors.push(required('spec.externalName'));
    else errors.push(...checkName('spec.externalName', name.replace(/\.$/, ''), 'subdomain'));
  }
  return errors;
}

function checkClusterIp(
  spec: JsonObject,
  owner: string,
  old: KubeObject | undefined,
  context: RuleContext,
): FieldError[] {
  const ips = listAt(spec, 'clusterIPs');
  const ip = spec.clusterIP ?? ips[0];
  if (spec.type === 'ExternalName') {
    return ip ? [forbiddenField('spec.clusterIPs', "may not be set when `type` is 'ExternalName'")] : [];
  }
  if (ips.length > 1)
    return [invalidValue('spec.clusterIPs', ips, 'may only hold one value: the cluster is single-stack IPv4')];
  if (ips.length === 1 && spec.clusterIP && ips[0] !== spec.clusterIP) {
    return [invalidValue('spec.clusterIPs', ips, 'first value must match `clusterIP`')];
  }
  const was = stringAt(old, 'spec', 'clusterIP');
  if (was && !sameJson(was, ip))
    return [invalidValue('spec.clusterIPs[0]', ips.length > 0 ? ips : ip, 'may not change once set')];
  if (!ip) return [];
  if (ip === 'None') {
    if (spec.type === 'ClusterIP') return [];
    return [invalidValue('spec.clusterIPs[0]', ip, `may not be set to 'None' for ${String(spec.type)} services`)];
  }
  return checkAddress(String(ip), owner, context);
}

function checkAddress(ip: string, owner: string, { serviceAddresses }: RuleContext): FieldError[] {
  const field = 'spec.clusterIPs[0]';
  if (!ipaddr.isValid(ip))
    return [invalidValue(field, ip, 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)')];
  const failed = `failed to allocate IP ${ip}: `;
  if (!serviceAddresses.contains(ip)) {
    const why = `the provided network does not match the current range. The range of valid IPs is ${serviceAddresses.cidr}`;
    return [invalidValue(field, ip, failed + why)];
  }
  const holder = serviceAddresses.ownerOfIp(ip);
  return holder === undefined || holder === owner
    ? []
    : [invalidValue(field, ip, `${failed}provided IP is already allocated`)];
}
