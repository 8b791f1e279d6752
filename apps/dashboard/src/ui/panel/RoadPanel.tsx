'use client';
'use client';
import { backendAddress, backendName, clientName } from '../../city/edge-rows.ts';
import { count, rate, size } from '../../city/format.ts';
import { laneOf, placesOfRoad } from '../../city/survey.ts';
import { isDirect, open, podUidOf, sumOf } from '../../city/traffic.ts';
import { useCity } from '../../live/city-store.ts';
import { goTo, select } from '../../live/view-store.ts';
import { Connections } from '../ask/Connections.tsx';
import { placeName } from '../place-name.ts';
import { Chip, Fact, Figures, Row, Section } from './parts.tsx';
import { Title } from './Title.tsx';

/** A road of the map: the edges bundled on it, the busiest first. */
export function RoadPanel({ id }: { readonly id: string }) {
  const survey = useCity((state) => state.survey);
  const { from, to, direct } = placesOfRoad(id);
  const edges = [...survey.city.edge].filter(([key]) => {
    const ends = survey.ends.get(key);
    return ends !== undefined && laneOf(ends, id) !== undefined;
  });
  const sorted = edges.sort(([, a], [, b]) => b.openedPerSecond - a.openedPerSecond);
  return (
    <>
      <Title
        title={`${placeName(survey, from)} → ${placeName(survey, to)}`}
        detail={direct ? 'footpath · direct connections, past every Service' : 'road'}
      />
      <Figures traffic={sumOf(edges.map(([, edge]) => edge))} />
      <Section title="Edges" aside={count(edges.length)}>
        <div className="-mx-2.5">
          {sorted.slice(0, SHOWN).map(([key, edge]) => (
            <Row key={key} onSelect={() => select({ kind: 'edge', id: key })}>
              <span className="code min-w-0 truncate">
                {clientName(survey.city, edge)} → {backendName(survey.city, edge)}
              </span>
              <span className="ml-auto shrink-0 text-soft">{rate(edge.openedPerSecond)}/s</span>
            </Row>
          ))}
        </div>
        {sorted.length > SHOWN && (
          <p className="mt-1 text-sm text-soft">and {count(sorted.length - SHOWN)} more in the traffic table</p>
        )}
      </Section>
    </>
  );
}

/** A road may carry thousands of edges; the traffic table has them all. */
const SHOWN = 100;

/** One edge: one client, one service port (or none), one backend. */
export function EdgePanel({ id }: { readonly id: string }) {
  const { city } = useCity((state) => state.survey);
  const past = useCity((state) => state.moment !== undefined);
  const edge = city.edge.get(id);
  if (!edge) return null;
  const direct = isDirect(edge);
  const clientGone = edge.client.kind === 'pod' && !city.pod.has(podUidOf(edge));
  const backendGone = edge.podUid !== undefined && !city.pod.has(edge.podUid);
  const toService = () => goTo({ kind: 'service', id: edge.service });
  return (
    <>
      <Title
        title={`${clientName(city, edge)} → ${direct ? backendName(city, edge) : edge.service}`}
        detail={direct ? 'edge · direct, past every Service' : `edge · ${edge.servicePort}`}
      />
      <Figures traffic={sumOf([edge])} />
      <div className="mt-3 flex items-center gap-2">
        <Connections edge={edge} />
        {past && <span className="text-sm text-light-ink">of now, not of then</span>}
      </div>
      <dl className="mt-3 divide-y divide-line">
        <Fact name="Client">
          <span className="code">{clientName(city, edge)}</span>
          {edge.client.node !== undefined && ` on ${edge.client.node}`}
          {clientGone && <Gone />}
        </Fact>
        <Fact name="Backend">
          <span className="code">{backendName(city, edge)}</span> <span className="code">{backendAddress(edge)}</span>
          {backendGone && <Gone />}
        </Fact>
        <Fact name="To the backend">{size(edge.bytesToBackendPerSecond)}/s</Fact>
        <Fact name="To the client">{size(edge.bytesToClientPerSecond)}/s</Fact>
        <Fact name="Packets, both ways">{rate(edge.packetsPerSecond)}/s</Fact>
        <Fact name="Open">{`${count(edge.moving)} moving · ${count(edge.idle)} idle`}</Fact>
        <Fact name="Not open">{`${count(edge.closing)} closing · ${count(edge.waiting)} waiting`}</Fact>
        {edge.uncounted > 0 && (
          <Fact name="Without byte counters">{`${count(edge.uncounted)} of ${count(open(edge))} open`}</Fact>
        )}
        <Fact name="Since the agents’ start">{`${count(edge.opened)} opened · ${count(edge.refused)} refused · ${count(edge.unanswered)} unanswered`}</Fact>
        {edge.stale && (
          <Fact name="State">
            <Chip tone="light">stale: its agent is silent</Chip>
          </Fact>
        )}
      </dl>
      {!direct && (
        <div className="-mx-2.5 mt-2">
          <Row onSelect={toService}>
            <span>Open {edge.service}</span>
            <span className="ml-auto text-soft">{count(open(edge))} open</span>
          </Row>
        </div>
      )}
    </>
  );
}

const Gone = () => <span className="text-light-ink"> · gone</span>;
