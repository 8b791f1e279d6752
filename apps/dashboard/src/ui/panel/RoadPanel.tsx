'use client';
import { useMemo } from 'react';
import { backendName, clientName } from '../../city/edge-rows.ts';
import { count, rate, size } from '../../city/format.ts';
import { measured, rankBackends, rankClients } from '../../city/ranking.ts';
import { placesOfRoad } from '../../city/survey.ts';
import { sumOf } from '../../city/traffic.ts';
import { select, useView } from '../../live/view-store.ts';
import { placeName } from '../place-name.ts';
import { Classes } from './Classes.tsx';
import { Figures } from './Figures.tsx';
import { PlaceLink, Row, Section } from './parts.tsx';
import { Ranking } from './Ranking.tsx';
import { Title } from './Title.tsx';
import { useScope } from './use-scope.ts';
import { useStanding } from './use-standing.ts';

/** A road may carry thousands of edges; the traffic table has them all. */
const SHOWN = 30;

/** A road of the map: the edges bundled on it, the busiest first. */
export function RoadPanel({ id }: { readonly id: string }) {
  const { survey, into, edges, traffic } = useScope({ kind: 'road', id });
  const measure = useView((state) => state.metric);
  const { from, to, direct } = placesOfRoad(id);
  const service = to.startsWith('service:') ? to.slice('service:'.length) : undefined;
  const standing = useStanding({ edges, homes: [], services: service === undefined ? undefined : [service] });
  const { clients, backends, sorted } = useMemo(() => {
    const { city } = survey;
    const amount = (edge: (typeof into)[number][1]) => measured(sumOf([edge]), measure);
    return {
      clients: rankClients(city, into, measure),
      backends: rankBackends(city, into, measure),
      sorted: [...into].sort(([, a], [, b]) => amount(b) - amount(a)),
    };
  }, [survey, into, measure]);
  return (
    <>
      <Title
        title={`${placeName(survey, from)} → ${placeName(survey, to)}`}
        detail={direct ? 'footpath · direct connections, past every Service' : 'road'}
      />
      <Figures id={`road:${id}`} traffic={traffic} standing={standing} />
      {service !== undefined && survey.city.service.has(service) && (
        <p className="mt-2 text-sm text-soft">
          To Service <PlaceLink to={{ kind: 'service', id: service }}>{service}</PlaceLink>
        </p>
      )}
      <Ranking title="From whom" rows={clients} none="Nothing runs on it now." testId="top-clients" />
      <Ranking title="To whom" rows={backends} none="Nothing runs on it now." testId="top-backends" />
      <Classes traffic={traffic} standing={standing} />
      <Section title="Edges" aside={count(into.length)}>
        <div className="-mx-2.5">
          {sorted.slice(0, SHOWN).map(([key, edge]) => (
            <Row key={key} onSelect={() => select({ kind: 'edge', id: key })}>
              <span className="code min-w-0 truncate">
                {clientName(survey.city, edge)} → {backendName(survey.city, edge)}
              </span>
              <span className="ml-auto shrink-0 text-soft">
                {measure === 'bytes' ? size(measured(sumOf([edge]), measure)) : rate(edge.openedPerSecond)}/s
              </span>
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
