'use client';
import { useMemo } from 'react';
import { whyNone } from '../../city/why-none.ts';
import { useCity } from '../../live/city-store.ts';

interface Props {
  readonly uid: string;
  /** Of this service port only; of all that the pod stands behind when absent. */
  readonly servicePort?: string;
}

/** Why a pod gets nothing of a Service; nothing is said of those that it gets some of, nor of the past. */
export function NoneLine({ uid, servicePort }: Props) {
  const city = useCity((state) => state.stream.city);
  const past = useCity((state) => state.moment !== undefined);
  const reasons = useMemo(
    () => whyNone(city, uid).filter((one) => one.kind !== 'gets' && (!servicePort || one.servicePort === servicePort)),
    [city, uid, servicePort],
  );
  if (past || reasons.length === 0) return null;
  return (
    <ul className="mt-3 flex flex-col gap-1.5 rounded-card border border-line bg-raised px-3 py-2" data-testid="none">
      {reasons.map(({ kind, service, servicePort: port, words }) => (
        <li key={port ?? kind} className="wrap-anywhere">
          {service !== undefined && <b className="font-semibold">Nothing of {service}: </b>}
          {words}
        </li>
      ))}
    </ul>
  );
}
