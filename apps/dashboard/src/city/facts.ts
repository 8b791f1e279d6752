import { silentNodes } from './coverage.ts';
import { type Filter, type Folded, isFiltering } from './filter.ts';
import { type Moment, meanOf } from './moment.ts';
import { signOfBackend } from './services.ts';
import type { Survey } from './survey.ts';
import { isDirect, NO_TRAFFIC, podOfBackend, sumOf, type Traffic } from './traffic.ts';

/** What the page shows at the time of an export. */
export interface Shown {
  readonly survey: Survey;
  readonly folded?: Folded;
  readonly moment?: Moment;
  readonly filter: Filter;
  readonly only?: string;
  readonly lens: string;
  /** Unix ms by the hub's clock. */
  readonly now: number;
  /** Unix ms of the stream's last frame. */
  readonly heard: number;
}

/** Of the stream's rates, milliseconds. */
const LIVE_MEAN = 10_000;

/**
 * The facts that are visible and what is folded, as one JSON value; `docs/operations.md` tells its fields. Figures of `shown` are
 * the sums of `edges`; together with those of `folded` they are all that the page knows.
 */
export function factsOf({ survey, folded, moment, filter, only, lens, now, heard }: Shown) {
  const { city, sums } = survey;
  const silent = silentNodes(city);
  const place = (traffic: Traffic = NO_TRAFFIC) => figuresOf(traffic);
  return {
    format: 'kubecity-view',
    version: 1,
    cluster: [...city.cluster.values()][0]?.name,
    takenAt: new Date(now).toISOString(),
    of: {
      at: new Date(moment?.at ?? heard).toISOString(),
      live: moment === undefined,
      meanMilliseconds: moment ? meanOf(moment) : LIVE_MEAN,
      edgesNotKept: moment?.folded ?? 0,
    },
    view: { lens, only, filter: isFiltering(filter) ? filter : undefined },
    coverage: { complete: silent.length === 0, silentNodes: silent },
    shown: {
      services: city.service.size,
      pods: city.pod.size,
      nodes: city.node.size,
      figures: figuresOf(sums.all),
    },
    folded: folded && {
      services: folded.services,
      pods: folded.pods,
      nodes: folded.nodes,
      figures: figuresOf(folded.traffic),
      refusedAttempts: folded.refusals,
    },
    services: [...city.service].map(([id, { type, clusterIP, ports, problems }]) => ({
      id,
      type,
      clusterIP,
      ports: ports.map(({ name, port, protocol }) => ({ name, port, protocol })),
      problems,
      figures: place(sums.byService.get(id)),
      backends: (survey.backends.get(id) ?? []).map((backend) => ({
        servicePort: backend.servicePort,
        address: backend.address,
        port: backend.port,
        pod: backend.podName,
        podUid: backend.podUid,
        node: backend.node,
        state: signOfBackend(backend),
        weight: backend.weight,
        wishedShare: backend.wishedShare,
        figures: place(sums.byBackend.get(backend.id)),
      })),
    })),
    pods: [...city.pod].map(([uid, { namespace, name, node, ip, ready, gates }]) => ({
      uid,
      namespace,
      name,
      node,
      ip,
      ready,
      closedBy: gates,
      received: place(sums.intoPod.get(uid)),
      opened: place(sums.outOfPod.get(uid)),
    })),
    nodes: [...city.node.values()].map(({ name, zone, ready, agent }) => ({
      name,
      zone,
      ready,
      agent: agent.state,
      lastFrameAt: agent.lastFrameAt === undefined ? undefined : new Date(agent.lastFrameAt).toISOString(),
      isolation: agent.isolation,
      routes: agent.routes,
      figures: place(sums.byNode.get(name)),
    })),
    policies: [...city.policy.values()],
    refusedAttempts: [...city.refusal.values()].map(({ client, firstAt, lastAt, ...refusal }) => ({
      client: { kind: client.kind, name: client.label, node: client.node },
      ...refusal,
      firstAt: new Date(firstAt).toISOString(),
      lastAt: new Date(lastAt).toISOString(),
    })),
    edges: [...city.edge.values()].map((edge) => ({
      client: { kind: edge.client.kind, name: edge.client.label, node: edge.client.node },
      service: isDirect(edge) ? undefined : edge.service,
      servicePort: isDirect(edge) ? undefined : edge.servicePort,
      backend: edge.backend.slice(edge.backend.lastIndexOf('|') + 1),
      podUid: podOfBackend(city, edge),
      stale: edge.stale,
      figures: figuresOf(sumOf([edge])),
    })),
  };
}

export type Facts = ReturnType<typeof factsOf>;

/** Rates per second, what is open now, and totals since the hub first heard the agents. */
const figuresOf = (traffic: Traffic) => ({
  openedPerSecond: traffic.openedPerSecond,
  refusedPerSecond: traffic.refusedPerSecond,
  bytesToBackendPerSecond: traffic.bytesToBackendPerSecond,
  bytesToClientPerSecond: traffic.bytesToClientPerSecond,
  moving: traffic.moving,
  idle: traffic.idle,
  closing: traffic.closing,
  waiting: traffic.waiting,
  uncounted: traffic.uncounted,
  opened: traffic.opened,
  refused: traffic.refused,
  unanswered: traffic.unanswered,
  edges: traffic.edges,
  staleEdges: traffic.staleEdges,
});
