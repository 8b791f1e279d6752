import { isWithin, type Socket } from './address.ts';
import type { City } from './city.ts';
import type { Selection } from './find.ts';
import { plural, rate } from './format.ts';
import { signOfBackend } from './services.ts';
import { sumOf } from './traffic.ts';

/** One thing that an address is. */
export interface Identity {
  /** What it leads to; undefined when there is nothing to select. */
  readonly selection?: Selection;
  readonly label: string;
  /** In plain words, the Services it backs included. */
  readonly detail: string;
}

const SIGNS = {
  plain: '',
  draining: ', draining',
  weighted: ', reweighted',
  unready: ', not ready',
  unknown: '',
} as const;

/**
 * Who is 10.244.3.7:8080? Everything in the city that has this address, the nearest to traffic first. Addresses are
 * compared as numbers: `fd00::5` and `fd00:0::5` are one. Empty when nobody has it.
 */
export function whoIs(city: City, socket: Socket): readonly Identity[] {
  const has = (text: string | undefined) => text !== undefined && isWithin(socket.address, text);
  return [
    ...serviceIdentities(city, socket, has),
    ...podIdentities(city, socket, has),
    ...backendIdentities(city, socket, has),
    ...nodeIdentities(city, socket, has),
    ...clientIdentities(city, has),
  ];
}

type Has = (text: string | undefined) => boolean;

function serviceIdentities({ service }: City, { port }: Socket, has: Has): Identity[] {
  return [...service].flatMap(([id, one]) => {
    const kind = has(one.clusterIP)
      ? 'cluster IP'
      : one.policy.loadBalancers.some(has)
        ? 'load balancer address'
        : one.policy.externalIPs.some(has)
          ? 'external IP'
          : undefined;
    if (kind === undefined) return [];
    const ports = one.ports.filter((of) => port === undefined || of.port === port);
    const words = ports.map(
      ({ port: own, protocol, targetPort }) => `${own}/${protocol}${targetPort ? ` → ${targetPort}` : ''}`,
    );
    const detail =
      words.length > 0 ? words.join(', ') : `no port ${port}: it has ${one.ports.map((of) => of.port).join(', ')}`;
    return [{ selection: { kind: 'service', id } as const, label: id, detail: `${kind} · ${detail}` }];
  });
}

function podIdentities({ pod, backend }: City, { port }: Socket, has: Has): Identity[] {
  return [...pod].flatMap(([uid, one]) => {
    if (!has(one.ip)) return [];
    const backed = [...backend.values()].filter((of) => of.podUid === uid && (port === undefined || of.port === port));
    const services = backed.map((of) => `${of.servicePort}${SIGNS[signOfBackend(of)]}`);
    const backs =
      services.length > 0
        ? `backs ${services.join(', ')}`
        : `backs no Service${port === undefined ? '' : ` on port ${port}`}`;
    const detail = ['pod', one.node, one.terminating ? 'terminating' : one.ready ? undefined : 'not ready', backs];
    return [
      {
        selection: { kind: 'pod', id: uid } as const,
        label: `${one.namespace}/${one.name}`,
        detail: detail.filter(Boolean).join(' · '),
      },
    ];
  });
}

/** Endpoints whose pod is not known: outside the cluster, or gone. */
function backendIdentities({ pod, backend }: City, { port }: Socket, has: Has): Identity[] {
  return [...backend].flatMap(([id, one]) => {
    if (!has(one.address) || (port !== undefined && one.port !== port)) return [];
    if (one.podUid !== undefined && pod.has(one.podUid)) return [];
    const detail = `endpoint without a pod · backs ${one.servicePort}${SIGNS[signOfBackend(one)]}`;
    return [{ selection: { kind: 'backend', id } as const, label: one.podName ?? one.address, detail }];
  });
}

function nodeIdentities({ node, service }: City, { port }: Socket, has: Has): Identity[] {
  return [...node].flatMap(([id, one]) => {
    const selection = { kind: 'node', id } as const;
    if (one.addresses.some(has)) {
      const doors = [...service].flatMap(([name, { ports }]) =>
        ports.flatMap((of) => (port !== undefined && of.nodePort === port ? [`node port of ${name}:${of.port}`] : [])),
      );
      return [{ selection, label: one.name, detail: ['node', one.zone, ...doors].filter(Boolean).join(' · ') }];
    }
    return has(one.podCIDR)
      ? [{ selection, label: one.name, detail: `its pods have addresses of ${one.podCIDR}` }]
      : [];
  });
}

/** Clients from outside that have been seen, as finely as the agents tell them. */
function clientIdentities({ edge }: City, has: Has): Identity[] {
  const networks = Map.groupBy(
    [...edge.values()].filter(({ client }) => client.kind === 'outside'),
    ({ client }) => client.label,
  );
  return [...networks].flatMap(([label, edges]) => {
    if (!has(label)) return [];
    const services = new Set(edges.map(({ service }) => service).filter(Boolean));
    const to = services.size > 3 ? plural(services.size, 'Service') : [...services].join(', ') || 'pods directly';
    return [{ label, detail: `clients from outside · to ${to} · ${rate(sumOf(edges).openedPerSecond)} new conn/s` }];
  });
}
