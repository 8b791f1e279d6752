import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';

export type HubMetrics = ReturnType<typeof hubMetrics>;

/** The hub's own figures, in a registry of their own so that two hubs may live in one process. */
export function hubMetrics() {
  const registry = new Registry();
  const registers = [registry];
  const name = (rest: string) => `kubecity_hub_${rest}`;
  return {
    registry,
    agents: new Gauge({ name: name('agents'), help: 'Agents by state.', labelNames: ['state'], registers }),
    skewedAgents: new Gauge({
      name: name('agents_of_other_versions'),
      help: 'Connected agents of another minor version than this dashboard.',
      labelNames: ['skew'],
      registers,
    }),
    readers: new Gauge({ name: name('map_readers'), help: 'Browsers that read the map.', registers }),
    records: new Gauge({ name: name('records'), help: 'Records of the map by kind.', labelNames: ['kind'], registers }),
    apiLive: new Gauge({
      name: name('watch_live'),
      help: '1 while the watch of this kind runs.',
      labelNames: ['kind'],
      registers,
    }),
    agentMessages: new Counter({
      name: name('agent_messages_total'),
      help: 'Messages of agents that were taken.',
      labelNames: ['event'],
      registers,
    }),
    refused: new Counter({
      name: name('refused_total'),
      help: 'Peers and messages refused.',
      labelNames: ['door', 'code'],
      registers,
    }),
    heldFrames: new Counter({
      name: name('held_frames_total'),
      help: 'Frames not sent because the reader was slow; their changes go with a later one.',
      registers,
    }),
    steers: new Counter({
      name: name('steers_total'),
      help: 'Requests of operators by outcome.',
      labelNames: ['action', 'code'],
      registers,
    }),
    questions: new Counter({
      name: name('questions_total'),
      help: 'Questions of browsers by outcome.',
      labelNames: ['kind', 'code'],
      registers,
    }),
    historyBytes: new Gauge({ name: name('history_bytes'), help: 'Room that the history takes.', registers }),
    historyLost: new Counter({
      name: name('history_lost_steps_total'),
      help: 'Seconds that are missing in the history because they could not be written.',
      registers,
    }),
    statusWrites: new Counter({
      name: name('status_writes_total'),
      help: 'Writes of RoutingOverride status by outcome.',
      labelNames: ['code'],
      registers,
    }),
  };
}

/** Adds process and Node.js figures; only `main.ts` does, as they are one per process. */
export function addProcessMetrics({ registry }: HubMetrics): void {
  collectDefaultMetrics({ register: registry });
}
