import { expect, it } from 'vitest';
import { buildRoutingTable, type KubeRoutingOverride, steeredPorts } from '../src/index.ts';
import { override, service, slice } from './city-fixture.ts';

const NOW = Date.parse('2026-11-23T12:00:00Z');

function steered(overrides: readonly KubeRoutingOverride[]): string[] {
  const { servicePorts } = buildRoutingTable({
    services: [service('cart'), service('front')],
    endpointSlices: [
      slice('cart', [{ ip: '10.244.1.1' }, { ip: '10.244.1.2' }]),
      slice('front', [{ ip: '10.244.1.1' }, { ip: '10.244.1.3' }]),
    ],
    overrides,
    pods: [],
    now: NOW,
  });
  return [...steeredPorts(servicePorts).keys()];
}

const of = (spec: object): KubeRoutingOverride => override('one', { backends: { addresses: ['10.244.1.1'] }, ...spec });
const CART = ['shop/cart:http/TCP'];

it.each([
  ['none', [], []],
  ['a drain', [of({ drain: {} })], CART],
  ['the neutral weight, which holds a backend against others', [of({ weight: 100 })], CART],
  ['a share', [of({ share: 30 })], CART],
  [
    'one of all Services that have the backend',
    [of({ service: undefined, weight: 20 })],
    [...CART, 'shop/front:http/TCP'],
  ],
  ['one that names nobody', [of({ backends: { addresses: ['10.244.1.9'] }, weight: 20 })], []],
  ['one of another port', [of({ ports: ['admin'], weight: 20 })], []],
  ['one that is refused', [of({ weight: -1 })], []],
  ['one whose time is over', [of({ weight: 20, expiresAt: '2026-11-23T11:59:59Z' })], []],
  ['one that the floor lifts', [of({ backends: {}, drain: {} })], []],
  ['one that may empty it', [of({ backends: {}, drain: {}, allowEmpty: true })], CART],
])('%s', (_name, overrides, expected) => expect(steered(overrides)).toEqual(expected));
