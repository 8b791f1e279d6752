'use client';
import type { ReactNode } from 'react';
import { exists, type Selection } from '../../city/find.ts';
import { useCity } from '../../live/city-store.ts';
import { useView } from '../../live/view-store.ts';
import { NamespacePanel } from './NamespacePanel.tsx';
import { NodePanel } from './NodePanel.tsx';
import { PodPanel } from './PodPanel.tsx';
import { EdgePanel, RoadPanel } from './RoadPanel.tsx';
import { ServicePanel } from './ServicePanel.tsx';
import { Title } from './Title.tsx';

/** What is selected, beside the map. */
export function Panel() {
  const selection = useView((state) => state.selection);
  const { survey, arrived } = useCity();
  if (!selection || !arrived) return null;
  return (
    <aside
      className="arriving z-10 w-[388px] shrink-0 overflow-y-auto border-l border-line bg-panel px-4 pt-4 pb-6"
      aria-label="Selected"
      data-testid="panel"
    >
      {exists(survey.city, selection) ? content(selection) : <Gone selection={selection} />}
    </aside>
  );
}

function content({ kind, id }: Selection): ReactNode {
  if (kind === 'service') return <ServicePanel key={id} id={id} />;
  if (kind === 'pod') return <PodPanel uid={id} />;
  if (kind === 'node') return <NodePanel name={id} />;
  if (kind === 'namespace') return <NamespacePanel name={id} />;
  if (kind === 'edge') return <EdgePanel id={id} />;
  return <RoadPanel id={id} />;
}

function Gone({ selection }: { readonly selection: Selection }) {
  return (
    <>
      <Title title="Gone" detail={`The ${selection.kind} is no longer in the city.`} />
      <p className="code text-soft wrap-anywhere">{selection.id}</p>
    </>
  );
}
