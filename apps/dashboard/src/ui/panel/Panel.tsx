'use client';
import { X } from 'lucide-react';
import type { ReactNode } from 'react';
import { exists, type Selection } from '../../city/find.ts';
import { useCity } from '../../live/city-store.ts';
import { select, useView } from '../../live/view-store.ts';
import { NamespacePanel } from './NamespacePanel.tsx';
import { NodePanel } from './NodePanel.tsx';
import { PodPanel } from './PodPanel.tsx';
import { EdgePanel, RoadPanel } from './RoadPanel.tsx';
import { ServicePanel } from './ServicePanel.tsx';

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

interface TitleProps {
  readonly title: string;
  readonly code?: boolean;
  readonly detail: ReactNode;
}

/** The head of every panel: what it is, and the way out. */
export function Title({ title, code, detail }: TitleProps) {
  return (
    <div className="mb-3.5 flex items-start gap-3">
      <div className="min-w-0 flex-1">
        <h2
          className={`leading-7 font-semibold tracking-[-0.01em] wrap-anywhere ${code ? 'code text-[16px]' : 'text-title'}`}
          data-testid="panel-title"
        >
          {title}
        </h2>
        <p className="text-sm text-soft">{detail}</p>
      </div>
      <button
        type="button"
        aria-label="Close"
        onClick={() => select(undefined)}
        className="grid size-7 place-items-center rounded-control text-soft transition-colors duration-150 hover:bg-hover hover:text-text"
      >
        <X className="size-4" />
      </button>
    </div>
  );
}
