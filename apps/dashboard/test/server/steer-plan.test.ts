import type { SteerRequest } from '@kubecity/protocol';
import type { KubeRoutingOverride, RoutingInput } from '@kubecity/routing';
import { expect, test } from 'vitest';
import { overrideName, planSteer, SteerRefusal } from '../../server/steer-plan.ts';
import { cart, cart1, cart2, cartPort, dualCart, override, pod, service, slice } from './objects.ts';

const NOW = Date.parse('2026-11-22T12:00:00Z');
const only = (name: string) => ({ podNames: [name] });

function plan(request: SteerRequest, overrides: readonly KubeRoutingOverride[] = [], more: Partial<RoutingInput> = {}) {
  return planSteer(request, { ...cart, overrides, ...more }, NOW);
}
function refusal(
  request: SteerRequest,
  overrides: readonly KubeRoutingOverride[] = [],
  more: Partial<RoutingInput> = {},
) {
  try {
    plan(request, overrides, more);
  } catch (error) {
    if (error instanceof SteerRefusal) return { code: error.code, message: error.message };
    throw error;
  }
  throw new Error('not refused');
}

const drain1 = override('cart-drain-cart-1', { service: 'cart', drain: {}, backends: only('cart-1') });
const weight1 = override('cart-weight-cart-1', { service: 'cart', weight: 30, backends: only('cart-1') });

test('a drain names the pod within its Service', () => {
  const made = plan({ action: 'drain', backend: cart1, reason: 'slow disk' });
  expect(made).toMatchObject({
    do: 'create',
    object: {
      kind: 'RoutingOverride',
      metadata: { namespace: 'shop', name: 'cart-drain-cart-1' },
      spec: { service: 'cart', backends: { podNames: ['cart-1'] }, drain: { existing: 'wait' }, reason: 'slow disk' },
    },
  });
  expect(made).not.toHaveProperty('object.spec.allowEmpty');
});

test('an endpoint without a pod is named by its address', () => {
  const endpointSlices = [slice('cart', [{ ip: '10.0.0.1' }, { ip: '10.0.0.2' }])];
  expect(plan({ action: 'weight', backend: cart1, weight: 5 }, [], { endpointSlices })).toMatchObject({
    object: { metadata: { name: 'cart-weight-10.0.0.1' }, spec: { weight: 5, backends: { addresses: ['10.0.0.1'] } } },
  });
});

test('a backend of either family is found under the one key of its service port', () => {
  const wish = plan({ action: 'drain', backend: `${cartPort}|[fd00::1]:8080` }, [], dualCart());
  expect(wish).toMatchObject({ do: 'create', object: { spec: { backends: only('cart-1') } } });
  expect(refusal({ action: 'drain', backend: `${cartPort}|[fd00::9]:8080` }, [], dualCart()).code).toBe('not-found');
});

test('the last backend is not drained, and not weighed to zero, unless an empty Service is allowed', () => {
  const other = override('x', { service: 'cart', drain: {}, allowEmpty: true, backends: only('cart-1') });
  expect(refusal({ action: 'drain', backend: cart2 }, [other])).toMatchObject({
    code: 'would-empty',
    message: expect.stringMatching(/shop\/cart/),
  });
  expect(refusal({ action: 'weight', backend: cart2, weight: 0 }, [other]).code).toBe('would-empty');
  expect(plan({ action: 'drain', backend: cart2, allowEmpty: true }, [other])).toMatchObject({
    do: 'create',
    object: { spec: { allowEmpty: true } },
  });
});

test('two wishes of the same second do not make each other give way', () => {
  const sameSecond = { creationTimestamp: '2026-11-22T12:00:00Z' };
  const made = (n: 1 | 2) =>
    override(`cart-drain-cart-${n}`, { service: 'cart', drain: {}, backends: only(`cart-${n}`) }, sameSecond);
  expect(refusal({ action: 'drain', backend: cart2 }, [made(1)]).code).toBe('would-empty');
  expect(refusal({ action: 'drain', backend: cart1 }, [made(2)]).code).toBe('would-empty');
});

test('an empty Service that is allowed here but not by an older drain lifts that one, and says so', () => {
  expect(plan({ action: 'drain', backend: cart2, allowEmpty: true }, [drain1])).toMatchObject({
    do: 'create',
    message: expect.stringMatching(/RoutingOverride cart-drain-cart-1 is lifted by this/),
  });
});

test('a backend that is not ready does not keep a Service alive', () => {
  const endpointSlices = [
    slice('cart', [
      { pod: 'cart-1', ip: '10.0.0.1' },
      { pod: 'cart-2', ip: '10.0.0.2', ready: false },
    ]),
  ];
  expect(refusal({ action: 'drain', backend: cart1 }, [], { endpointSlices }).code).toBe('would-empty');
});

test('every port of the Service counts for the guard', () => {
  const ports = [
    { name: 'http', port: 80 },
    { name: 'admin', port: 81 },
  ];
  const services = [service('cart', '10.96.0.10', ports)];
  const [both] = cart.endpointSlices;
  const admin = slice('cart', [{ pod: 'cart-1', ip: '10.0.0.1' }], [{ name: 'admin', port: 8081 }]);
  const endpointSlices = [both ?? admin, { ...admin, metadata: { ...admin.metadata, name: 'cart-x2' } }];
  expect(refusal({ action: 'drain', backend: cart1 }, [], { services, endpointSlices }).code).toBe('would-empty');
});

test('a drain leaves our weight in place and wins over it', () => {
  expect(plan({ action: 'drain', backend: cart1 }, [weight1])).toMatchObject({ do: 'create' });
});

test('a drain that is there already is not made twice', () => {
  expect(plan({ action: 'drain', backend: cart1 }, [drain1])).toEqual({
    do: 'nothing',
    override: 'cart-drain-cart-1',
    message: 'cart-1 is draining already (RoutingOverride shop/cart-drain-cart-1).',
  });
});

test('a drain that was lifted is replaced, at the version that was read', () => {
  const other = override('x', { service: 'cart', drain: {}, allowEmpty: true, backends: only('cart-2') });
  const made = plan({ action: 'drain', backend: cart1, allowEmpty: true }, [other, drain1]);
  expect(made).toMatchObject({
    do: 'replace',
    object: { metadata: { resourceVersion: '7' }, spec: { allowEmpty: true } },
  });
});

test('undrain deletes the drain, whoever made it, if it names only this backend', () => {
  expect(plan({ action: 'undrain', backend: cart1 }, [drain1])).toMatchObject({ do: 'delete', object: drain1 });
  const byHand = override('mine', { service: 'cart', drain: {}, backends: { addresses: ['10.0.0.1'] } });
  expect(plan({ action: 'undrain', backend: cart1 }, [byHand])).toMatchObject({ do: 'delete', object: byHand });
});

test.each([
  [{ podNames: ['cart-1', 'cart-9'] }, /RoutingOverride shop\/wide .*pods cart-1, cart-9/],
  [{ podNames: ['cart-1'], zones: ['z'] }, /pods cart-1 in zones z/],
  [{ selector: { matchLabels: { v: '2' } } }, /labels v=2/],
])('undrain of %j is refused with what else it covers', (backends, message) => {
  const wide = override('wide', { service: 'cart', drain: {}, backends });
  const endpointSlices = [
    slice('cart', [
      { pod: 'cart-1', ip: '10.0.0.1' },
      { pod: 'cart-2', ip: '10.0.0.2' },
    ]),
  ];
  for (const endpoint of endpointSlices[0]?.endpoints ?? []) Object.assign(endpoint, { zone: 'z' });
  const pods = [pod('cart-1', '10.0.0.1', 'node-a', { v: '2' }), pod('cart-2', '10.0.0.2')];
  expect(refusal({ action: 'undrain', backend: cart1 }, [wide], { endpointSlices, pods })).toMatchObject({
    code: 'conflict',
    message: expect.stringMatching(message),
  });
});

test('undrain of what does not drain is refused', () => {
  expect(refusal({ action: 'undrain', backend: cart1 }, [weight1])).toMatchObject({ code: 'invalid-request' });
});

test('a weight is made, then replaced, then deleted at 100', () => {
  expect(plan({ action: 'weight', backend: cart1, weight: 30 })).toMatchObject({
    do: 'create',
    object: { spec: { weight: 30 } },
  });
  expect(plan({ action: 'weight', backend: cart1, weight: 60 }, [weight1])).toMatchObject({
    do: 'replace',
    object: { spec: { weight: 60 } },
  });
  expect(plan({ action: 'weight', backend: cart1, weight: 100 }, [weight1])).toMatchObject({
    do: 'delete',
    object: weight1,
  });
  expect(plan({ action: 'weight', backend: cart1, weight: 100 })).toMatchObject({ do: 'nothing' });
});

test('a weight under a drain is taken and says when it counts', () => {
  const made = plan({ action: 'weight', backend: cart1, weight: 30 }, [drain1]);
  expect(made).toMatchObject({
    do: 'create',
    message: expect.stringMatching(/once RoutingOverride shop\/cart-drain-cart-1 is gone/),
  });
});

test('a weight that a younger override would beat is refused with its name', () => {
  const canary = override('canary', { service: 'cart', weight: 10 }, { creationTimestamp: '2026-11-22T11:00:00Z' });
  expect(refusal({ action: 'weight', backend: cart1, weight: 60 }, [weight1, canary])).toMatchObject({
    code: 'conflict',
    message: expect.stringMatching(/RoutingOverride shop\/canary \(every backend of Service cart\)/),
  });
  expect(refusal({ action: 'weight', backend: cart1, weight: 100 }, [canary])).toMatchObject({
    code: 'conflict',
    message: expect.stringMatching(/canary/),
  });
  expect(plan({ action: 'weight', backend: cart1, weight: 60 }, [canary])).toMatchObject({ do: 'create' });
});

test('somebody else’s override under our name is not overwritten', () => {
  const taken = override('cart-drain-cart-1', { service: 'cart', weight: 1, backends: { zones: ['z'] } });
  expect(refusal({ action: 'drain', backend: cart1 }, [taken])).toMatchObject({
    code: 'conflict',
    message: expect.stringMatching(/in zones z/),
  });
});

test('what is not there is refused by name', () => {
  expect(refusal({ action: 'drain', backend: 'shop/none:http/TCP|10.0.0.1:80' })).toMatchObject({
    code: 'not-found',
    message: expect.stringMatching(/shop\/none:http\/TCP/),
  });
  expect(refusal({ action: 'drain', backend: `${cartPort}|10.9.9.9:80` }).message).toMatch(/10.9.9.9:80/);
  expect(refusal({ action: 'drain', backend: 'nonsense' }).code).toBe('not-found');
});

test('names are DNS names of at most 253 characters, and stay apart when cut', () => {
  expect(overrideName('cart', 'drain', '2001:db8::1')).toBe('cart-drain-2001-db8--1');
  const long = (last: string) => overrideName('s'.repeat(63), 'weight', `${'p'.repeat(252)}${last}`);
  expect(long('a')).toHaveLength(253);
  expect(long('a')).not.toBe(long('b'));
  expect(long('a')).toMatch(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/);
});
