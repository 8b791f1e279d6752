'use client';
import { type ReactNode, useEffect, useRef } from 'react';
import { exists, type Selection, selectionToText, servicesOf } from '../../city/find.ts';
import { isBundle } from '../../city/lanes.ts';
import { useCity } from '../../live/city-store.ts';
import { useLooking } from '../../live/looking.ts';
import { useView } from '../../live/view-store.ts';
import { placeName } from '../place-name.ts';
import { BackendPanel } from './BackendPanel.tsx';
import { BarredPanel } from './BarredPanel.tsx';
import { BundlePanel } from './BundlePanel.tsx';
import { EdgePanel } from './EdgePanel.tsx';
import { GonePanel, type LastSeen } from './GonePanel.tsx';
import { NamespacePanel } from './NamespacePanel.tsx';
import { NodePanel } from './NodePanel.tsx';
import { PodPanel } from './PodPanel.tsx';
import { PolicyPanel } from './PolicyPanel.tsx';
import { RoadPanel } from './RoadPanel.tsx';
import { ServicePanel } from './ServicePanel.tsx';
import { TITLE_ID } from './Title.tsx';
import { useLastTouch, usePanelFocus } from './use-panel-focus.ts';

/** What is selected, beside the map. */
export function Panel() {
  useLastTouch();
  const selection = useView((state) => state.selection);
  const arrived = useCity((state) => state.arrived);
  return selection && arrived ? <Open selection={selection} /> : null;
}

function Open({ selection }: { readonly selection: Selection }) {
  const there = useCity((state) => exists(state.whole.city, selection));
  const seen = useLastSeen(selection, there);
  const key = selectionToText(selection);
  const panel = usePanelFocus(key);
  useCloseLook(selection);
  return (
    <aside
      ref={panel}
      className="arriving z-10 w-[372px] shrink-0 overflow-y-auto border-l border-line bg-panel px-4 pt-4 pb-6"
      aria-labelledby={TITLE_ID}
      data-testid="panel"
    >
      {there ? <Content key={key} {...selection} /> : <GonePanel key={key} selection={selection} seen={seen} />}
    </aside>
  );
}

function Content({ kind, id }: Selection): ReactNode {
  switch (kind) {
    case 'service':
      return <ServicePanel id={id} />;
    case 'backend':
      return <BackendPanel id={id} />;
    case 'pod':
      return <PodPanel uid={id} />;
    case 'node':
      return <NodePanel name={id} />;
    case 'namespace':
      return <NamespacePanel name={id} />;
    case 'edge':
      return <EdgePanel id={id} />;
    case 'road':
      return isBundle(id) ? <BundlePanel id={id} /> : <RoadPanel id={id} />;
    case 'policy':
      return <PolicyPanel id={id} />;
    case 'barred':
      return <BarredPanel id={id} />;
  }
}

/** What the panel reads comes every second, wherever the map looks. */
function useCloseLook(selection: Selection): void {
  const services = useCity((state) => servicesOf(state.whole.city, selection).join(' '));
  useEffect(() => {
    useLooking.setState({ panel: services.split(' ').filter(Boolean) });
    return () => useLooking.setState({ panel: [] });
  }, [services]);
}

/** When the thing selected was last there, and its name then; undefined when this page never saw it. */
function useLastSeen(selection: Selection, there: boolean): LastSeen | undefined {
  const last = useRef<LastSeen & { readonly key: string }>(undefined);
  const at = useCity((state) => state.stream.at);
  const survey = useCity((state) => state.whole);
  const key = selectionToText(selection);
  useEffect(() => {
    if (there) last.current = { key, at, name: nameOf(selection, survey) };
  }, [there, key, at, survey, selection]);
  return last.current?.key === key ? last.current : undefined;
}

function nameOf({ kind, id }: Selection, survey: Parameters<typeof placeName>[0]): string {
  const { city } = survey;
  if (kind === 'pod') return city.pod.get(id)?.name ?? id;
  if (kind === 'backend') return city.backend.get(id)?.podName ?? id;
  if (kind === 'road' || kind === 'barred' || kind === 'edge') return id;
  return placeName(survey, `${kind}:${id}`);
}
