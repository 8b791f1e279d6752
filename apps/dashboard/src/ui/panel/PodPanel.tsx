'use client';
import { useMemo } from 'react';
import { rankClients, rankTargets } from '../../city/ranking.ts';
import { refusalsOf } from '../../city/refusals.ts';
import { podPlace } from '../../city/survey.ts';
import { useCity } from '../../live/city-store.ts';
import { useView } from '../../live/view-store.ts';
import { Why } from '../ask/Why.tsx';
import { BackendCard } from './BackendCard.tsx';
import { Classes } from './Classes.tsx';
import { Events } from './Events.tsx';
import { Figures } from './Figures.tsx';
import { PodGates } from './Gates.tsx';
import { NoneLine } from './NoneLine.tsx';
import { Overrides } from './Overrides.tsx';
import { Chip, Fact, PlaceLink, Section } from './parts.tsx';
import { Ranking } from './Ranking.tsx';
import { Refusals } from './Refusals.tsx';
import { Steer } from './Steer.tsx';
import { Title } from './Title.tsx';
import { useScope } from './use-scope.ts';
import { useStanding } from './use-standing.ts';

export function PodPanel({ uid }: { readonly uid: string }) {
  const counts = useBacks(uid) ? 'into' : 'out';
  const { survey, into, out, edges, traffic } = useScope({ kind: 'pod', id: uid }, counts);
  const measure = useView((state) => state.metric);
  const pod = survey.city.pod.get(uid);
  const standing = useStanding({ edges, homes: pod?.node === undefined ? [] : [pod.node] });
  const rankings = useMemo(() => {
    const { city } = survey;
    return { clients: rankClients(city, into, measure), targets: rankTargets(city, out, measure) };
  }, [survey, into, out, measure]);
  if (!pod) return null;
  const own = [...survey.backends.values()].flat().filter((backend) => backend.podUid === uid);
  const unknown = standing.state === 'unknown';
  const backs = counts === 'into';
  return (
    <>
      <Title
        title={pod.name}
        code
        detail={`pod · ${pod.namespace}${backs ? '' : ' · a client: figures are of what it opens'}`}
      />
      <Figures id={`pod:${uid}`} traffic={traffic} standing={standing} />
      <div className="mt-3 flex flex-wrap gap-2">
        <Steer of={{ kind: 'pod', id: uid }} />
        <Why source={{ kind: 'pod', uid }} label="Where would it go?" />
        {backs && <Why pod={uid} label="Why none?" />}
      </div>
      {backs && <NoneLine uid={uid} />}
      <dl className="mt-3 divide-y divide-line">
        <Fact name="State">
          <Chip tone={pod.terminating ? 'drain' : pod.ready ? 'live' : 'light'}>
            {pod.terminating ? 'terminating' : pod.ready ? 'ready' : pod.phase === 'Running' ? 'not ready' : pod.phase}
          </Chip>
        </Fact>
        <Fact name="Node">
          {pod.node === undefined ? (
            'not placed yet'
          ) : (
            <PlaceLink to={{ kind: 'node', id: pod.node }}>{pod.node}</PlaceLink>
          )}
        </Fact>
        <Fact name="Address">
          <span className="code">{pod.ip ?? 'none yet'}</span>
        </Fact>
      </dl>
      <PodGates pod={pod} survey={survey} />
      <Refusals survey={survey} rows={refusalsOf(survey, podPlace(uid))} />
      {own.map((backend) => (
        <Section
          key={backend.id}
          title={
            <>
              Backend of <PlaceLink to={{ kind: 'service', id: backend.service }}>{backend.service}</PlaceLink>
            </>
          }
        >
          <BackendCard
            backend={backend}
            group={(survey.backends.get(backend.service) ?? []).filter(
              (one) => one.servicePort === backend.servicePort,
            )}
          />
        </Section>
      ))}
      {(backs || into.length > 0) && (
        <Ranking
          title="From whom"
          rows={rankings.clients}
          none={unknown ? 'Not known.' : 'Nobody is connected.'}
          testId="top-clients"
        />
      )}
      <Ranking
        title="Whom it talks to"
        rows={rankings.targets}
        none={unknown ? 'Not known.' : 'Nobody.'}
        testId="top-targets"
      />
      <Classes traffic={traffic} standing={standing} />
      <Overrides of={{ kind: 'pod', id: uid }} />
      <Events subjects={[{ kind: 'Pod', namespace: pod.namespace, name: pod.name, uid }]} />
      <Labels labels={pod.labels} />
    </>
  );
}

/** A pod that backs a Service is told by what it gets, any other by what it opens. */
function useBacks(uid: string): boolean {
  return useCity((state) => state.whole.homes.has(uid));
}

function Labels({ labels }: { readonly labels: Readonly<Record<string, string>> }) {
  const entries = Object.entries(labels);
  if (entries.length === 0) return null;
  return (
    <Section title="Labels">
      <dl className="divide-y divide-line">
        {entries.map(([key, value]) => (
          <Fact key={key} name={key}>
            <span className="code">{value}</span>
          </Fact>
        ))}
      </dl>
    </Section>
  );
}
