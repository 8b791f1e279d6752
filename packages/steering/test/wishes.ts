import type { SteerRequest } from '@kubecity/protocol';
import type { KubeRoutingOverride } from '@kubecity/routing';
import { expect } from 'vitest';
import { planSteer, type SteerCity, SteerRefusal } from '../src/index.ts';
import { cart, city, override } from './city.ts';

export const ACTOR = { user: 'ana', how: 'dashboard' } as const;
export type Steer = Extract<SteerRequest, { action: 'steer' }>;
export type Wish = Omit<Steer, 'action'>;

export const only = (name: string) => ({ podNames: [name] });
export const backend = (id: string) => ({ kind: 'backend', id }) as const;
export const drain = (id: string, more: Partial<Wish> = {}): Wish => ({
  target: backend(id),
  effect: { kind: 'drain' },
  ...more,
});
export const weigh = (id: string, weight: number, more: Partial<Wish> = {}): Wish => ({
  target: backend(id),
  effect: { kind: 'weight', weight },
  ...more,
});
export const release = (id: string): Wish => ({ target: backend(id), effect: { kind: 'release' } });

export function plan(wish: Wish, where: readonly KubeRoutingOverride[] | SteerCity = []) {
  const on = 'services' in where ? where : city([cart], where);
  return planSteer({ action: 'steer', ...wish }, on, ACTOR);
}
export function refusal(wish: Wish, where: readonly KubeRoutingOverride[] | SteerCity = []) {
  try {
    plan(wish, where);
  } catch (error) {
    if (error instanceof SteerRefusal) return error;
    throw error;
  }
  throw new Error('not refused');
}
export const written = (wish: Wish, where: readonly KubeRoutingOverride[] | SteerCity = []) => {
  const [write, ...more] = plan(wish, where).writes;
  expect(more).toEqual([]);
  return { ...write?.write, object: write?.object };
};

export const drain1 = override('cart-drain-cart-1', { service: 'cart', drain: {}, backends: only('cart-1') });
export const weight1 = override('cart-weight-cart-1', { service: 'cart', weight: 30, backends: only('cart-1') });
