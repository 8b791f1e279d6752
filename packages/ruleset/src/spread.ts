import type { Backend, ServicePort } from '@kubecity/routing';
import type { Match, Proto, Rule } from './rule.ts';

export const PROTO: Readonly<Record<ServicePort['protocol'], Proto>> = { TCP: 'tcp', UDP: 'udp', SCTP: 'sctp' };

/** The backends that may get a new connection here. */
export function choices(port: ServicePort): Backend[] {
  return port.backends.filter((backend) => backend.usable && backend.weight > 0);
}

/**
 * One DNAT rule per choice. Each takes its weight's part of what the rules before it left, the last takes the rest, so
 * that the parts are the weights within 2^-31 (the resolution of xt_statistic).
 */
export function spread(port: ServicePort): Rule[] {
  const backends = choices(port);
  let left = backends.reduce((sum, backend) => sum + backend.weight, 0);
  return backends.map((backend, i) => {
    const matches: Match[] = [{ kind: 'protocol', protocol: PROTO[port.protocol] }];
    if (i < backends.length - 1) {
      matches.push({ kind: 'probability', of2to31: Math.round((backend.weight / left) * 2 ** 31) });
    }
    left -= backend.weight;
    return { matches, target: { kind: 'dnat', to: `${backend.address}:${backend.port}` } };
  });
}
