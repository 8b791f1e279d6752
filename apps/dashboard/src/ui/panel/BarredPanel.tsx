'use client';
import { Fragment } from 'react';
import { moment } from '../../city/format.ts';
import { type NamedRefusal, placesOfBarred, refusalsOn } from '../../city/refusals.ts';
import { useCity } from '../../live/city-store.ts';
import { Why } from '../ask/Why.tsx';
import { placeName } from '../place-name.ts';
import { useNow } from '../use-now.ts';
import { Fact, PlaceLink } from './parts.tsx';
import { Refusals, targetWords } from './Refusals.tsx';
import { Title } from './Title.tsx';

/** A street that ends at a closed gate: the attempts on it, and who refuses them. */
export function BarredPanel({ id }: { readonly id: string }) {
  const survey = useCity((state) => state.whole);
  const past = useCity((state) => state.moment !== undefined);
  const { from, to } = placesOfBarred(id);
  const rows = refusalsOn(survey, id);
  const [only] = rows;
  return (
    <>
      <Title
        title={`${placeName(survey, from)} ⊣ ${placeName(survey, to)}`}
        detail="attempts that network policies refuse"
      />
      {rows.length === 0 && (
        <p className="text-soft" data-testid="barred-none">
          {past ? 'What was refused in the past is not kept.' : 'Nothing was refused here within the last minute.'}
        </p>
      )}
      {only && rows.length === 1 ? <One named={only} /> : <Refusals survey={survey} rows={rows} title="Attempts" />}
    </>
  );
}

function One({ named: [, refusal] }: { readonly named: NamedRefusal }) {
  const survey = useCity((state) => state.whole);
  const now = useNow(1000);
  const { client, podUid, service, address, port, protocol, direction, policies, node } = refusal;
  const source = client.kind === 'pod' ? client.id.slice('pod:'.length) : undefined;
  const known = (uid: string | undefined) => uid !== undefined && survey.city.pod.has(uid);
  return (
    <>
      {source !== undefined && known(source) && (
        <div className="mb-3 flex flex-wrap gap-2">
          <Why source={{ kind: 'pod', uid: source }} destination={{ address, port, protocol }} />
        </div>
      )}
      <dl className="divide-y divide-line" data-testid="barred-facts">
        <Fact name="From">
          {known(source) ? (
            <PlaceLink to={{ kind: 'pod', id: source as string }}>{client.label}</PlaceLink>
          ) : (
            <span className="code">{client.label}</span>
          )}
        </Fact>
        <Fact name="To">
          {known(podUid) ? (
            <PlaceLink to={{ kind: 'pod', id: podUid as string }}>{targetWords(survey, refusal)}</PlaceLink>
          ) : (
            <span className="code">{targetWords(survey, refusal)}</span>
          )}
        </Fact>
        {service !== undefined && (
          <Fact name="Of Service">
            <PlaceLink to={{ kind: 'service', id: service }}>{service}</PlaceLink>
          </Fact>
        )}
        <Fact name="Refused by">
          {policies.length === 0
            ? 'no policy: nobody knows a pod with this address, and its range is closed'
            : policies.map((policy, i) => (
                <Fragment key={policy}>
                  {i > 0 && ', '}
                  <PlaceLink to={{ kind: 'policy', id: policy }}>{policy}</PlaceLink>
                </Fragment>
              ))}
        </Fact>
        <Fact name="Because of">{direction === 'ingress' ? 'who comes' : 'where it goes'}</Fact>
        <Fact name="On">
          <PlaceLink to={{ kind: 'node', id: node }}>{node}</PlaceLink>
        </Fact>
        <Fact name="First, last">
          {moment(refusal.firstAt, now)}, {moment(refusal.lastAt, now)}
        </Fact>
      </dl>
    </>
  );
}
