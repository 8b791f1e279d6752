'use client';
import { useMemo } from 'react';
import { socket } from '../../city/format.ts';
import { rankClients } from '../../city/ranking.ts';
import type { Backend } from '../../city/services.ts';
import { useView } from '../../live/view-store.ts';
import { Why } from '../ask/Why.tsx';
import { BackendCard } from './BackendCard.tsx';
import { Classes } from './Classes.tsx';
import { Events } from './Events.tsx';
import { Figures } from './Figures.tsx';
import { NoneLine } from './NoneLine.tsx';
import { Overrides } from './Overrides.tsx';
import { Fact, PlaceLink, Section } from './parts.tsx';
import { Ranking } from './Ranking.tsx';
import { Steer } from './Steer.tsx';
import { Title } from './Title.tsx';
import { useScope } from './use-scope.ts';
import { useStanding } from './use-standing.ts';

/** One address behind one service port. */
export function BackendPanel({ id }: { readonly id: string }) {
  const { survey, into, edges, traffic } = useScope({ kind: 'backend', id });
  const measure = useView((state) => state.metric);
  const record = survey.city.backend.get(id);
  const homes = record?.node === undefined ? [] : [record.node];
  const standing = useStanding({ edges, homes, services: record ? [record.service] : undefined });
  const clients = useMemo(() => rankClients(survey.city, into, measure), [survey, into, measure]);
  if (!record) return null;
  const backend: Backend = { ...record, id };
  const group = (survey.backends.get(record.service) ?? []).filter((one) => one.servicePort === record.servicePort);
  const pod = survey.city.pod.get(record.podUid ?? '');
  return (
    <>
      <Title title={record.podName ?? socket(record)} code detail={`backend · ${record.servicePort}`} />
      <Figures id={`backend:${id}`} traffic={traffic} standing={standing} />
      <div className="mt-3 flex flex-wrap gap-2">
        <Steer of={{ kind: 'backend', id }} />
        <Why destination={{ service: record.service, servicePort: record.servicePort }} />
      </div>
      {pod && <NoneLine uid={pod.uid} servicePort={record.servicePort} />}
      <Section title="Share">
        <BackendCard backend={backend} group={group} />
      </Section>
      <Ranking title="From whom" rows={clients} none="Nobody is connected." testId="top-clients" />
      <Classes traffic={traffic} standing={standing} />
      <Section title="Where it stands">
        <dl className="divide-y divide-line">
          <Fact name="Service">
            <PlaceLink to={{ kind: 'service', id: record.service }}>{record.service}</PlaceLink>
          </Fact>
          <Fact name="Pod">
            {pod ? <PlaceLink to={{ kind: 'pod', id: pod.uid }}>{pod.name}</PlaceLink> : 'none: a bare address'}
          </Fact>
          <Fact name="Node">
            {record.node === undefined ? (
              'not known'
            ) : (
              <PlaceLink to={{ kind: 'node', id: record.node }}>{record.node}</PlaceLink>
            )}
            {record.zone !== undefined && ` · ${record.zone}`}
          </Fact>
          <Fact name="Address">
            <span className="code">{socket(record)}</span>
          </Fact>
          <Fact name="Endpoint">{endpointWords(backend)}</Fact>
          <Fact name="Meant for">{hintWords(backend)}</Fact>
        </dl>
      </Section>
      <Overrides of={{ kind: 'backend', id }} />
      {pod && <Events subjects={[{ kind: 'Pod', namespace: pod.namespace, name: pod.name, uid: pod.uid }]} />}
    </>
  );
}

const endpointWords = ({ ready, serving, terminating }: Backend): string =>
  [ready ? 'ready' : 'not ready', serving ? 'serving' : 'not serving', ...(terminating ? ['terminating'] : [])].join(
    ' · ',
  );

function hintWords({ hints }: Backend): string {
  if (!hints) return 'everybody';
  const words = [
    ...(hints.nodes ? [`clients on ${hints.nodes.join(', ')}`] : []),
    ...(hints.zones ? [`clients in ${hints.zones.join(', ')}`] : []),
  ];
  return words.join(' · ');
}
