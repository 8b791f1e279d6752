import type { ServicePort, ServicePortId } from './table.ts';

/**
 * Service ports in which an override holds a backend, be it with the neutral weight: a ramp begins or ends there. One that is refused,
 * expired, lifted for this Service or overruled, or that names nobody here, holds nothing.
 */
export function steeredPorts(ports: ReadonlyMap<ServicePortId, ServicePort>): Map<ServicePortId, ServicePort> {
  return new Map([...ports].filter(([, port]) => isSteered(port)));
}

function isSteered({ backends }: ServicePort): boolean {
  return backends.some(({ overrideUid }) => overrideUid !== undefined);
}
