'use client';
import type { CityRecord, PolicyDirection } from '@kubecity/protocol';
import { Fragment } from 'react';
import { plural } from '../../city/format.ts';
import { closersOf } from '../../city/gates.ts';
import type { Backend } from '../../city/services.ts';
import type { Survey } from '../../city/survey.ts';
import { Fact, PlaceLink, Section } from './parts.tsx';

const DIRECTIONS = [
  ['ingress', 'Who comes'],
  ['egress', 'Where it goes'],
] as const satisfies readonly (readonly [PolicyDirection, string])[];

/** What NetworkPolicies do to a pod, per direction. Where no node enforces any there is nothing to say. */
export function PodGates({ pod, survey }: { readonly pod: CityRecord<'pod'>; readonly survey: Survey }) {
  const isolation = survey.city.node.get(pod.node ?? '')?.agent.isolation;
  if (!pod.gates && (!isolation || isolation.state === 'off')) return null;
  return (
    <Section title="Network policies">
      <dl className="divide-y divide-line" data-testid="gates">
        {DIRECTIONS.map(([direction, name]) => (
          <Fact key={direction} name={name}>
            {pod.gates ? <Closers policies={pod.gates[direction]} /> : 'not known'}
          </Fact>
        ))}
      </dl>
    </Section>
  );
}

/** The same of all backends of a Service. */
export function ServiceGates({ backends, survey }: { readonly backends: readonly Backend[]; readonly survey: Survey }) {
  const uids = new Set(backends.map(({ podUid }) => podUid));
  const pods = [...uids].map((uid) => survey.city.pod.get(uid ?? '')).filter((pod) => pod?.gates);
  if (pods.length === 0) return null;
  const closed = (direction: PolicyDirection) => pods.filter((pod) => pod?.gates?.[direction]).length;
  if (closed('ingress') + closed('egress') === 0) return null;
  return (
    <Section title="Network policies">
      <dl className="divide-y divide-line" data-testid="gates">
        {DIRECTIONS.map(([direction, name]) => (
          <Fact key={direction} name={name}>
            {closed(direction) === 0 ? (
              'all open'
            ) : (
              <>
                {closed(direction)} of {plural(uids.size, 'pod')} <Closers policies={closersOf(pods, direction)} />
              </>
            )}
          </Fact>
        ))}
      </dl>
    </Section>
  );
}

/** More than a panel needs; the directory has them all. */
const MOST = 12;

function Closers({ policies }: { readonly policies: readonly string[] | undefined }) {
  if (!policies) return 'open';
  return (
    <>
      closed by{' '}
      {policies.slice(0, MOST).map((policy, i) => (
        <Fragment key={policy}>
          {i > 0 && ', '}
          <PlaceLink to={{ kind: 'policy', id: policy }}>{policy}</PlaceLink>
        </Fragment>
      ))}
      {policies.length > MOST && ` and ${policies.length - MOST} more`}
    </>
  );
}
