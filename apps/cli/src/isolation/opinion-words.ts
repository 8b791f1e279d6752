import type { Opinion } from '@kubecity/isolation';

/** What one end says to a connection, and why. */
export function opinionWords({ pod, verdict, policies, by }: Opinion, direction: 'ingress' | 'egress'): string {
  switch (verdict) {
    case 'own-node':
      return direction === 'ingress'
        ? 'allowed, its own node always reaches a pod'
        : 'allowed, a pod reaches its own node (unless agents have isolationOwnNode: filter)';
    case 'itself':
      return 'allowed, a pod reaches itself';
    case 'open':
      return pod === undefined
        ? 'open, no pod with a network of its own has this address'
        : `open, no policy isolates it for ${direction}`;
    case 'allowed':
      return `allowed by ${by.map(({ policy, rule }) => `${policy} spec.${direction}[${rule}]`).join(', ')}`;
    case 'refused':
      return `refused, ${policies.join(', ')} ${policies.length === 1 ? 'isolates' : 'isolate'} it and no rule allows this`;
  }
}
