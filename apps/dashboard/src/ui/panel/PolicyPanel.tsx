'use client';
import type { CityRecord } from '@kubecity/protocol';
import { count, plural, rate } from '../../city/format.ts';
import { closedOf, closedWords, podsOfPolicy } from '../../city/gates.ts';
import { refusalsOfPolicy } from '../../city/refusals.ts';
import { useCity } from '../../live/city-store.ts';
import { goTo } from '../../live/view-store.ts';
import { Fact, PlaceLink, Problem, Row, Section } from './parts.tsx';
import { Refusals } from './Refusals.tsx';
import { Title } from './Title.tsx';

/** More are found in the directory. */
const MOST_PODS = 40;

/** A NetworkPolicy as the nodes enforce it: whom it closes, what it lets through and what it refuses. */
export function PolicyPanel({ id }: { readonly id: string }) {
  const survey = useCity((state) => state.whole);
  const policy = survey.city.policy.get(id);
  if (!policy) return null;
  const pods = podsOfPolicy(survey.city, id);
  return (
    <>
      <Title title={policy.name} detail={`network policy · ${policy.namespace}`} />
      {policy.problems?.map(({ field, message }) => (
        <Problem key={`${field} ${message}`} title={<span className="code">{field}</span>}>
          {message}. Until it is mended, this part counts as closed.
        </Problem>
      ))}
      <dl className="divide-y divide-line" data-testid="policy-facts">
        <Fact name="Namespace">
          <PlaceLink to={{ kind: 'namespace', id: policy.namespace }}>{policy.namespace}</PlaceLink>
        </Fact>
        <Fact name="Closes">{plural(policy.pods, 'pod')}</Fact>
        <Fact name="Who comes">
          <Direction figures={policy.ingress} />
        </Fact>
        <Fact name="Where they go">
          <Direction figures={policy.egress} />
        </Fact>
      </dl>
      <p className="mt-2 text-xs text-soft">
        First packets of connections, over all nodes, since this dashboard first heard of them; rates over 10 s.
      </p>
      <Refusals survey={survey} rows={refusalsOfPolicy(survey.city, id)} />
      <Section title="Pods" aside={count(pods.length)}>
        <div className="-mx-2.5">
          {pods.slice(0, MOST_PODS).map((pod) => {
            const closed = closedOf(pod);
            return (
              <Row key={pod.uid} onSelect={() => goTo({ kind: 'pod', id: pod.uid })}>
                <span className="code min-w-0 truncate">{pod.name}</span>
                <span className="ml-auto shrink-0 text-sm text-soft">{closed && closedWords(closed)}</span>
              </Row>
            );
          })}
        </div>
        {pods.length > MOST_PODS && (
          <p className="mt-1 text-sm text-soft">and {count(pods.length - MOST_PODS)} more in the directory</p>
        )}
      </Section>
    </>
  );
}

function Direction({ figures }: { readonly figures: CityRecord<'policy'>['ingress'] }) {
  if (!figures) return 'says nothing of it';
  const { accepted, refused, acceptedPerSecond, refusedPerSecond } = figures;
  return (
    <>
      {rate(acceptedPerSecond)}/s let through, <b className="font-semibold">{rate(refusedPerSecond)}/s refused</b>
      <span className="block text-sm text-soft">
        {count(accepted)} and {count(refused)} in all
      </span>
    </>
  );
}
