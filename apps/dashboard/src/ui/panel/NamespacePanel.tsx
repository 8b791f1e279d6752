'use client';
import { plural, rate } from '../../city/format.ts';
import { sumOf } from '../../city/traffic.ts';
import { useCity } from '../../live/city-store.ts';
import { goTo } from '../../live/view-store.ts';
import { Figures, Row, Section } from './parts.tsx';
import { Title } from './Title.tsx';

export function NamespacePanel({ name }: { readonly name: string }) {
  const { city, sums } = useCity((state) => state.survey);
  const services = [...city.service].filter(([, service]) => service.namespace === name);
  const pods = [...city.pod.values()].filter((pod) => pod.namespace === name);
  const traffic = sumOf([...city.edge.values()].filter((edge) => edge.service.startsWith(`${name}/`)));
  return (
    <>
      <Title
        title={name}
        detail={`namespace · ${plural(services.length, 'Service')} · ${plural(pods.length, 'pod')}`}
      />
      <Figures traffic={traffic} />
      <Section title="Services">
        <div className="-mx-2.5">
          {services.map(([id, service]) => (
            <Row key={id} onSelect={() => goTo({ kind: 'service', id })}>
              <span className="truncate">{service.name}</span>
              <span className="ml-auto text-soft">{rate(sums.byService.get(id)?.openedPerSecond ?? 0)}/s</span>
            </Row>
          ))}
        </div>
      </Section>
    </>
  );
}
