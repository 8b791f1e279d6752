'use client';
import type { CityRecord } from '@kubecity/protocol';
import { bytes, count, rate } from '../../city/format.ts';
import { laneOf } from '../../city/survey.ts';
import { addEdge, NO_TRAFFIC, open } from '../../city/traffic.ts';
import { useCity } from '../../live/city-store.ts';
import { goTo, select } from '../../live/view-store.ts';
import { placeName } from '../place-name.ts';
import { Chip, Fact, Figures, Row, Section } from './parts.tsx';
import { Title } from './Title.tsx';

/** A road of the map: the edges bundled on it, the busiest first. */
export function RoadPanel({ id }: { readonly id: string }) {
  const survey = useCity((state) => state.survey);
  const [from = '', to = ''] = id.split('→');
  const edges = [...survey.city.edge].filter(([key]) => {
    const ends = survey.ends.get(key);
    return ends !== undefined && laneOf(ends, from, to) !== undefined;
  });
  const traffic = edges.reduce((sum, [, edge]) => addEdge(sum, edge), NO_TRAFFIC);
  const sorted = edges.sort(([, a], [, b]) => b.openedPerSecond - a.openedPerSecond);
  return (
    <>
      <Title title={`${placeName(survey, from)} → ${placeName(survey, to)}`} detail="road" />
      <Figures traffic={traffic} />
      <Section title="Edges" aside={count(edges.length)}>
        <div className="-mx-2.5">
          {sorted.map(([key, edge]) => (
            <Row key={key} onSelect={() => select({ kind: 'edge', id: key })}>
              <span className="code min-w-0 truncate">
                {edge.client.label} → {backendName(survey.city.backend.get(edge.backend), edge.backend)}
              </span>
              <span className="ml-auto shrink-0 text-soft">{rate(edge.openedPerSecond)}/s</span>
            </Row>
          ))}
        </div>
      </Section>
    </>
  );
}

const backendName = (backend: CityRecord<'backend'> | undefined, id: string): string =>
  backend?.podName ?? id.split('|').at(-1) ?? id;

/** One edge: one client, one service port, one backend. */
export function EdgePanel({ id }: { readonly id: string }) {
  const { city } = useCity((state) => state.survey);
  const edge = city.edge.get(id);
  if (!edge) return null;
  const backend = city.backend.get(edge.backend);
  const [toBackend, toBackendUnit] = bytes(edge.bytesToBackendPerSecond);
  const [toClient, toClientUnit] = bytes(edge.bytesToClientPerSecond);
  return (
    <>
      <Title title={`${edge.client.label} → ${edge.service}`} detail={`edge · ${edge.servicePort}`} />
      <Figures traffic={addEdge(NO_TRAFFIC, edge)} />
      <dl className="mt-3 divide-y divide-line">
        <Fact name="Client">
          <span className="code">{edge.client.label}</span>
          {edge.client.node !== undefined && ` on ${edge.client.node}`}
        </Fact>
        <Fact name="Backend">
          <span className="code">{backendName(backend, edge.backend)}</span>
        </Fact>
        <Fact name="To the backend">{`${toBackend} ${toBackendUnit}/s`}</Fact>
        <Fact name="To the client">{`${toClient} ${toClientUnit}/s`}</Fact>
        <Fact name="Open">{`${count(edge.moving)} moving · ${count(edge.idle)} idle`}</Fact>
        <Fact name="Closing">{count(edge.closing)}</Fact>
        <Fact name="Since the agents’ start">{`${count(edge.opened)} opened · ${count(edge.refused)} refused · ${count(edge.unanswered)} unanswered`}</Fact>
        {edge.stale && (
          <Fact name="State">
            <Chip tone="light">stale: its agent is silent</Chip>
          </Fact>
        )}
      </dl>
      <div className="-mx-2.5 mt-2">
        <Row onSelect={() => goTo({ kind: 'service', id: edge.service })}>
          <span>Open {edge.service}</span>
          <span className="ml-auto text-soft">{count(open(addEdge(NO_TRAFFIC, edge)))} open</span>
        </Row>
      </div>
    </>
  );
}
