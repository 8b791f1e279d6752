import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Api, startApi } from './api-client.ts';

const POLICIES = '/apis/networking.k8s.io/v1/namespaces/default/networkpolicies';

let api: Api;
beforeEach(async () => {
  api = await startApi();
});
afterEach(() => api.close());

const policy = (spec?: object, name = 'door') => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name },
  ...(spec && { spec }),
});
const create = (spec?: object) => api.call('POST', POLICIES, policy(spec));
const withPort = (port: object) => create({ podSelector: {}, ingress: [{ ports: [port] }] });
const withPeer = (peer: object) => create({ podSelector: {}, egress: [{ to: [peer] }] });
const block = (cidr: string, ...except: string[]) => withPeer({ ipBlock: { cidr, except } });

describe('defaults', () => {
  test.each([
    ['no rules', {}, ['Ingress']],
    ['ingress rules', { ingress: [{}] }, ['Ingress']],
    ['egress rules', { egress: [{}] }, ['Ingress', 'Egress']],
    ['an empty egress list', { egress: [] }, ['Ingress']],
    ['empty policyTypes', { policyTypes: [], egress: [{}] }, ['Ingress', 'Egress']],
    ['policyTypes that say it', { policyTypes: ['Egress'] }, ['Egress']],
  ])('of %s', async (_, spec, policyTypes) => {
    const { code, body } = await create({ podSelector: {}, ...spec });
    expect([code, body.spec.policyTypes]).toEqual([201, policyTypes]);
  });

  test('a port is TCP, and a policy without a selector selects every pod', async () => {
    const { body } = await create({ ingress: [{ ports: [{ port: 80 }, { port: 53, protocol: 'UDP' }] }] });
    expect(body.spec.podSelector).toEqual({});
    expect(body.spec.ingress[0].ports).toEqual([
      { port: 80, protocol: 'TCP' },
      { port: 53, protocol: 'UDP' },
    ]);
    expect((await api.call('POST', POLICIES, policy(undefined, 'bare'))).body.spec).toEqual({
      podSelector: {},
      policyTypes: ['Ingress'],
    });
  });
});

describe('faults name the field', () => {
  const at = 'spec.egress[0].to[0]';
  const door = 'spec.ingress[0].ports[0]';
  test.each([
    ['a block beside a selector', () => withPeer({ ipBlock: { cidr: '10.0.0.0/8' }, podSelector: {} }), at, 'both'],
    ['a peer that is nobody', () => withPeer({}), at, 'must specify a peer'],
    ['a block without range', () => withPeer({ ipBlock: {} }), `${at}.ipBlock.cidr`, 'Required'],
    ['a short range', () => block('10/8'), `${at}.ipBlock.cidr`, 'valid CIDR'],
    ['an except that is no range', () => block('10.0.0.0/8', '10.1.0.0'), `${at}.ipBlock.except[0]`, 'valid CIDR'],
    ['an except as large', () => block('10.0.0.0/8', '10.0.0.0/8'), `${at}.ipBlock.except[0]`, 'strict subset'],
    ['an except elsewhere', () => block('10.0.0.0/8', '11.1.0.0/16'), `${at}.ipBlock.except[0]`, 'strict subset'],
    ['of the other family', () => block('10.0.0.0/8', 'fd00::/64'), `${at}.ipBlock.except[0]`, 'strict subset'],
    [
      'a protocol of another time',
      () => withPort({ protocol: 'ICMP' }),
      `${door}.protocol`,
      'supported values: "SCTP"',
    ],
    ['port 0', () => withPort({ port: 0 }), `${door}.port`, 'between 1 and 65535'],
    ['a long name', () => withPort({ port: 'a-name-of-sixteen' }), `${door}.port`, '15 characters'],
    ['endPort alone', () => withPort({ endPort: 9 }), `${door}.endPort`, 'port` is not specified'],
    ['endPort of a name', () => withPort({ port: 'http', endPort: 9 }), `${door}.endPort`, 'non-numeric'],
    ['endPort before port', () => withPort({ port: 9, endPort: 8 }), `${door}.endPort`, 'greater than or equal'],
    ['endPort too high', () => withPort({ port: 9, endPort: 70_000 }), `${door}.endPort`, 'between 1 and 65535'],
    ['a strange type', () => create({ policyTypes: ['Both'] }), 'spec.policyTypes[0]', 'supported values: "Ingress"'],
    [
      'three types',
      () => create({ policyTypes: ['Ingress', 'Egress', 'Ingress'] }),
      'spec.policyTypes',
      'more than two policyTypes',
    ],
    [
      'In of nothing',
      () => create({ podSelector: { matchExpressions: [{ key: 'app', operator: 'In' }] } }),
      'spec.podSelector.matchExpressions[0].values',
      'must be specified',
    ],
    [
      'Exists with values',
      () => withPeer({ podSelector: { matchExpressions: [{ key: 'app', operator: 'Exists', values: ['a'] }] } }),
      `${at}.podSelector.matchExpressions[0].values`,
      'may not be specified',
    ],
    [
      'an operator nobody knows',
      () => withPeer({ namespaceSelector: { matchExpressions: [{ key: 'app', operator: 'Is' }] } }),
      `${at}.namespaceSelector.matchExpressions[0].operator`,
      'not a valid selector operator',
    ],
    [
      'a label that is none',
      () => create({ podSelector: { matchLabels: { app: '-' } } }),
      'spec.podSelector.matchLabels',
      'valid label',
    ],
  ])('%s', async (_, attempt, field, words) => {
    const { code, body } = await attempt();
    expect([code, body.details.causes.map((cause: { field: string }) => cause.field)]).toEqual([422, [field]]);
    expect(body.message).toContain(words);
  });
});

test('ranges within a block, of either family and with host bits, are taken as they are written', async () => {
  const spec = {
    podSelector: {},
    policyTypes: ['Egress'],
    egress: [
      {
        to: [
          { ipBlock: { cidr: '10.1.2.3/8', except: ['10.1.0.0/16', '10.2.0.0/24'] } },
          { ipBlock: { cidr: 'fd00::/8', except: ['fd00:1::/64'] } },
        ],
        ports: [{ protocol: 'SCTP', port: 9, endPort: 9 }],
      },
    ],
  };
  const { code, body } = await create(spec);
  expect([code, body.spec]).toEqual([201, spec]);
});

test('it is found, listed, watched and changed; there is no status to write', async () => {
  const { body: found } = await api.call('GET', '/apis/networking.k8s.io/v1');
  expect(found.resources.find(({ name }: { name: string }) => name === 'networkpolicies')).toMatchObject({
    kind: 'NetworkPolicy',
    namespaced: true,
    shortNames: ['netpol'],
  });
  const { body: empty } = await api.call('GET', POLICIES);
  const watching = api.watch(`${POLICIES}?watch=true&resourceVersion=${empty.metadata.resourceVersion}`);
  try {
    await create({ podSelector: {} });
    const added = await watching.next();
    expect([added?.type, added?.object.metadata.generation]).toEqual(['ADDED', 1]);
    const patch = { spec: { podSelector: { matchLabels: { app: 'web' } } } };
    await api.call('PATCH', `${POLICIES}/door`, patch, 'application/merge-patch+json');
    const changed = await watching.next();
    expect([changed?.type, changed?.object.metadata.generation]).toEqual(['MODIFIED', 2]);
  } finally {
    watching.stop();
  }
  const everywhere = await api.call('GET', '/apis/networking.k8s.io/v1/networkpolicies');
  expect(everywhere.body.items).toHaveLength(1);
  expect((await api.call('PUT', `${POLICIES}/door/status`, policy({ podSelector: {} }))).code).toBe(404);
});

test('an update is checked as a new one is', async () => {
  await create({ podSelector: {} });
  const patch = { spec: { ingress: [{ from: [{}] }] } };
  const { code } = await api.call('PATCH', `${POLICIES}/door`, patch, 'application/merge-patch+json');
  expect(code).toBe(422);
});
