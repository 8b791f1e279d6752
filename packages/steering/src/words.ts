import {
  type BackendSelection,
  type KubeRoutingOverride,
  kindOf,
  type OverrideSpec,
  parseOverride,
} from '@kubecity/routing';

/** The spec of an object, undefined where it is invalid. */
export function specOf(object: KubeRoutingOverride): OverrideSpec | undefined {
  const parsed = parseOverride(object);
  return 'override' in parsed ? parsed.override.spec : undefined;
}

/** `RoutingOverride shop/canary`, `ClusterRoutingOverride node-b-drain`. */
export function nameOf({ metadata }: KubeRoutingOverride): string {
  return `${kindOf(metadata)} ${idOf({ metadata })}`;
}

/** `namespace/name` of an object, `name` of one of the whole cluster. */
export function idOf({ metadata }: Pick<KubeRoutingOverride, 'metadata'>): string {
  const { namespace = '', name } = metadata;
  return namespace === '' ? name : `${namespace}/${name}`;
}

/** What an override covers: `pods a, b in zones z of Service cart`. */
export function covers(object: KubeRoutingOverride): string {
  const spec = specOf(object);
  if (!spec) return 'its spec is invalid';
  const { service, ports, backends } = spec;
  const { namespace } = object.metadata;
  const many = namespace === undefined ? 'of every Service' : `of every Service of namespace ${namespace}`;
  const parts = [
    selectionWords(backends) || 'every backend',
    listed('ports', ports),
    service === undefined ? many : `of Service ${service}`,
  ];
  return parts.filter((part) => part !== '').join(' ');
}

type Whom = Pick<OverrideSpec, 'service' | 'ports' | 'backends'> & { readonly namespace: string };

/** The subject of a sentence, in the singular: `cart-1`, `Node b1`, `The group of pods a, b of Service shop/cart`. */
export function whoOf({ namespace, service, ports, backends }: Whom): string {
  const on = ports?.length ? ` (ports ${some(ports)})` : '';
  const words = selectionWords(backends);
  const of = service !== undefined ? ` of Service ${namespace}/${service}` : namespace && ` in namespace ${namespace}`;
  if (words === '') return `Every backend${of}${on}`;
  const only = (list: readonly string[] | undefined, noun: string) =>
    list?.length === 1 && words === `${noun} ${list[0]}` ? list[0] : undefined;
  const one = only(backends?.podNames, 'pods') ?? only(backends?.addresses, 'addresses');
  if (one !== undefined) return `${one}${on}`;
  const node = service === undefined ? only(backends?.nodeNames, 'on nodes') : undefined;
  if (node !== undefined) return `Node ${node}${of}`;
  const zone = service === undefined ? only(backends?.zones, 'in zones') : undefined;
  if (zone !== undefined) return `Zone ${zone}${of}`;
  return `The group of ${words}${of}${on}`;
}

/** `pods a, b on nodes n`; `''` of everybody. */
export function selectionWords(backends: BackendSelection | undefined): string {
  const { podNames, addresses, nodeNames, zones, selector } = backends ?? {};
  const labels = Object.entries(selector?.matchLabels ?? {}).map(([key, value]) => `${key}=${value}`);
  const parts = [
    listed('pods', podNames),
    listed('addresses', addresses),
    listed('labels', labels),
    listed('on nodes', nodeNames),
    listed('in zones', zones),
  ];
  return parts.filter((part) => part !== '').join(' ');
}

function listed(what: string, names: readonly string[] | undefined): string {
  return names?.length ? `${what} ${some(names)}` : '';
}

/** The first five, and how many more there are. */
export function some(names: readonly string[]): string {
  const more = names.length > 5 ? ` and ${names.length - 5} more` : '';
  return `${names.slice(0, 5).join(', ')}${more}`;
}

/** `drain`, `weight 30`, `share 10 %`. */
export function effectWords(spec: OverrideSpec | undefined): string {
  if (!spec) return 'invalid';
  if (spec.drain) return 'drain';
  return spec.weight === undefined ? `share ${spec.share} %` : `weight ${spec.weight}`;
}

/** `300 s`, `5 min`, `2 h`. */
export function duration(seconds: number): string {
  if (seconds % 3600 === 0 && seconds > 0) return `${seconds / 3600} h`;
  return seconds % 60 === 0 && seconds > 0 ? `${seconds / 60} min` : `${seconds} s`;
}
