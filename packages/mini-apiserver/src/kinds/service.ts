import type { KubeObject } from '../object.ts';
import { listAt, stringAt } from '../object.ts';
import { builtin } from './builtin.ts';
import { AGE, labelText, NAME, text } from './columns.ts';
import { carryOverService, completeService } from './service-allocation.ts';
import { serviceDefaults } from './service-defaults.ts';
import { validateService } from './service-validation.ts';

export const services = builtin({
  plural: 'services',
  kind: 'Service',
  model: 'V1Service',
  shortNames: ['svc'],
  categories: ['all'],
  status: true,
  names: 'dns1035',
  fieldSelectors: ['spec.clusterIP', 'spec.type'],
  rules: {
    carryOver: carryOverService,
    defaults: serviceDefaults,
    validate: validateService,
    complete: completeService,
  },
  columns: [
    NAME,
    text('Type', (service) => stringAt(service, 'spec', 'type') ?? ''),
    text('Cluster-IP', (service) => stringAt(service, 'spec', 'clusterIP') ?? '<none>'),
    text('External-IP', externalIp),
    text('Port(s)', ports),
    AGE,
    text('Selector', (service) => labelText(listlessSelector(service)), true),
  ],
});

function listlessSelector(service: KubeObject) {
  const { spec } = service;
  return typeof spec === 'object' && spec !== null && !Array.isArray(spec) ? spec.selector : undefined;
}

function externalIp(service: KubeObject): string {
  const external = listAt(service, 'spec', 'externalIPs').map(String);
  const type = stringAt(service, 'spec', 'type');
  if (type === 'ExternalName') return stringAt(service, 'spec', 'externalName') ?? '<none>';
  if (type !== 'LoadBalancer') return external.length === 0 ? '<none>' : external.join(',');
  const ingress = listAt(service, 'status', 'loadBalancer', 'ingress');
  const balanced = ingress.map((one) => stringAt(one, 'ip') ?? stringAt(one, 'hostname') ?? '');
  return [...balanced, ...external].filter((one) => one !== '').join(',') || '<pending>';
}

function ports(service: KubeObject): string {
  const told = listAt(service, 'spec', 'ports').map((one) => {
    const { port, nodePort, protocol } = one as { port?: number; nodePort?: number; protocol?: string };
    return `${port}${nodePort ? `:${nodePort}` : ''}/${protocol}`;
  });
  return told.length === 0 ? '<none>' : told.join(',');
}
