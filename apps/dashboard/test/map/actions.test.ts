import type { Session } from '@kubecity/protocol';
import { beforeEach, describe, expect, it } from 'vitest';
import { NO_FILTER } from '../../src/city/filter.ts';
import { placeIndex } from '../../src/city/places.ts';
import { useCity } from '../../src/live/city-store.ts';
import { useRewind } from '../../src/live/rewind.ts';
import { useSession } from '../../src/live/session-store.ts';
import { useView } from '../../src/live/view-store.ts';
import type { ActionContext } from '../../src/ui/find/action.ts';
import { actionsOf } from '../../src/ui/find/actions.ts';
import { KEYS } from '../../src/ui/keys.ts';
import { cityOf } from './city-of.ts';

const SESSION: Session = { user: 'mara', groups: [], how: 'local', maySteer: 'all' };
beforeEach(() => useSession.setState({ session: SESSION }));

const whole = cityOf(5);
const context = (change: Partial<ActionContext> = {}): ActionContext => ({
  city: { ...useCity.getState(), whole, survey: whole, arrived: true },
  view: useView.getState(),
  rewind: useRewind.getState(),
  savedViews: [],
  ...change,
});
const labels = (change: Partial<ActionContext> = {}) => actionsOf(context(change)).map(({ label }) => label);
const pods = placeIndex(whole.city).pod.places;

describe('the actions of the palette', () => {
  it('are each there once', () => {
    const [pod] = pods;
    const view = { ...useView.getState(), selection: { kind: 'pod', id: pod?.id as string } as const };
    const ids = actionsOf(context({ place: pod, view })).map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('hold every key of the page, or what it does in other words', () => {
    const known = new Set(
      actionsOf(context({ rewind: { ...useRewind.getState(), wanted: 5 } })).map(({ keys }) => keys),
    );
    const keys = KEYS.flatMap((group) => group.keys).flatMap(({ keys: [key], run }) => (run ? [key] : []));
    const lens = useView.getState().view === 'services' ? ['1'] : [];
    const missing = keys.filter((key) => !known.has(key === ' ' ? 'space' : key) && !lens.includes(key as string));
    expect(missing).toEqual(['mod+k', 'Escape']);
  });

  it('steer the selected pod, but not in the past, and not without the right to', () => {
    const [backend] = whole.city.backend.values();
    const view = { ...useView.getState(), selection: { kind: 'pod', id: backend?.podUid as string } as const };
    const drain = `Drain ${backend?.podName} in all its Services…`;
    expect(labels({ view })[0]).toBe(drain);
    expect(labels()).not.toContain(drain);
    expect(labels({ view, rewind: { ...useRewind.getState(), wanted: 5 } })).not.toContain(drain);
    useSession.setState({ session: { ...SESSION, maySteer: ['elsewhere'] } });
    expect(labels({ view })).not.toContain(drain);
  });

  it('lead out for whoever signed in, and nobody else', () => {
    const told = (how: Session['how']) => {
      useSession.setState({ session: { ...SESSION, how } });
      return labels().includes('Sign out mara');
    };
    expect((['local', 'token', 'oidc', 'proxy'] as const).map(told)).toEqual([false, true, true, false]);
  });

  it('lift a drain where there is one', () => {
    const drained = cityOf(5, (toy) => {
      const op = toy.snapshot(0).find((one) => one[0] === 'set' && one[1] === 'backend');
      toy.drain(op?.[2] as string, 0);
    });
    const [id] = [...drained.city.backend].find(([, { draining }]) => draining) as [string, unknown];
    const view = { ...useView.getState(), selection: { kind: 'backend', id } as const };
    expect(labels({ city: { ...context().city, whole: drained }, view })[0]).toMatch(/^Undrain /);
  });

  it('understand an order as it is typed', () => {
    expect(labels({ text: 'drain node-b' })[0]).toBe('Drain node-b, every backend on it…');
    expect(labels({ text: 'share 10 % for version=v2 of cart over 5m' })[0]).toBe(
      'Share 10 % for backends of shop/cart with version=v2 over 5 min…',
    );
  });

  it('filter by the place found, a pod by the Service at which it stands, and let go of it again', () => {
    const pod = pods.find(({ label }) => label.startsWith('cart-'));
    const by = (filter: typeof NO_FILTER) => labels({ place: pod, city: { ...context().city, filter } });
    expect(by(NO_FILTER)).toContain('Filter by Service shop/cart');
    expect(by(NO_FILTER)).not.toContain('Clear the filter');
    expect(by({ ...NO_FILTER, services: ['shop/cart'] })).toEqual(
      expect.arrayContaining(['Filter no more by Service shop/cart', 'Clear the filter']),
    );
    const reporter = pods.find(({ label }) => label.startsWith('reporter-'));
    expect(labels({ place: reporter }).filter((label) => label.startsWith('Filter'))).toEqual(['Filter']);
  });

  it('open every saved view, and go back and forth in time', () => {
    expect(labels({ savedViews: [{ name: 'drains', query: 'states=draining' }] })).toContain('Open view: drains');
    expect(labels()).toContain('Rewind by 5 minutes');
    expect(labels()).not.toContain('Go live');
    expect(labels({ rewind: { ...useRewind.getState(), wanted: 5 } })).toContain('Go live');
  });
});
