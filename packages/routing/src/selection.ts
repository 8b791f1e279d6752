import type { KubePod } from './objects.ts';
import type { OverrideSpec } from './override.ts';
import type { Endpoint } from './slice.ts';

/** The pod behind an endpoint, for its labels; undefined while it is not known. */
export type PodOf = (endpoint: Endpoint) => PodLabels | undefined;
export type PodLabels = { readonly uid?: string; readonly labels: KubePod['metadata']['labels'] };

/** Whom an override names. */
export interface Selection {
  readonly hasPort: (portName: string) => boolean;
  /** All fields that are given must match; an empty list is not given. */
  readonly chooses: (endpoint: Endpoint, podOf: PodOf) => boolean;
  readonly readsLabels: boolean;
}

/** Made once for an override: it may name a thousand pods and be asked about a hundred thousand endpoints. */
export function selectionOf({ ports, backends = {} }: Pick<OverrideSpec, 'ports' | 'backends'>): Selection {
  const tests: Selection['chooses'][] = [];
  const within = (list: readonly string[] | undefined, read: (endpoint: Endpoint) => string | undefined) => {
    if (!list?.length) return;
    const wanted: ReadonlySet<string | undefined> = new Set(list);
    tests.push((endpoint) => wanted.has(read(endpoint)));
  };
  within(backends.nodeNames, ({ node }) => node);
  within(backends.zones, ({ zone }) => zone);
  within(backends.podNames, ({ podName }) => podName);
  within(backends.addresses, ({ address }) => address);
  const labels = Object.entries(backends.selector?.matchLabels ?? {});
  if (labels.length > 0) {
    tests.push((endpoint, podOf) => {
      const found = podOf(endpoint)?.labels;
      return found !== undefined && labels.every(([key, value]) => found[key] === value);
    });
  }
  return {
    hasPort: (portName) => !ports?.length || ports.includes(portName),
    chooses: (endpoint, podOf) => tests.every((test) => test(endpoint, podOf)),
    readsLabels: labels.length > 0,
  };
}
