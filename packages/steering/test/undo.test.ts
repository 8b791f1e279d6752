import type { SteerRequest } from '@kubecity/protocol';
import type { KubeRoutingOverride } from '@kubecity/routing';
import { expect, test } from 'vitest';
import { type Change, planSteer, planUndo, SteerRefusal } from '../src/index.ts';
import { cart, cart1, cart2, city, NOW, override } from './city.ts';
import { Stored } from './stored.ts';

const ANA = { user: 'ana', how: 'dashboard' } as const;
const BOB = { user: 'bob', how: 'cli' } as const;
const LATER = NOW + 60_000;
type Effect = Extract<SteerRequest, { action: 'steer' }>['effect'];

const only = (name: string) => ({ podNames: [name] });
const weight1 = override('cart-weight-cart-1', {
  service: 'cart',
  weight: 30,
  backends: only('cart-1'),
  reason: 'old',
});

function steer(stored: Stored, effect: Effect, id = cart1, more: object = {}): Change {
  const request = { action: 'steer', target: { kind: 'backend', id }, effect, ...more } as const;
  return stored.apply(planSteer(request, city([cart], stored.all), ANA), NOW);
}
const undo = (stored: Stored, change: Change, more: object = {}) =>
  planUndo(change, { action: 'undo', ...more }, { ...city([cart], stored.all), now: LATER }, BOB);
function refusal(stored: Stored, change: Change) {
  try {
    undo(stored, change);
  } catch (error) {
    if (error instanceof SteerRefusal) return error;
    throw error;
  }
  throw new Error('not refused');
}
const specs = (stored: Stored) => stored.all.map(({ spec }) => spec);
function edit(stored: Stored, name: string, more: object, by = 'carl'): void {
  const object = stored.objects.get(`shop/${name}`) as KubeRoutingOverride;
  const { generation = 0 } = object.metadata;
  const metadata = { ...object.metadata, generation: generation + 1, annotations: { 'kubecity.dev/by': by } };
  stored.objects.set(`shop/${name}`, { metadata, spec: { ...(object.spec as object), ...more } });
}

test('what was made is deleted, and what was deleted is made again as old as it was', () => {
  const stored = new Stored([]);
  const made = steer(stored, { kind: 'drain' });
  const gone = stored.apply(undo(stored, made), LATER);
  expect(stored.all).toEqual([]);
  expect(undo(stored, made)).toMatchObject({ writes: [], message: expect.stringMatching(/gone already/) });
  stored.apply(undo(stored, gone), LATER);
  expect(specs(stored)).toEqual([
    { service: 'cart', backends: only('cart-1'), drain: { existing: 'wait' }, startAt: '2026-11-22T12:00:00Z' },
  ]);
  expect(stored.all[0]?.metadata.annotations).toEqual({ 'kubecity.dev/by': 'bob' });
});

test('a change goes back to the effect before, with when that began', () => {
  const stored = new Stored([weight1]);
  const change = steer(stored, { kind: 'weight', weight: 60 }, cart1, { reason: 'new' });
  stored.apply(undo(stored, change), LATER);
  expect(specs(stored)).toEqual([{ ...(weight1.spec as object), startAt: '2026-11-22T10:00:00Z' }]);
});

test('what others changed since in other parts stays', () => {
  const stored = new Stored([weight1]);
  const change = steer(stored, { kind: 'weight', weight: 60 }, cart1, { reason: 'old' });
  edit(stored, 'cart-weight-cart-1', { expiresAt: '2026-11-22T18:00:00Z', reason: 'on purpose' });
  stored.apply(undo(stored, change), LATER);
  expect(specs(stored)).toMatchObject([{ weight: 30, expiresAt: '2026-11-22T18:00:00Z', reason: 'on purpose' }]);
});

test('what others changed since in the same part is not overwritten: who and what is told', () => {
  const stored = new Stored([weight1]);
  const change = steer(stored, { kind: 'weight', weight: 60 });
  edit(stored, 'cart-weight-cart-1', { weight: 70 });
  const refused = refusal(stored, change);
  expect(refused.code).toBe('conflict');
  expect(refused.message).toMatch(/shop\/cart-weight-cart-1 was changed \(effect\) since, last by carl/);
  edit(stored, 'cart-weight-cart-1', { weight: 30, startAt: undefined });
  expect(undo(stored, change).writes).toHaveLength(1); // its reason
});

test('an object that was changed after it was made, or made anew, is not deleted', () => {
  const stored = new Stored([]);
  const made = steer(stored, { kind: 'weight', weight: 60 });
  edit(stored, 'cart-weight-cart-1', { reason: 'mine now' });
  expect(refusal(stored, made).message).toMatch(/changed \(reason\) since, last by carl/);
  edit(stored, 'cart-weight-cart-1', { reason: undefined });
  expect(undo(stored, made).writes).toHaveLength(1);
  const object = stored.objects.get('shop/cart-weight-cart-1') as KubeRoutingOverride;
  stored.objects.set('shop/cart-weight-cart-1', { ...object, metadata: { ...object.metadata, uid: 'another' } });
  expect(refusal(stored, made).message).toMatch(/was made anew since/);
});

test('a change of what is gone is refused; a deletion of what is there again in other words too', () => {
  const stored = new Stored([weight1]);
  const change = steer(stored, { kind: 'weight', weight: 60 });
  const gone = steer(stored, { kind: 'release' });
  expect(refusal(stored, change).message).toMatch(/was deleted since/);
  steer(stored, { kind: 'weight', weight: 5 });
  expect(refusal(stored, gone).message).toMatch(/was changed \(effect\) since, last by ana/);
});

test('an undo obeys the floor', () => {
  const stored = new Stored([override('x', { service: 'cart', drain: {}, backends: only('cart-1') })]);
  const gone = steer(stored, { kind: 'release' });
  steer(stored, { kind: 'drain' }, cart2);
  expect(refusal(stored, gone).code).toBe('would-empty');
  expect(undo(stored, gone, { allowEmpty: true }).writes[0]?.write.after).toMatchObject({ allowEmpty: true });
});

test('a deadline that passed meanwhile is spoken of, a time that is over is refused', () => {
  const late = new Stored([
    override('x', { service: 'cart', drain: { deadlineSeconds: 60 }, backends: only('cart-1') }),
  ]);
  expect(undo(late, steer(late, { kind: 'release' })).remarks.join(' ')).toMatch(/Its deadline has passed/);
  const over = new Stored([
    override('x', { service: 'cart', weight: 5, backends: only('cart-1'), expiresAt: '2026-11-22T12:00:30Z' }),
  ]);
  expect(refusal(over, steer(over, { kind: 'release' })).message).toMatch(/its time ended meanwhile/);
});
