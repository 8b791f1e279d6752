import { FACETS, type FacetId, toggled } from '../../city/facets.ts';
import { isFiltering, NO_FILTER } from '../../city/filter.ts';
import type { Place } from '../../city/places.ts';
import { homesOfPods } from '../../city/services.ts';
import { type CityStore, hubNow } from '../../live/city-store.ts';
import { backToLive, rewindTo } from '../../live/rewind.ts';
import { openSavedView, readViews, useSavedViews } from '../../live/saved-views.ts';
import { look, setFilter, useView } from '../../live/view-store.ts';
import { accountActions } from '../account/leave.ts';
import { openWhy, type WhyPreset } from '../ask/actions.ts';
import { copy } from '../copy.ts';
import { EXPORTS } from '../Export.tsx';
import { KEYS } from '../keys.ts';
import type { Action, ActionContext } from './action.ts';
import { steerActions } from './steer-actions.ts';

/** Each tells the actions of one part of the screen. */
const SOURCES: readonly ((context: ActionContext) => readonly Action[])[] = [
  steerActions,
  placeActions,
  filterActions,
  viewActions,
  timeActions,
  whyActions,
  exportActions,
  accountActions,
];

/** Everything that can be done now, what belongs to the selected thing first. */
export function actionsOf(context: ActionContext): readonly Action[] {
  const told = SOURCES.flatMap((source) => source(context));
  const keys = new Set(told.map((action) => action.keys));
  return [...told, ...keyActions().filter((action) => !keys.has(action.keys))];
}

/** The value by which a filter can ask for a place: a pod by the Service it stands at. */
function askedBy({ city }: CityStore['whole'], { kind, id }: Place): readonly [FacetId, string] | undefined {
  if (kind === 'namespace') return ['namespaces', id];
  if (kind === 'node') return ['nodes', id];
  if (kind === 'policy') return ['namespaces', id.slice(0, id.indexOf('/'))];
  const service = kind === 'service' ? id : homesOfPods(city).get(id);
  return service === undefined ? undefined : ['services', service];
}

/** Filters by the thing found, or lets go of it. */
export function placeActions({ city, place }: ActionContext): readonly Action[] {
  const asked = place && askedBy(city.whole, place);
  if (!asked) return [];
  const [facet, value] = asked;
  const on = (city.filter[facet] as readonly string[]).includes(value);
  const name = `${FACETS.find(({ id }) => id === facet)?.one} ${value}`;
  return [
    {
      id: 'filter-place',
      label: on ? `Filter no more by ${name}` : `Filter by ${name}`,
      words: ['only', 'show', value],
      run: () => setFilter(toggled(city.filter, facet, value)),
    },
  ];
}

function filterActions({ city: { filter } }: ActionContext): readonly Action[] {
  const clear: Action = {
    id: 'clear-filter',
    label: 'Clear the filter',
    words: ['all', 'reset', 'everything'],
    run: () => setFilter(NO_FILTER),
  };
  return [
    ...(isFiltering(filter) ? [clear] : []),
    {
      id: 'errors-only',
      label: filter.errors ? 'Show more than errors' : 'Show errors only',
      words: ['refused', 'unanswered', 'trouble', 'filter'],
      run: () => setFilter({ ...filter, errors: !filter.errors }),
    },
    {
      id: 'barred-only',
      label: filter.barred ? 'Show more than what policies refuse' : 'Show what policies refuse only',
      words: ['refused', 'network', 'policy', 'isolation', 'filter'],
      run: () => setFilter({ ...filter, barred: !filter.barred }),
    },
    {
      id: 'draining-only',
      label: filter.states.includes('draining') ? 'Show more than what drains' : 'Show what drains only',
      words: ['draining', 'drained', 'filter', 'state'],
      run: () => setFilter(toggled(filter, 'states', 'draining')),
    },
  ];
}

function viewActions({ view, savedViews }: ActionContext): readonly Action[] {
  const lenses = [
    { to: 'services', label: 'Look at Services', keys: '1' },
    { to: 'nodes', label: 'Look at nodes', keys: '2' },
    { to: 'directory', label: 'Open the Directory', keys: '3' },
  ] as const;
  return [
    {
      id: 'troubles',
      label: 'What is wrong?',
      words: ['trouble', 'problem', 'broken', 'error', 'failing', 'alert', 'refused'],
      keys: 'x',
      run: () => useView.setState({ troubles: true }),
    },
    ...savedViews.map((saved) => ({
      id: `view:${saved.name}`,
      label: `Open view: ${saved.name}`,
      words: ['saved', 'view'],
      run: () => openSavedView(saved),
    })),
    ...lenses
      .filter(({ to }) => to !== view.view)
      .map(({ to, label, keys }) => ({
        id: `lens:${to}`,
        label,
        words: ['lens', 'map', 'table', 'view'],
        keys,
        run: () => look(to),
      })),
    {
      id: 'save-view',
      label: 'Save this view…',
      words: ['bookmark', 'remember', 'name'],
      run: () => {
        readViews();
        useSavedViews.setState({ open: true });
      },
    },
    {
      id: 'copy-link',
      label: 'Copy the link to what is shown',
      words: ['share', 'url', 'address', 'colleague'],
      run: () => void copy('The link', window.location.href),
    },
  ];
}

const STEP_BACK = 5 * 60_000;

function timeActions({ city, rewind: { wanted } }: ActionContext): readonly Action[] {
  if (!city.arrived) return [];
  const back: Action = {
    id: 'rewind',
    label: 'Rewind by 5 minutes',
    words: ['past', 'back', 'history', 'time'],
    run: () => rewindTo((wanted ?? hubNow(city)) - STEP_BACK),
  };
  const live: Action = { id: 'live', label: 'Go live', words: ['now', 'present', 'time'], keys: 'l', run: backToLive };
  return wanted === undefined ? [back] : [live, back];
}

/** Asked from the selected thing, where it can be an end of a packet. */
function whyActions({ view: { selection }, city }: ActionContext): readonly Action[] {
  const why = (label: string, preset: WhyPreset): Action => ({
    id: 'why',
    label,
    words: ['why', 'explain', 'path', 'packet', 'rules', 'trace'],
    run: () => openWhy(preset),
  });
  if (selection?.kind === 'service')
    return [why('Why here? Packets to the selected Service', { destination: { service: selection.id } })];
  if (selection?.kind === 'pod') return [why('Why here? What the selected pod gets', { pod: selection.id })];
  const backend = selection?.kind === 'backend' ? city.whole.city.backend.get(selection.id) : undefined;
  if (backend?.podUid) return [why('Why here? What the selected backend gets', { pod: backend.podUid })];
  return [why('Why here? Explain the way of a packet', {})];
}

function exportActions({ view }: ActionContext): readonly Action[] {
  // In the Directory there is no picture to take.
  const possible = EXPORTS.filter(({ id }) => view.view !== 'directory' || id === 'export-json');
  return possible.map(({ id, label, words, run }) => ({ id, label: `Take along: ${label}`, words: [words], run }));
}

/** Said so that it is understood without the sheet around it. */
const IN_OTHER_WORDS: Readonly<Record<string, string>> = { '?': 'Show the sheet of keys' };

/** Told above in other words, or of no use from here. */
const TOLD = ['mod+k', 'Escape', '1', '2', '3'];

/** Every other key of the page is an action too. */
function keyActions(): readonly Action[] {
  return KEYS.flatMap(({ heading, keys }) =>
    keys.flatMap(({ keys: [key = ''], words, run }) =>
      run && !TOLD.includes(key)
        ? [
            {
              id: `key:${key}`,
              label: IN_OTHER_WORDS[key] ?? words,
              words: [heading],
              keys: key === ' ' ? 'space' : key,
              run,
            },
          ]
        : [],
    ),
  );
}
