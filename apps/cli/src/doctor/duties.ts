import { isKubeError, type KubeClient, NAMESPACE, resources, serviceAccountOf } from '@kubecity/kube';
import { type Finding, found, ok } from '@kubecity/protocol';
import { parse } from 'yaml';
import type { MapLink } from '../map-link.ts';
import { unlessForbidden, unseen } from './cluster.ts';
import { type NetworkPlugin, type PluginDaemonSet, pluginsOf } from './network-plugins.ts';

/** Duties that a network plugin may have too. Undefined: it is not known whether agents have them. */
export interface Duties {
  readonly isolation?: boolean;
  readonly routes?: boolean;
}

/** Who else does what agents do, or whether nobody does. @param version of the API server; @param duties as agents say themselves */
export async function checkDuties(client: KubeClient, version: string, duties: Duties): Promise<Finding[]> {
  const id = 'cluster.isolation';
  const [daemonSets, policies, settings] = await Promise.all([
    unlessForbidden(client.list<PluginDaemonSet>(resources.daemonSets)),
    unlessForbidden(client.list(resources.networkPolicies)),
    settingsOf(client),
  ]);
  if (daemonSets === 'forbidden') return [unseen(id, 'network plugins', 'list daemonsets.apps')];
  const plugins = pluginsOf(daemonSets.items, version);
  const known = { isolation: duties.isolation ?? settings.isolation, routes: duties.routes ?? settings.routes };
  return [
    judgeIsolation(plugins, policies === 'forbidden' ? undefined : policies.items.length, known.isolation),
    judgeRoutes(plugins, known.routes),
  ];
}

/** What agents told the dashboard: on where one of them is asked to. */
export function dutiesOnMap(map: MapLink): Duties {
  const agents = [...map.all('node').values()].map(({ agent }) => agent);
  const isolation = agents.flatMap((agent) => agent.isolation?.state ?? []);
  const routes = agents.flatMap((agent) => agent.routes?.mode ?? []);
  return {
    ...(isolation.length > 0 && { isolation: isolation.some((state) => state !== 'off') }),
    ...(routes.length > 0 && { routes: routes.some((mode) => mode !== 'off') }),
  };
}

/** @param policies how many there are; undefined where that may not be known */
export function judgeIsolation(
  plugins: readonly NetworkPlugin[],
  policies: number | undefined,
  isOn: boolean | undefined,
): Finding {
  const id = 'cluster.isolation';
  const others = plugins.filter(({ enforces }) => enforces === true);
  const unsure = plugins.filter(({ enforces }) => enforces === undefined);
  if (isOn && others.length > 0) {
    return found('warning', id, {
      what: `${namesOf(others)} and the agents enforce NetworkPolicies, both`,
      why: 'A connection passes only where both allow it, every node does the work twice, and the map counts only what the agents refuse.',
      doThis: 'Set isolation to off for the agents; or switch policies off in the other, and leave it to the agents.',
    });
  }
  if (isOn && unsure.length > 0) {
    return found('note', id, {
      what: `${namesOf(unsure)} may enforce NetworkPolicies too, beside the agents`,
      why: 'It cannot be told from outside. Where both do, a connection passes only where both allow it.',
      doThis: 'Look how it was started, and switch it off in one of the two.',
    });
  }
  if (isOn) return ok(id, 'the agents enforce NetworkPolicies, and nobody else that is known does');
  if (others.length > 0) return ok(id, `${namesOf(others)} enforces NetworkPolicies`);
  if (policies === 0) return ok(id, 'there are no NetworkPolicies to enforce');
  if (policies === undefined) return unseen(id, 'NetworkPolicies', 'list networkpolicies.networking.k8s.io');
  const idle = plugins.filter(({ enforces }) => enforces === false);
  const isSure = isOn === false && idle.length > 0 && unsure.length === 0;
  return found(isSure ? 'warning' : 'note', id, {
    what: isSure
      ? `there are NetworkPolicies (${policies}), ${namesOf(idle)} does not enforce them, and the agents have isolation off`
      : `there are NetworkPolicies (${policies}), and nobody is known to enforce them`,
    why: 'What they forbid is open.',
    doThis: `Set isolation to on for the agents (docs/isolation.md), or use a network plugin that enforces them. kubecity isolation list -A names them.`,
  });
}

export function judgeRoutes(plugins: readonly NetworkPlugin[], isOn: boolean | undefined): Finding {
  const id = 'cluster.routes';
  const others = plugins.filter(({ routes }) => routes !== false);
  if (isOn && others.length > 0) {
    const isSure = others.some(({ routes }) => routes);
    return found(isSure ? 'warning' : 'note', id, {
      what: `${namesOf(others)} ${isSure ? 'makes' : 'may make'} the routes to other nodes’ pods, and so do the agents`,
      why: 'Two programs write routes for the same ranges: which one is used depends on who wrote last.',
      doThis: 'Set routes to off for the agents where a network plugin makes them.',
    });
  }
  return ok(
    id,
    isOn
      ? 'the agents make the routes to other nodes’ pods, and nobody else that is known does'
      : 'the agents make no routes',
  );
}

const namesOf = (plugins: readonly NetworkPlugin[]) =>
  plugins.map(({ name, found }) => `${name} (${found})`).join(', ');

interface Agent {
  readonly spec?: {
    readonly template?: {
      readonly spec?: {
        readonly containers?: readonly {
          readonly args?: readonly string[];
          readonly env?: readonly { readonly name: string; readonly value?: string }[];
        }[];
      };
    };
  };
}

/** How the manifests in the cluster set the agents; nothing where they are not there or may not be seen. */
async function settingsOf(client: KubeClient): Promise<Duties> {
  const address = { namespace: NAMESPACE, name: serviceAccountOf('agent') };
  const [agent, config] = await Promise.all([
    orNothing(client.get<Agent>(resources.daemonSets, address)),
    orNothing(client.get<{ data?: Readonly<Record<string, string>> }>(resources.configMaps, address)),
  ]);
  if (!agent) return {};
  const file = parsed(config?.data?.['config.yaml']);
  const containers = agent.spec?.template?.spec?.containers ?? [];
  const setting = (name: 'isolation' | 'routes') => {
    const words = containers.flatMap(({ args = [] }) => args.flatMap((arg) => arg.split('=')));
    const flag = words.includes(`--${name}`) ? words[words.indexOf(`--${name}`) + 1] : undefined;
    const variable = containers
      .flatMap(({ env = [] }) => env)
      .find((one) => one.name === `KUBECITY_${name.toUpperCase()}`);
    return flag ?? variable?.value ?? (file as Readonly<Record<string, unknown>>)[name] ?? 'off';
  };
  // YAML 1.1 read a bare `on` as true
  const isOn = (value: unknown) => value !== 'off' && value !== false;
  return { isolation: isOn(setting('isolation')), routes: isOn(setting('routes')) };
}

function parsed(text = ''): object {
  try {
    const value: unknown = parse(text);
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {}; // the agent itself says what is wrong with its file
  }
}

async function orNothing<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (isKubeError(error, 'not-found') || isKubeError(error, 'forbidden')) return undefined;
    throw error;
  }
}
