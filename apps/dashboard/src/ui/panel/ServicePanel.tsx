'use client';
import type { CityRecord } from '@kubecity/protocol';
import { plural, rate } from '../../city/format.ts';
import { type Backend, overridesOf } from '../../city/services.ts';
import { roadId, type Survey, servicePlace } from '../../city/survey.ts';
import { NO_TRAFFIC, TrafficGroups } from '../../city/traffic.ts';
import { useCity } from '../../live/city-store.ts';
import { goTo, select, showOnly } from '../../live/view-store.ts';
import { Rules } from '../ask/Rules.tsx';
import { Button } from '../Button.tsx';
import { placeName } from '../place-name.ts';
import { BackendCard } from './BackendCard.tsx';
import { Figures, Problem, Row, Section } from './parts.tsx';
import { Title } from './Title.tsx';

export function ServicePanel({ id }: { readonly id: string }) {
  const survey = useCity((state) => state.survey);
  const service = survey.city.service.get(id);
  if (!service) return null;
  const backends = survey.backends.get(id) ?? [];
  const traffic = survey.sums.byService.get(id) ?? NO_TRAFFIC;
  return (
    <>
      <Title title={service.name} detail={<Address service={service} />} />
      <Figures traffic={traffic} />
      <div className="mt-3 flex gap-2">
        <Rules service={id} />
        <OnlyThis id={id} />
      </div>
      {service.problems.map(({ field, message }) => (
        <Problem key={`${field} ${message}`} title={<span className="code">{field}</span>}>
          {message}
        </Problem>
      ))}
      <OverrideErrors survey={survey} service={id} />
      {backends.length === 0 && <NoBackends />}
      {byPort(backends).map(([port, group]) => (
        <Section key={port} title={portTitle(service, port)} aside={plural(group.length, 'backend')}>
          <div className="flex flex-col gap-2.5">
            {group.map((backend) => (
              <BackendCard key={backend.id} backend={backend} group={group} />
            ))}
          </div>
        </Section>
      ))}
      <Window survey={survey} backends={backends} />
      <Clients survey={survey} service={id} />
    </>
  );
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
  for (const backend of backends)
    groups.set(backend.servicePort, [...(groups.get(backend.servicePort) ?? []), backend]);
  return [...groups];
}

function portTitle(service: CityRecord<'service'>, key: string): string {
  const port = service.ports.find((one) => one.key === key);
  if (!port || service.ports.length === 1) return 'Backends';
  return `Backends of ${port.name === '' ? port.port : port.name} (${port.port}/${port.protocol})`;
}

function NoBackends() {
  return (
    <p className="mt-4 rounded-card border border-dashed border-line px-4 py-5 text-center text-soft">
      No backends. New connections are refused on every node.
    </p>
  );
}

/** The window of the observed shares, as the hub measured it. */
function Window({ survey, backends }: { readonly survey: Survey; readonly backends: readonly Backend[] }) {
  const load = backends.map(({ id }) => survey.city.load.get(id)).find(Boolean);
  if (!load) return null;
  return (
    <p className="mt-3 text-sm text-soft">
      Observed shares are of new connections, last {load.windowSeconds} s; the band is ± 95 %. Rates are means over 10
      s. A weight moves new connections only.
    </p>
  );
}

const FAILED = {
  invalid: 'is not valid and has no effect',
  noService: 'names a Service that is not there',
  noBackends: 'matches no backend',
  overruled: 'is overruled by another override',
  lifted: 'is lifted: it would leave the Service empty',
} as const;

/** Overrides that do not do what they say. */
function OverrideErrors({ survey, service }: { readonly survey: Survey; readonly service: string }) {
  return overridesOf(survey.city, service).map(({ uid, name, state, message }) =>
    state === 'applied' ? null : (
      <Problem
        key={uid}
        title={
          <>
            <span className="code">{name}</span> {FAILED[state]}
          </>
        }
      >
        {message ?? 'The agents gave no further reason.'}
      </Problem>
    ),
  );
}

function Clients({ survey, service }: { readonly survey: Survey; readonly service: string }) {
  const clients = new TrafficGroups();
  for (const [id, edge] of survey.city.edge) {
    const origin = survey.ends.get(id)?.origin;
    if (edge.service === service) clients.add(origin, edge);
  }
  if (clients.sums.size === 0) return null;
  const sorted = [...clients.sums].sort(([, a], [, b]) => b.openedPerSecond - a.openedPerSecond);
  return (
    <Section title="Who talks to it">
      <div className="-mx-2.5">
        {sorted.map(([origin, traffic]) => {
          const own = origin.startsWith('service:');
          const to = servicePlace(service);
          const choose = () =>
            own ? goTo({ kind: 'service', id: origin.slice(8) }) : select({ kind: 'road', id: roadId(origin, to) });
          return (
            <Row key={origin} onSelect={choose}>
              <span className="truncate">{placeName(survey, origin)}</span>
              <span className="ml-auto text-soft">{rate(traffic.openedPerSecond)}/s</span>
            </Row>
          );
        })}
      </div>
    </Section>
  );
}
