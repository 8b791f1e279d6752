'use client';
import { Command } from 'cmdk';
import { ArrowUpRight, Box, Building2, CircleDot, Fence, type LucideIcon, Map as Parcel, Zap } from 'lucide-react';
import type { ReactNode } from 'react';
import type { Selection } from '../../city/find.ts';
import { count } from '../../city/format.ts';
import type { Match } from '../../city/fuzzy.ts';
import type { FoundKind, Place, PlaceKind } from '../../city/places.ts';
import type { Identity } from '../../city/who.ts';
import type { Action } from './action.ts';
import { Marked } from './Marked.tsx';

const KINDS: Readonly<Record<PlaceKind, { readonly heading: string; readonly icon: LucideIcon }>> = {
  service: { heading: 'Services', icon: CircleDot },
  pod: { heading: 'Pods', icon: Box },
  node: { heading: 'Nodes', icon: Building2 },
  namespace: { heading: 'Namespaces', icon: Parcel },
  policy: { heading: 'Network policies', icon: Fence },
};

/** How the list knows a place's row. */
export const placeValue = ({ kind, id }: Place): string => `${kind}~${id}`;

interface PlacesProps {
  readonly found: FoundKind;
  readonly choose: (place: Place) => void;
}

export function PlaceGroup({ found: { kind, found, total }, choose }: PlacesProps) {
  const { heading, icon: Icon } = KINDS[kind];
  const more = total > found.length ? ` · ${count(found.length)} of ${count(total)}` : '';
  return (
    <Group heading={`${heading}${more}`}>
      {found.map(({ place, marks }) => (
        <Row key={place.id} value={placeValue(place)} choose={() => choose(place)}>
          <Icon className="size-4 shrink-0 text-soft" aria-hidden="true" />
          <Marked text={place.label} marks={marks[0]} className={kind === 'pod' ? 'code shrink-0' : 'font-medium'} />
          <Marked text={place.detail} marks={marks[1]} className="code ml-auto text-soft" />
        </Row>
      ))}
    </Group>
  );
}

interface ActionsProps {
  readonly actions: readonly (Match & { readonly item: Action })[];
  readonly choose: (action: Action) => void;
}

export function ActionGroup({ actions, choose }: ActionsProps) {
  if (actions.length === 0) return null;
  return (
    <Group heading="Do">
      {actions.map(({ item: action, marks }) => (
        <Row key={action.id} value={`do~${action.id}`} choose={() => choose(action)}>
          <Zap className="size-4 shrink-0 text-soft" aria-hidden="true" />
          <Marked text={action.label} marks={marks} className="font-medium" />
          {action.keys !== undefined && (
            <kbd className="ml-auto rounded-[5px] border border-line px-1.5 font-sans text-xs text-soft">
              {action.keys}
            </kbd>
          )}
        </Row>
      ))}
    </Group>
  );
}

interface IdentitiesProps {
  readonly asked: string;
  readonly identities: readonly Identity[];
  readonly choose: (selection: Selection) => void;
}

/** The answer to "who is 10.244.3.7:8080?". What cannot be selected is told all the same. */
export function IdentityGroup({ asked, identities, choose }: IdentitiesProps) {
  const who = asked.replace(/^who is\s+/i, '').replace(/\?$/, '');
  if (identities.length === 0) {
    return (
      <p className="px-2.5 py-6 text-center text-soft" data-testid="nobody">
        No pod, Service, node or client seen has the address <span className="code text-text">{who}</span>.
      </p>
    );
  }
  return (
    <Group heading={`Who is ${who}?`}>
      {identities.map(({ selection, label, detail }, i) => (
        <Row
          // biome-ignore lint/suspicious/noArrayIndexKey: a pod may have an address twice; the list has no state
          key={`${label}${i}`}
          value={`who~${i}~${label}`}
          disabled={selection === undefined}
          choose={() => selection && choose(selection)}
        >
          <ArrowUpRight className={`size-4 shrink-0 ${selection ? 'text-soft' : 'invisible'}`} aria-hidden="true" />
          <span className="min-w-0">
            <span className="block truncate font-medium">{label}</span>
            <span className="block text-sm text-soft wrap-anywhere">{detail}</span>
          </span>
        </Row>
      ))}
    </Group>
  );
}

const Group = ({ heading, children }: { readonly heading: string; readonly children: ReactNode }) => (
  <Command.Group
    heading={heading}
    className="[&_[cmdk-group-heading]]:px-2.5 [&_[cmdk-group-heading]]:pt-2.5 [&_[cmdk-group-heading]]:pb-1 [&_[cmdk-group-heading]]:text-xs [&_[cmdk-group-heading]]:font-medium [&_[cmdk-group-heading]]:text-soft"
  >
    {children}
  </Command.Group>
);

interface RowProps {
  readonly value: string;
  readonly disabled?: boolean;
  readonly choose: () => void;
  readonly children: ReactNode;
}

const Row = ({ value, disabled, choose, children }: RowProps) => (
  <Command.Item
    value={value}
    disabled={disabled}
    onSelect={choose}
    className="flex cursor-pointer items-center gap-3 rounded-control px-2.5 py-1.5 data-[selected=true]:bg-selected"
  >
    {children}
  </Command.Item>
);
