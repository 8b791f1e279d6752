import { expect, test } from 'vitest';
import { changeOfEvent, type OverrideChange, recordChange } from '../src/index.ts';

const CHANGE: OverrideChange = {
  id: '20261122T120000000Z-5f0c2a9e-cli',
  at: Date.UTC(2026, 10, 22, 12),
  who: 'ann',
  how: 'cli',
  what: 'create',
  kind: 'RoutingOverride',
  namespace: 'shop',
  name: 'cart-drain',
  after: { service: 'cart', drain: {} },
};

async function eventOf(change: OverrideChange) {
  let event: unknown;
  await recordChange(
    {
      create: async (_resource, object) => {
        event = object;
        return object;
      },
    },
    change,
  );
  return event as { metadata: { namespace: string; annotations: Record<string, string> } };
}

test('a change is told in the namespace that it is about, one of the whole cluster in default', async () => {
  expect(changeOfEvent(await eventOf(CHANGE))).toEqual(CHANGE);
  const { namespace: _none, ...rest } = CHANGE;
  const whole: OverrideChange = { ...rest, kind: 'ClusterRoutingOverride' };
  const event = await eventOf(whole);
  expect([event.metadata.namespace, changeOfEvent(event)]).toEqual(['default', whole]);
});

test('an event says nothing about another namespace: whoever may write events there has no word here', async () => {
  const { metadata } = await eventOf(CHANGE);
  for (const namespace of ['web', 'default', undefined]) {
    expect(changeOfEvent({ metadata: { ...metadata, namespace } })).toBeUndefined();
  }
  for (const text of ['{', '{}', 'null']) {
    const [annotation = ''] = Object.keys(metadata.annotations);
    expect(changeOfEvent({ metadata: { namespace: 'shop', annotations: { [annotation]: text } } })).toBeUndefined();
  }
});
