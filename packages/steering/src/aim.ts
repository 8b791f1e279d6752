import type { SteerBackends, SteerTarget } from '@kubecity/protocol';
import { type BackendSelection, cleanAddress, type KubeRoutingOverride, kindOf, portsOf } from '@kubecity/routing';
import { backendId } from './backend-id.ts';
import { groundOf } from './ground.ts';
import type { HeldCity } from './held-city.ts';
import { SteerRefusal } from './plan.ts';
import { type Reach, reachOf } from './reach.ts';
import { nameOf, specOf, whoOf } from './words.ts';

/** Whom a request is about, in the terms of an override. */
export interface Aim {
  readonly reach: Reach;
  /** Other ways to name the very same: the addresses of a pod. */
  readonly alike: readonly Reach[];
  /** In words: `cart-1`, `pods on nodes b1`. */
  readonly who: string;
  /** The object itself, where it is the target. */
  readonly object?: KubeRoutingOverride;
}

/** @throws SteerRefusal not-found, invalid-request */
export function aimOf(target: SteerTarget, city: HeldCity): Aim {
  switch (target.kind) {
    case 'backend':
      return backendAim(target.id, city);
    case 'service': {
      const { namespace, name: service, ports, backends } = target;
      const reach = { namespace, service, ports: ports?.length ? ports : undefined, backends: selection(backends) };
      return { reach, alike: [], who: whoOf(reach) };
    }
    case 'pod':
      return chosenAim(target.namespace, { podNames: [target.name] });
    case 'node':
      return chosenAim('', { nodeNames: [target.name] });
    case 'zone':
      return chosenAim('', { zones: [target.name] });
    case 'labels':
      return chosenAim(target.namespace ?? '', selection({ matchLabels: target.matchLabels }));
    case 'chosen':
      return chosenAim(target.namespace ?? '', selection(target.backends));
    case 'override':
      return objectAim(target.namespace ?? '', target.name, city);
  }
}

function backendAim(id: string, city: HeldCity): Aim {
  const bar = id.lastIndexOf('|');
  const [key, address] = [id.slice(0, Math.max(bar, 0)), id.slice(bar + 1)];
  const service = key.slice(0, key.indexOf(':'));
  const { table } = groundOf(city, new Set([service]));
  const ports = portsOf(table, key);
  const [port] = ports;
  if (!port) throw new SteerRefusal('not-found', `There is no service port ${key}.`);
  const backend = ports.flatMap(({ backends }) => backends).find((backend) => backendId(key, backend) === id);
  if (!backend) throw new SteerRefusal('not-found', `${key} has no backend ${address} any more.`);
  const { podName } = backend;
  const reach = (backends: BackendSelection): Reach => ({ namespace: port.namespace, service: port.name, backends });
  if (podName === undefined) {
    return { reach: reach({ addresses: [backend.address] }), alike: [], who: backend.address };
  }
  const all = [...table.servicePorts.values()].flatMap(({ backends }) => backends);
  const addresses = [...new Set(all.filter((one) => one.podName === podName).map(({ address }) => address))];
  return {
    reach: reach({ podNames: [podName] }),
    alike: [reach({ addresses }), reach({ podNames: [podName], addresses })],
    who: podName,
  };
}

function chosenAim(namespace: string, backends: BackendSelection | undefined): Aim {
  if (!backends) {
    throw new SteerRefusal('invalid-request', 'Nobody is chosen: name pods, nodes, zones, addresses or labels.');
  }
  const reach = { namespace, backends };
  return { reach, alike: [], who: whoOf(reach) };
}

function objectAim(namespace: string, name: string, city: HeldCity): Aim {
  const object = city.overrides.find(
    ({ metadata }) => metadata.name === name && (metadata.namespace ?? '') === namespace,
  );
  const metadata = { namespace: namespace === '' ? undefined : namespace, name };
  if (!object) throw new SteerRefusal('not-found', `There is no ${nameOf({ metadata })} any more.`);
  const spec = specOf(object);
  if (spec) return { reach: reachOf(object, spec), alike: [], who: whoOf(reachOf(object, spec)), object };
  // one that is invalid acts nowhere, and can still be deleted
  const service = (object.spec as { service?: unknown } | undefined)?.service;
  const reach = { namespace, service: typeof service === 'string' ? service : undefined };
  return { reach, alike: [], who: `${kindOf(object.metadata)} ${name}`, object };
}

/** As a spec has it: only what is given, addresses in their canonical text. */
function selection(wished: SteerBackends | undefined): BackendSelection | undefined {
  const { matchLabels, podNames, nodeNames, zones, addresses } = wished ?? {};
  const chosen = {
    ...(matchLabels && Object.keys(matchLabels).length > 0 && { selector: { matchLabels } }),
    ...(podNames?.length && { podNames }),
    ...(nodeNames?.length && { nodeNames }),
    ...(zones?.length && { zones }),
    ...(addresses?.length && { addresses: addresses.map((text) => cleanAddress(text)?.text ?? text) }),
  };
  return Object.keys(chosen).length > 0 ? chosen : undefined;
}
