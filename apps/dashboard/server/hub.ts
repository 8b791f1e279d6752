import type { Server as HttpServer } from 'node:http';
import { changeOfEvent, type KubeClient } from '@kubecity/kube';
import type { Logger } from 'pino';
import { Server as SocketServer } from 'socket.io';
import type { AgentProof } from './agent-link/agent-proof.ts';
import { openAgentsDoor } from './agents-door.ts';
import { api } from './api.ts';
import { exportAudit } from './audit/audit-export.ts';
import { AuditOutcomes } from './audit/audit-outcomes.ts';
import { AuditTrail } from './audit/audit-trail.ts';
import { type AuthSettings, LOCAL } from './auth/auth-settings.ts';
import { Gate } from './auth/gate.ts';
import { CityModel } from './city-model.ts';
import { ClusterWatch } from './cluster-watch.ts';
import { type Doorkeeper, doorkeeper } from './doorkeeper.ts';
import { watchEvents } from './event-watch.ts';
import { History, type HistorySettings, historySettings } from './history/history.ts';
import { HistoryRecorder } from './history/history-recorder.ts';
import { isolationMetrics } from './isolation/isolation-metrics.ts';
import { openMapDoor } from './map-door.ts';
import { mapQuestions } from './map-questions.ts';
import { type HubMetrics, hubMetrics } from './metrics.ts';
import { sameSite } from './origin.ts';
import { statusWriter } from './status-writer.ts';
import { steerDoor } from './steer-door.ts';
import { steering } from './steering.ts';
import { trafficMetrics } from './traffic-metrics.ts';

export interface HubOptions {
  readonly client: KubeClient;
  readonly clusterName: string;
  /** Who may come in. Absent: whoever is at this machine. */
  readonly auth?: AuthSettings;
  /** Who may come in as an agent. */
  readonly agentProof: AgentProof;
  readonly log: Logger;
  /** Serves browsers, and agents too when `agentServer` is absent. */
  readonly server: HttpServer;
  /** Serves agents alone; then `server` does not know them. */
  readonly agentServer?: HttpServer;
  readonly now?: () => number;
  readonly frameMilliseconds?: number;
  /** Absent: in memory, small. */
  readonly history?: HistorySettings;
  /** The development server has web sockets of its own on `server`. */
  readonly foreignUpgrades?: boolean;
}

export interface Hub {
  readonly metrics: HubMetrics;
  /** For the server of the pages: answers the API, and says who may see a page. */
  readonly keep: Doorkeeper;
  /** Every kind of object was listed once. */
  synced(): boolean;
  /** The cluster is watched without interruption. */
  live(): boolean;
  agents(): { live: number; stale: number };
  close(): Promise<void>;
}

/** An agent's first frame names every edge: some 250 bytes each. */
const AGENT_MESSAGE_BYTES = 32 * 1024 * 1024;
/** A browser may look at a thousand Services with long names. */
const BROWSER_MESSAGE_BYTES = 512 * 1024;
const STATUS_EVERY_FRAMES = 2;
/**
 * Frames of a large city are a tenth of their size at the cheapest level, on another thread, for some 3 ms a megabyte; small
 * ones are not worth it. Nothing is kept from one message to the next, so that a browser costs no memory for it.
 */
const COMPRESSION = {
  threshold: 16 * 1024,
  zlibDeflateOptions: { level: 1 },
  serverNoContextTakeover: true,
  clientNoContextTakeover: true,
};

/** Joins cluster, agents and browsers on the servers given. Listening and closing of those is their owner's. */
export function startHub(options: HubOptions): Hub {
  const { client, log, server, agentServer, now = Date.now, frameMilliseconds = 1000 } = options;
  const metrics = hubMetrics();
  const model = new CityModel(options.clusterName);
  const stop = new AbortController();
  const watch = new ClusterWatch({ client, model, log, metrics, now, signal: stop.signal });
  void watchEvents({
    client,
    take: (event) => {
      model.events.take(event, now());
      const change = changeOfEvent(event);
      if (change) audit.heard(change);
    },
    tell: (state) => model.setEventsState(state),
    log,
    signal: stop.signal,
  });

  const namespaces = () => [...model.objects('namespaces').keys()];
  const gate = new Gate({ client, settings: options.auth ?? LOCAL, namespaces, log, now });
  const sockets = new SocketServer(server, {
    serveClient: false,
    perMessageDeflate: COMPRESSION,
    maxHttpBufferSize: agentServer ? BROWSER_MESSAGE_BYTES : AGENT_MESSAGE_BYTES,
    destroyUpgrade: !options.foreignUpgrades,
    allowRequest: (request, answer) => {
      const allowed = sameSite(request, gate.site);
      if (!allowed) metrics.refused.inc({ door: 'map', code: 'origin' });
      answer(allowed ? null : 'origin', allowed);
    },
  });
  const agentSockets = agentServer
    ? new SocketServer(agentServer, {
        serveClient: false,
        maxHttpBufferSize: AGENT_MESSAGE_BYTES,
        transports: ['websocket'],
      })
    : sockets;

  const agents = openAgentsDoor(agentSockets.of('/agents'), {
    proof: options.agentProof,
    model,
    log,
    metrics,
    now,
  });
  const history = new History({ ...(options.history ?? historySettings({})), log, metrics });
  const outcomes = new AuditOutcomes({ keeper: history, log, notRidOf: (uid) => model.notRidOf(uid, now()) });
  const audit = new AuditTrail({ keeper: history, noted: (entry) => outcomes.noted(entry), log, now });
  model.follow((before, after, at) => audit.follow(before, after, at));
  const steer = steerDoor({ steer: steering({ model, client, ask: agents.ask, audit, log, now }), log, metrics, now });
  const recorder = new HistoryRecorder(model.traffic);
  const map = openMapDoor(sockets.of('/map'), {
    moment: { store: model.store, shown: model.traffic.shown },
    gate,
    steer,
    answer: mapQuestions({ model, ask: agents.ask, history }),
    lookedAt: (interest) => agents.setInterest(interest),
    log,
    metrics,
    now,
  });
  const publish = trafficMetrics(metrics.registry, model);
  isolationMetrics(metrics.registry, model);
  const writeStatus = statusWriter({ client, model, log, metrics, now });

  let frames = 0;
  const timer = setInterval(() => {
    const at = now();
    const changed = model.refresh(at);
    publish(at);
    map.send(changed, at);
    record(recorder, history);
    audit.settle(at);
    if (watch.live) outcomes.look(model.store.all('override'), at, model.settled(at));
    frames += 1;
    // a status made of half the lists would be wrong
    if (watch.live && frames % STATUS_EVERY_FRAMES === 0) void writeStatus();
    count(metrics, model, now());
  }, frameMilliseconds);

  return {
    metrics,
    keep: doorkeeper(gate, api({ gate, steer, audit: (span) => exportAudit(history, span), log, metrics, now }), log),
    synced: () => watch.synced,
    live: () => watch.live,
    agents: () => ({ live: model.roster.countBy('live', now()), stale: model.roster.countBy('stale', now()) }),
    close: async () => {
      clearInterval(timer);
      stop.abort();
      gate.close();
      await Promise.all([...new Set([sockets, agentSockets])].map((io) => io.close()));
      await history.close();
    },
  };
}

function record(recorder: HistoryRecorder, history: History): void {
  if (history.takeForgotNames()) recorder.tellAll();
  const step = recorder.take();
  if (!step) return;
  if (history.hasRoom) history.add(step);
  else {
    // the names that it defines would be lost with it
    recorder.tellAll();
    history.lost('its thread is too slow');
  }
}

function count(metrics: HubMetrics, model: CityModel, now: number): void {
  for (const state of ['live', 'stale'] as const) metrics.agents.set({ state }, model.roster.countBy(state, now));
  for (const skew of ['older', 'newer'] as const) metrics.skewedAgents.set({ skew }, model.roster.skewed(skew));
  for (const [kind, records] of model.store.counts()) metrics.records.set({ kind }, records);
}
