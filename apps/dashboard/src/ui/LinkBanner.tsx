'use client';
import { RefreshCw, Unplug } from 'lucide-react';
import type { ReactNode } from 'react';
import { age, second } from '../city/format.ts';
import { freshnessOf } from '../city/freshness.ts';
import { useCity } from '../live/city-store.ts';
import { Button } from './Button.tsx';
import { useNow } from './use-now.ts';

/** A page that loses its connection for a breath does not say so: what it shows is no older than usual. */
const BREATH = 2500;

/** Lies over the map while what stands there is not of now: why, since when, and what goes on without. It moves nothing. */
export function LinkBanner() {
  const { link, arrived, heardAt, stream } = useCity();
  useNow(1000);
  const now = performance.now();
  const state = freshnessOf({ link, arrived, heardAt }, now);
  const cluster = [...stream.city.cluster.values()][0];
  if (!arrived) return null;
  const since = `All figures are of ${second(stream.at)}, ${age(now - heardAt)} ago.`;
  if (state === 'foreign') {
    return (
      <Banner title="This page is older than the dashboard." detail={since}>
        <Button onClick={() => window.location.reload()} className="h-8!">
          <RefreshCw className="size-3.5" aria-hidden="true" />
          Reload
        </Button>
      </Banner>
    );
  }
  if (state === 'refused') return <Banner title="The dashboard refuses this page." detail={since} />;
  if (now - heardAt > BREATH && (state === 'reconnecting' || state === 'stale')) {
    const title = state === 'stale' ? 'The hub says nothing.' : 'The hub is away; the page tries again by itself.';
    return <Banner title={title} detail={`${since} Routing and overrides go on without it.`} />;
  }
  if (cluster?.apiState === 'reconnecting') {
    return (
      <Banner
        title="The Kubernetes API is away."
        detail="Traffic is of now; pods, Services and wishes are as they were last known, and cannot be steered."
      />
    );
  }
  return null;
}

interface Props {
  readonly title: string;
  readonly detail: string;
  /** What a person can do about it. */
  readonly children?: ReactNode;
}

function Banner({ title, detail, children }: Props) {
  return (
    <div
      role="alert"
      data-testid="link-banner"
      className="rising absolute top-3 left-1/2 z-20 flex w-max max-w-[calc(100%-24px)] -translate-x-1/2 items-center gap-3 rounded-card border border-light/50 bg-raised px-4 py-2.5 shadow-cast"
    >
      <Unplug className="size-4 shrink-0 text-light-ink" aria-hidden="true" />
      <p>
        <b className="font-semibold">{title}</b> {/* Its age changes every second: not to be read out each time. */}
        <span className="text-soft" aria-live="off">
          {detail}
        </span>
      </p>
      {children}
    </div>
  );
}
