'use client';
import type { CityRecord } from '@kubecity/protocol';
import { useMemo } from 'react';
import type { Subject } from '../../city/events.ts';
import { failureOf } from '../../city/overrides.ts';
import { routesNothing } from '../../city/policy.ts';
import { rankBackends, rankClients } from '../../city/ranking.ts';
import { refusalsOf } from '../../city/refusals.ts';
import { type Backend, overridesOf } from '../../city/services.ts';
import { type Survey, servicePlace } from '../../city/survey.ts';
import { useCity } from '../../live/city-store.ts';
import { showOnly, useView } from '../../live/view-store.ts';
import { Rules } from '../ask/Rules.tsx';
import { Why } from '../ask/Why.tsx';
import { Button } from '../Button.tsx';
import { Backends } from './Backends.tsx';
import { Busiest } from './Busiest.tsx';
import { Classes } from './Classes.tsx';
import { Events } from './Events.tsx';
import { Figures } from './Figures.tsx';
import { ServiceGates } from './Gates.tsx';
import { Overrides } from './Overrides.tsx';
import { Policy } from './Policy.tsx';
import { Problem } from './parts.tsx';
import { Ranking } from './Ranking.tsx';
import { Refusals } from './Refusals.tsx';
import { Steer } from './Steer.tsx';
import { Title } from './Title.tsx';
import { useScope } from './use-scope.ts';
import { useStanding } from './use-standing.ts';

export function ServicePanel({ id }: { readonly id: string }) {
  const { survey, into, edges, traffic } = useScope({ kind: 'service', id });
  const measure = useView((state) => state.metric);
  const standing = useStanding({ edges, homes: [], services: [id] });
  const rankings = useMemo(() => {
    const { city } = survey;
    return { clients: rankClients(city, into, measure), backends: rankBackends(city, into, measure) };
  }, [survey, into, measure]);
  const service = survey.city.service.get(id);
  if (!service) return null;
  const backends = survey.backends.get(id) ?? [];
  const unknown = standing.state === 'unknown';
  return (
    <>
      <Title title={service.name} detail={<Address service={service} />} />
      <Figures id={`service:${id}`} traffic={traffic} standing={standing} ports={service.ports.map(({ key }) => key)} />
      <div className="mt-3 flex flex-wrap gap-2">
        <Steer of={{ kind: 'service', id }} />
        <Why destination={{ service: id }} />
        <Rules service={id} />
        <OnlyThis id={id} />
      </div>
      <Busiest survey={survey} into={into} />
      {service.problems.map(({ field, message }) => (
        <Problem key={`${field} ${message}`} title={<span className="code">{field}</span>}>
          {message}
        </Problem>
      ))}
      <FailedOverrides survey={survey} service={id} />
      {backends.length === 0 && <NoBackends service={service} />}
      {byPort(backends).map(([port, group]) => (
        <Backends key={port} title={portTitle(service, port)} group={group} />
      ))}
      <Window survey={survey} backends={backends} />
      <ServiceGates backends={backends} survey={survey} />
      <Refusals survey={survey} rows={refusalsOf(survey, servicePlace(id))} />
      <Ranking title="From whom" rows={rankings.clients} none={nobody(unknown)} testId="top-clients" />
      <Ranking title="Who gets the most" rows={rankings.backends} none={nobody(unknown)} testId="top-backends" />
      <Classes traffic={traffic} standing={standing} />
      <Policy service={service} backends={backends} />
      <Overrides of={{ kind: 'service', id }} />
      <Events subjects={subjectsOf(survey, service, backends)} />
    </>
  );
}

const nobody = (unknown: boolean) => (unknown ? 'Not known.' : 'Nobody is connected.');

/** The Service itself, the overrides that name it, and the pods behind it. */
function subjectsOf(survey: Survey, service: CityRecord<'service'>, backends: readonly Backend[]): Subject[] {
  const { namespace, name } = service;
  const pods = new Map<string, Subject>();
  for (const { podUid: uid } of backends) {
    const pod = survey.city.pod.get(uid ?? '');
    if (pod) pods.set(pod.uid, { kind: 'Pod', namespace: pod.namespace, name: pod.name, uid: pod.uid });
  }
  const overrides = overridesOf(survey.city, `${namespace}/${name}`).map(
    (one): Subject => ({ kind: 'RoutingOverride', namespace: one.namespace, name: one.name }),
  );
  return [{ kind: 'Service', namespace, name }, ...overrides, ...pods.values()];
}

/** Looks at one Service: roads, table and figures of its connections, and the agents tell no others in a hurry. */
function OnlyThis({ id }: { readonly id: string }) {
  const only = useCity((state) => state.only === id);
  return (
    <Button
      aria-pressed={only}
      data-testid="only-this"
      onClick={() => showOnly(only ? undefined : id)}
      title="Map and table then show connections to this Service and no others"
    >
      {only ? 'Show all connections' : 'Only its connections'}
    </Button>
  );
}

function Address({ service }: { readonly service: CityRecord<'service'> }) {
  return (
    <>
      {service.namespace} · {service.type}
      {service.ports.map(
        (port) =>
          ` · ${port.name === '' ? '' : `${port.name} `}${port.port} → ${port.targetPort ?? port.port} ${port.protocol}`,
      )}
      <span className="code block">{service.clusterIP ?? 'no cluster IP'}</span>
    </>
  );
}

function byPort(backends: readonly Backend[]): [string, Backend[]][] {
  const groups = new Map<string, Backend[]>();
  for (const backend of backends) {
    const group = groups.get(backend.servicePort);
    if (group) group.push(backend);
    else groups.set(backend.servicePort, [backend]);
  }
  return [...groups];
}

function portTitle(service: CityRecord<'service'>, key: string): string {
  const port = service.ports.find((one) => one.key === key);
  if (!port || service.ports.length === 1) return 'Backends';
  return `Backends of ${port.name === '' ? port.port : port.name} (${port.port}/${port.protocol})`;
}

function NoBackends({ service }: { readonly service: CityRecord<'service'> }) {
  return (
    <p
      data-testid="no-backends"
      className="mt-4 rounded-card border border-dashed border-line px-4 py-5 text-center text-soft"
    >
      {routesNothing(service) ?? 'No backends. New connections are refused on every node.'}
    </p>
  );
}

/** The window of the observed shares, as the hub measured it. */
function Window({ survey, backends }: { readonly survey: Survey; readonly backends: readonly Backend[] }) {
  const load = backends.map(({ id }) => survey.city.load.get(id)).find(Boolean);
  if (!load) return null;
  return (
    <p className="mt-2 text-xs text-soft">
      Shares are of new connections {load.sinceChange ? 'since they changed' : `in the last ${load.windowSeconds} s`},
      with their 95 % interval. A weight moves new connections only.
    </p>
  );
}

/** Overrides that do not do what they say. */
function FailedOverrides({ survey, service }: { readonly survey: Survey; readonly service: string }) {
  return overridesOf(survey.city, service).map((override) => {
    const failure = failureOf(override);
    // What is over is listed as that below: nothing has to be mended.
    if (failure === undefined || override.state === 'expired') return null;
    const title = (
      <>
        <span className="code">{override.name}</span> {failure}
      </>
    );
    return (
      <Problem key={override.uid} title={title}>
        {override.message ?? 'The agents gave no further reason.'}
      </Problem>
    );
  });
}
