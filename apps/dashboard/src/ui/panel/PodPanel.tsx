'use client';
import { plural, rate } from '../../city/format.ts';
import { NO_TRAFFIC, podUidOf, TrafficGroups } from '../../city/traffic.ts';
import { useCity } from '../../live/city-store.ts';
import { goTo } from '../../live/view-store.ts';
import { BackendCard } from './BackendCard.tsx';
import { Chip, Fact, Figures, Row, Section } from './parts.tsx';
import { Title } from './Title.tsx';

export function PodPanel({ uid }: { readonly uid: string }) {
  const survey = useCity((state) => state.survey);
  const pod = survey.city.pod.get(uid);
  if (!pod) return null;
  const own = [...survey.backends.values()].flat().filter((backend) => backend.podUid === uid);
  const backs = own.length > 0;
  const talks = new TrafficGroups();
  for (const edge of survey.city.edge.values()) {
    if (edge.client.kind !== 'pod' || podUidOf(edge) !== uid) continue;
    talks.add(edge.service, edge);
  }
  const traffic = (backs ? survey.sums.intoPod : survey.sums.outOfPod).get(uid) ?? NO_TRAFFIC;
  const direct = survey.sums.directIntoPod.get(uid);
  const node = pod.node;
  return (
    <>
      <Title title={pod.name} code detail={`pod · ${pod.namespace}${backs ? '' : ' · a client, backs no Service'}`} />
      <Figures traffic={traffic} />
      <dl className="mt-3 divide-y divide-line">
        <Fact name="State">
          <Chip tone={pod.terminating ? 'drain' : pod.ready ? 'live' : 'light'}>
            {pod.terminating ? 'terminating' : pod.ready ? 'ready' : pod.phase}
          </Chip>
        </Fact>
        <Fact name="Node">
          {node === undefined ? (
            'not placed yet'
          ) : (
            <button type="button" className="hover:underline" onClick={() => goTo({ kind: 'node', id: node })}>
              {node}
            </button>
          )}
        </Fact>
        <Fact name="Address">
          <span className="code">{pod.ip ?? 'none yet'}</span>
        </Fact>
        {direct && (
          <Fact name="Direct, past every Service">
            {rate(direct.openedPerSecond)}/s from {plural(direct.edges, 'client')}
          </Fact>
        )}
        {Object.entries(pod.labels).map(([key, value]) => (
          <Fact key={key} name={key}>
            <span className="code">{value}</span>
          </Fact>
        ))}
      </dl>
      {own.map((backend) => (
        <Section key={backend.id} title={`Backend of ${backend.service}`}>
          <BackendCard
            backend={backend}
            group={(survey.backends.get(backend.service) ?? []).filter(
              (one) => one.servicePort === backend.servicePort,
            )}
          />
        </Section>
      ))}
      {talks.sums.size > 0 && (
        <Section title="Whom it talks to">
          <div className="-mx-2.5">
            {[...talks.sums].map(([service, sum]) =>
              service === '' ? (
                <p key="direct" className="flex px-2.5 py-1.5 text-soft">
                  <span>{plural(sum.edges, 'address', 'addresses')} directly</span>
                  <span className="ml-auto">{rate(sum.openedPerSecond)}/s</span>
                </p>
              ) : (
                <Row key={service} onSelect={() => goTo({ kind: 'service', id: service })}>
                  <span className="truncate">{service}</span>
                  <span className="ml-auto text-soft">{rate(sum.openedPerSecond)}/s</span>
                </Row>
              ),
            )}
          </div>
        </Section>
      )}
    </>
  );
}
