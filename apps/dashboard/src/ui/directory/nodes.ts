import type { CityRecord } from '@kubecity/protocol';
import { flawsOf, type Measuring, measuringOf, nearlyFull } from '../../city/coverage.ts';
import { age, count, percent, span } from '../../city/format.ts';
import type { Traffic } from '../../city/traffic.ts';
import { skewWords } from '../../city/versions.ts';
import { figure, type Table, word } from './table.ts';
import { trafficAt, trafficColumns } from './traffic-columns.ts';

interface Row {
  readonly node: CityRecord<'node'>;
  readonly measuring: Measuring;
  /** Of the figures, milliseconds; undefined when there are none. */
  readonly age: number | undefined;
  readonly pods: number;
  readonly traffic: Traffic | undefined;
}

export const nodes: Table<Row> = {
  id: 'nodes',
  label: 'Nodes',
  one: 'node',
  sort: { column: 'name', down: false },
  columns: [
    word({ id: 'name', header: 'Node', width: 96, grow: 1.4 }, ({ node }) => node.name),
    word({ id: 'zone', header: 'Zone', width: 76, grow: 0.8 }, ({ node }) => node.zone),
    word(
      { id: 'agent', header: 'Agent', width: 68 },
      ({ node }) => node.agent.state,
      ({ node }) => (node.agent.state === 'live' ? 'live' : 'light'),
    ),
    word({ id: 'sync', header: 'Rules', width: 84, grow: 0.6 }, rulesOf, ({ node }) =>
      node.agent.inSync === false ? 'drain' : undefined,
    ),
    word(
      { id: 'version', header: 'Version', width: 72 },
      ({ node }) => node.agent.version,
      ({ node: { agent } }) => (agent.skew ? (agent.skew.supported ? 'light' : 'drain') : undefined),
    ),
    figure({ id: 'pods', header: 'Pods', width: 60 }, ({ pods }) => pods, count),
    ...trafficColumns<Row>(),
    figure(
      { id: 'tracked', header: 'Tracked', title: 'Entries of the connection table', width: 120 },
      ({ node }) => node.agent.conntrack?.entries,
      (entries, { measuring: { fullness } }) =>
        fullness === undefined ? count(entries) : `${count(entries)} (${percent(fullness)})`,
      (_, { measuring }) => (nearlyFull(measuring) ? 'drain' : undefined),
    ),
    figure({ id: 'age', header: 'Age', title: 'Age of the figures, milliseconds', width: 64 }, (row) => row.age, age),
    figure(
      { id: 'period', header: 'Every', title: 'Measured every, milliseconds', width: 64 },
      ({ measuring }) => measuring.periodMilliseconds,
      span,
    ),
    word(
      { id: 'missed', header: 'Missed', width: 120, grow: 1.6 },
      ({ measuring }) => flawsOf(measuring).join(' · '),
      'light',
    ),
  ],
  rows: (survey, now) => {
    const pods = Map.groupBy(survey.city.pod.values(), ({ node }) => node);
    return [...survey.city.node.values()].map((node) => {
      const measuring = measuringOf(node);
      return {
        node,
        measuring,
        age: measuring.at === undefined ? undefined : Math.max(0, now - measuring.at),
        pods: pods.get(node.name)?.length ?? 0,
        traffic: trafficAt(survey, node.name, survey.sums.byNode.get(node.name)),
      };
    });
  },
  idOf: ({ node }) => node.name,
  selectionOf: ({ node }) => ({ kind: 'node', id: node.name }),
  wordsOf: (row) =>
    `${row.node.name} ${row.node.zone ?? ''} ${row.node.addresses.join(' ')} ${row.node.agent.state} ${row.node.agent.version ?? ''} ${skewWords(row.node.agent) ?? ''} ${rulesOf(row) ?? ''} ${flawsOf(row.measuring).join(' · ')}`.toLowerCase(),
};

function rulesOf({ node: { agent } }: Row): string | undefined {
  if (agent.inSync === false) return 'out of sync';
  if (agent.mode === 'observe') return 'observes only';
  return agent.rules === undefined ? undefined : `${count(agent.rules)} rules`;
}
