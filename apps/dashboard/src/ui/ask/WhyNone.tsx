'use client';
import { useMemo } from 'react';
import { whyNone } from '../../city/why-none.ts';
import { useCity } from '../../live/city-store.ts';
import { Button } from '../Button.tsx';

interface Props {
  readonly uid: string;
  /** Asks for the way to this Service. */
  readonly ask: (service: string, servicePort: string) => void;
}

/** What each Service has in store for a pod, in words. */
export function WhyNone({ uid, ask }: Props) {
  const city = useCity((state) => state.stream.city);
  const reasons = useMemo(() => whyNone(city, uid), [city, uid]);
  const name = city.pod.get(uid)?.name ?? 'This pod';
  return (
    <div className="border-b border-line px-4 py-3">
      <h3 className="mb-1.5 text-sm font-semibold">
        What reaches <span className="code">{name}</span>
      </h3>
      <ul className="flex flex-col gap-2.5">
        {reasons.map(({ kind, service, servicePort, words }) => (
          <li key={servicePort ?? kind} data-testid="why-none" data-kind={kind}>
            {servicePort !== undefined && <p className="font-medium">{servicePort}</p>}
            <p className={kind === 'gets' ? 'text-live-ink' : ''}>{words}</p>
            {service !== undefined && servicePort !== undefined && (
              <Button tone="bare" className="-ml-2.5" onClick={() => ask(service, servicePort)}>
                Show the way of a client
              </Button>
            )}
          </li>
        ))}
      </ul>
    </div>
  );
}
