'use client';
import { Route, X } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import {
  destinationWords,
  doorOfService,
  type PacketDestination,
  type PacketSource,
  packetDestinations,
  packetSources,
  sourceWords,
  typedDestination,
  typedSource,
} from '../../city/packet-ends.ts';
import { busiestCaller } from '../../city/why-none.ts';
import { useCity } from '../../live/city-store.ts';
import { closeWhy, useWhy, type WhyPreset } from './actions.ts';
import { EndPicker } from './EndPicker.tsx';
import { PacketAnswer } from './PacketAnswer.tsx';
import { WhyNone } from './WhyNone.tsx';

/** “Why here?” beside the map, which stays in reach: two ends, and what the rules of the node make of the packet. */
export function WhyCard() {
  const preset = useWhy((state) => state.open);
  useEffect(() => {
    if (!preset) return;
    // Before the page's own handler, which would take Escape for the selection.
    const leave = (event: KeyboardEvent) => {
      if (event.key !== 'Escape' || event.defaultPrevented || document.querySelector(OVER)) return;
      event.preventDefault();
      closeWhy();
    };
    window.addEventListener('keydown', leave, { capture: true });
    return () => window.removeEventListener('keydown', leave, { capture: true });
  }, [preset]);
  if (!preset) return null;
  return <Card key={serial(preset)} preset={preset} />;
}

const OVER =
  '[role=dialog][data-state=open], [role=alertdialog][data-state=open], [role=menu][data-state=open], [cmdk-root]';
/** Each opening begins anew. */
const serials = new WeakMap<WhyPreset, number>();
let last = 0;
function serial(preset: WhyPreset): number {
  const known = serials.get(preset);
  if (known !== undefined) return known;
  last += 1;
  serials.set(preset, last);
  return last;
}

/** On a wide screen it stands beside the map, so that the whole way is seen; on others it lies over its edge. */
const ROOMY = 'min-[1500px]:w-[400px] min-[1500px]:shrink-0 min-[1500px]:border-r';
const TIGHT =
  'max-[1499px]:absolute max-[1499px]:top-3 max-[1499px]:left-3 max-[1499px]:max-h-[calc(100%-24px)] max-[1499px]:w-[min(420px,100%-24px)] max-[1499px]:rounded-[14px] max-[1499px]:border max-[1499px]:shadow-cast';

function Card({ preset }: { readonly preset: WhyPreset }) {
  // Everything there is, also what a filter hides or the past does not show: rules are of now.
  const city = useCity((state) => state.stream.city);
  const [source, setSource] = useState(preset.source);
  const [destination, setDestination] = useState(() => destinationOf(preset));
  const title = useRef<HTMLHeadingElement>(null);
  useEffect(() => title.current?.focus(), []);
  const askWay = (service: string, servicePort: string) => {
    const caller = busiestCaller(city, service);
    if (caller !== undefined) setSource({ kind: 'pod', uid: caller });
    setDestination(doorOfService(city, service, servicePort));
  };
  const entry = source?.kind === 'outside' ? source.node : [...city.node.keys()][0];
  return (
    <section
      aria-labelledby="why-title"
      data-testid="why-card"
      className={`rising z-30 flex flex-col overflow-hidden border-line bg-panel ${ROOMY} ${TIGHT}`}
    >
      <div className="flex items-center gap-2.5 px-4 pt-3">
        <Route className="size-4 text-soft" aria-hidden="true" />
        <h2 id="why-title" ref={title} tabIndex={-1} className="flex-1 text-figure font-semibold outline-none">
          Why here?
        </h2>
        <button
          type="button"
          aria-label="Close Why here"
          onClick={closeWhy}
          className="touchable grid size-8 place-items-center rounded-control text-soft hover:bg-hover hover:text-text"
        >
          <X className="size-4" />
        </button>
      </div>
      <div className="flex flex-col gap-1.5 border-b border-line px-4 pt-2 pb-3">
        <EndPicker<PacketSource>
          label="From"
          testId="why-source"
          placeholder="A pod, a node or a client outside"
          picked={source && sourceWords(city, source)}
          ends={() => packetSources(city)}
          typed={(text) => typedSource(city, text, entry)}
          pick={setSource}
        />
        {source?.kind === 'outside' && <Entry source={source} nodes={[...city.node.keys()]} pick={setSource} />}
        <EndPicker<PacketDestination>
          label="To"
          testId="why-destination"
          placeholder="A Service, or address:port"
          picked={destination && destinationWords(city, destination)}
          ends={() => packetDestinations(city)}
          typed={typedDestination}
          pick={setDestination}
        />
      </div>
      <div className="min-h-0 flex-1 overflow-y-auto">
        {preset.pod !== undefined && <WhyNone uid={preset.pod} ask={askWay} />}
        {source && destination ? (
          <PacketAnswer
            key={JSON.stringify([source, destination])}
            source={source}
            destination={destination}
            askFor={setSource}
          />
        ) : (
          preset.pod === undefined && <Hint />
        )}
      </div>
    </section>
  );
}

function destinationOf({ destination }: WhyPreset): PacketDestination | undefined {
  if (!destination || 'address' in destination) return destination;
  return doorOfService(useCity.getState().stream.city, destination.service, destination.servicePort);
}

function Hint() {
  return (
    <p className="px-4 py-6 text-soft">
      Choose who calls and what is called. The node where such a packet meets the rules answers by what its kernel holds
      at that moment: which rules take it, to which backends and how likely, what its source becomes, and what would
      refuse it.
    </p>
  );
}

interface EntryProps {
  readonly source: Extract<PacketSource, { kind: 'outside' }>;
  readonly nodes: readonly string[];
  readonly pick: (source: PacketSource) => void;
}

/** The node through which a client outside comes in: its rules decide. */
function Entry({ source, nodes, pick }: EntryProps) {
  return (
    <label className="flex h-8 items-center gap-2 px-2.5 text-sm text-soft">
      <span className="w-9 shrink-0 text-xs">via</span>
      <select
        value={source.node}
        data-testid="why-entry"
        onChange={(event) => pick({ ...source, node: event.target.value })}
        className="h-7 min-w-0 flex-1 rounded-control border border-line bg-raised px-1.5 text-text"
      >
        {nodes.map((node) => (
          <option key={node}>{node}</option>
        ))}
      </select>
    </label>
  );
}
