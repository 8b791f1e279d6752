'use client';
import { useMemo } from 'react';
import { plural, rate, size } from '../../city/format.ts';
import { roadOfNamespaces } from '../../city/lanes.ts';
import { measured, rankClients, rankStreets } from '../../city/ranking.ts';
import { NO_TRAFFIC } from '../../city/traffic.ts';
import { goTo, useView } from '../../live/view-store.ts';
import { placeName } from '../place-name.ts';
import { Classes } from './Classes.tsx';
import { Events } from './Events.tsx';
import { Figures } from './Figures.tsx';
import { Overrides } from './Overrides.tsx';
import { Row, Section } from './parts.tsx';
import { Ranking } from './Ranking.tsx';
import { Title } from './Title.tsx';
import { useScope } from './use-scope.ts';
import { useStanding } from './use-standing.ts';

/** More are found in the directory. */
const MOST_SERVICES = 100;

export function NamespacePanel({ name }: { readonly name: string }) {
  const { survey, into, out, edges, traffic } = useScope({ kind: 'namespace', id: name });
  const measure = useView((state) => state.metric);
  const standing = useStanding({ edges, homes: [] });
  const { clients, streets } = useMemo(() => {
    const crossing = [...new Map([...into, ...out])].flatMap((named) => {
      const ends = survey.ends.get(named[0]);
      const road = ends && roadOfNamespaces(ends);
      return road === undefined ? [] : [{ named, road }];
    });
    const roads = new Map(crossing.map(({ named: [key], road }) => [key, road]));
    return {
      clients: rankClients(survey.city, into, measure),
      streets: rankStreets(
        crossing.map(({ named }) => named),
        measure,
        ([key]) => roads.get(key) as string,
        (place) => placeName(survey, place),
      ),
    };
  }, [survey, into, out, measure]);
  const { city, sums } = survey;
  const amount = (id: string) => measured(sums.byService.get(id) ?? NO_TRAFFIC, measure);
  const services = [...city.service]
    .filter(([, service]) => service.namespace === name)
    .sort(([a, one], [b, other]) => amount(b) - amount(a) || one.name.localeCompare(other.name));
  const pods = [...city.pod.values()].filter((pod) => pod.namespace === name);
  return (
    <>
      <Title
        title={name}
        detail={`namespace · ${plural(services.length, 'Service')} · ${plural(pods.length, 'pod')}`}
      />
      <Figures id={`namespace:${name}`} traffic={traffic} standing={standing} />
      <Section title="Services">
        <div className="-mx-2.5">
          {services.slice(0, MOST_SERVICES).map(([id, service]) => (
            <Row key={id} onSelect={() => goTo({ kind: 'service', id })}>
              <span className="truncate">{service.name}</span>
              <span className="ml-auto text-soft">{measure === 'bytes' ? size(amount(id)) : rate(amount(id))}/s</span>
            </Row>
          ))}
        </div>
        {services.length > MOST_SERVICES && (
          <p className="mt-1 text-sm text-soft">and {services.length - MOST_SERVICES} more in the directory</p>
        )}
      </Section>
      <Ranking title="From whom" rows={clients} none="Nobody is connected." testId="top-clients" />
      <Ranking title="Streets to and from here" rows={streets} none="Nothing crosses its border." testId="streets" />
      <Classes traffic={traffic} standing={standing} />
      <Overrides of={{ kind: 'namespace', id: name }} />
      <Events
        subjects={[
          ...services.map(([, service]) => ({ kind: 'Service' as const, namespace: name, name: service.name })),
          ...pods.map((pod) => ({ kind: 'Pod' as const, namespace: name, name: pod.name, uid: pod.uid })),
        ]}
      />
    </>
  );
}
