import { describe, expect, it } from 'vitest';
import { readPolicy } from '../src/index.ts';

function read(spec: unknown) {
  const { policy, problems } = readPolicy({ metadata: { namespace: 'shop', name: 'p' }, spec });
  return { policy, fields: problems.map(({ field }) => field), problems };
}

describe('defaults', () => {
  it.each([
    [{ podSelector: {} }, [true, false]],
    [{ podSelector: {}, policyTypes: [] }, [true, false]],
    [{ podSelector: {}, policyTypes: null, egress: null }, [true, false]],
    [{ podSelector: {}, egress: [] }, [true, false]],
    [{ podSelector: {}, egress: [{}] }, [true, true]],
    [{ podSelector: {}, policyTypes: ['Egress'], ingress: [{}] }, [false, true]],
    [{ podSelector: {}, policyTypes: ['Ingress', 'Egress'] }, [true, true]],
    [undefined, [true, false]],
  ])('isolate the directions of %j', (spec, isolated) => {
    const { policy, fields } = read(spec);
    expect([policy.ingress !== undefined, policy.egress !== undefined]).toEqual(isolated);
    expect(fields).toEqual([]);
  });

  it('make a port without a protocol TCP, and one without a number all of them', () => {
    const { policy } = read({
      ingress: [{ ports: [{ port: 80 }, {}, { protocol: 'UDP', port: 5000, endPort: 5005 }] }],
    });
    expect(policy.ingress?.[0]?.ports).toEqual([
      { protocol: 'TCP', first: 80, last: 80 },
      { protocol: 'TCP', first: 0, last: 65_535 },
      { protocol: 'UDP', first: 5000, last: 5005 },
    ]);
  });

  it('read absent, null and empty lists of a rule as no restriction', () => {
    const { policy } = read({ ingress: [{}, { from: null, ports: null }, { from: [], ports: [] }] });
    expect(policy.ingress).toEqual([{ index: 0 }, { index: 1 }, { index: 2 }]);
  });
});

describe('equal selectors', () => {
  it('are one peer, however they are written', () => {
    const { policy } = read({
      ingress: [
        { from: [{ podSelector: { matchLabels: { a: '1', b: '2' } } }] },
        {
          from: [
            {
              podSelector: {
                matchExpressions: [
                  { key: 'b', operator: 'In', values: ['2', '2'] },
                  { key: 'a', operator: 'In', values: ['1'] },
                ],
              },
            },
          ],
        },
      ],
    });
    expect(policy.ingress?.map(({ peers }) => peers?.map((peer) => 'key' in peer && peer.key))).toEqual([
      ['shop: a=1,b=2'],
      ['shop: a=1,b=2'],
    ]);
  });
});

describe('blocks', () => {
  const rangesOf = (ipBlock: unknown) => {
    const { policy, fields } = read({ ingress: [{ from: [{ ipBlock }] }] });
    return { ranges: policy.ingress?.[0]?.peers?.flatMap((peer) => ('ranges' in peer ? peer.ranges : [])), fields };
  };

  it('are their network without the excepted ranges', () => {
    expect(rangesOf({ cidr: '10.0.0.77/30', except: ['10.0.0.77/32'] })).toEqual({
      ranges: ['10.0.0.76/32', '10.0.0.78/31'],
      fields: [],
    });
    expect(rangesOf({ cidr: 'fd00::/126', except: ['fd00::/127', 'fd00::1/128'] }).ranges).toEqual(['fd00::2/127']);
  });

  it('are nothing where nobody can tell what is excepted', () => {
    expect(rangesOf({ cidr: '10.0.0.0/8', except: ['10.0.0.0/33'] })).toEqual({
      ranges: [],
      fields: ['spec.ingress[0].from[0].ipBlock.except[0]'],
    });
  });

  it('lose an except that takes all of it, which is said', () => {
    expect(rangesOf({ cidr: '10.0.0.0/8', except: ['10.0.0.0/8'] })).toEqual({
      ranges: [],
      fields: ['spec.ingress[0].from[0].ipBlock.except[0]'],
    });
    expect(rangesOf({ cidr: '10.0.0.0/8', except: ['11.0.0.0/9'] })).toEqual({
      ranges: ['10.0.0.0/8'],
      fields: ['spec.ingress[0].from[0].ipBlock.except[0]'],
    });
  });
});

describe('what cannot be read', () => {
  it.each([
    ['spec.policyTypes[0]', { policyTypes: ['Inbound'] }],
    ['spec.policyTypes', { policyTypes: 'Ingress' }],
    ['spec.egress', { egress: 'all' }],
  ])('closes both directions: %s', (field, spec) => {
    const { policy, fields } = read({ podSelector: {}, ...spec });
    expect(fields).toEqual([field]);
    expect([policy.ingress, policy.egress]).toEqual([[], []]);
  });

  it('of the selector isolates more pods, not fewer', () => {
    const { policy, fields } = read({
      podSelector: {
        matchLabels: { app: 'web' },
        matchExpressions: [{ key: 'tier', operator: 'Like', values: ['a'] }],
      },
    });
    expect(fields).toEqual(['spec.podSelector.matchExpressions[0].operator']);
    expect(policy.podSelector).toEqual([{ key: 'app', operator: 'In', values: ['web'] }]);
  });

  it.each([
    ['spec.ingress[0].from[0]', { from: [{}] }],
    ['spec.ingress[0].from', { from: 'everybody' }],
    ['spec.ingress[0].from[0]', { from: [{ ipBlock: { cidr: '10.0.0.0/8' }, podSelector: {} }] }],
    ['spec.ingress[0].from[0].ipBlock.cidr', { from: [{ ipBlock: { cidr: '10.0.0.0' } }] }],
    [
      'spec.ingress[0].from[0].podSelector.matchExpressions[0].values',
      { from: [{ podSelector: { matchExpressions: [{ key: 'a', operator: 'In' }] } }] },
    ],
    [
      'spec.ingress[0].from[0].namespaceSelector.matchLabels[a]',
      { from: [{ namespaceSelector: { matchLabels: { a: 1 } } }] },
    ],
  ])('of a peer allows nobody: %s', (field, rule) => {
    const { policy, fields } = read({ ingress: [rule] });
    expect(fields).toEqual([field]);
    expect(policy.ingress).toEqual([{ index: 0, peers: [] }]);
  });

  it.each([
    ['protocol', { protocol: 'ICMP' }],
    ['port', { port: 0 }],
    ['port', { port: 'Not_A_Name' }],
    ['endPort', { endPort: 90 }],
    ['endPort', { port: 100, endPort: 90 }],
    ['endPort', { port: 'http', endPort: 90 }],
  ])('of a port opens none: %s of %j', (field, port) => {
    const { policy, fields } = read({ ingress: [{ ports: [port] }] });
    expect(fields).toEqual([`spec.ingress[0].ports[0].${field}`]);
    expect(policy.ingress).toEqual([{ index: 0, ports: [] }]);
  });

  it('names object, field and the way out', () => {
    expect(read({ ingress: [{ ports: [{ port: 100, endPort: 90 }] }] }).problems).toEqual([
      {
        kind: 'NetworkPolicy',
        namespace: 'shop',
        name: 'p',
        field: 'spec.ingress[0].ports[0].endPort',
        message: 'must be a port from 100 on, not 90',
      },
    ]);
  });

  it('leaves the rest of the policy as it is', () => {
    const { policy } = read({
      ingress: [{ ports: [{ port: 80 }, { port: -1 }] }, 'rule', { from: [{ podSelector: {} }] }],
    });
    expect(policy.ingress?.map(({ index }) => index)).toEqual([0, 2]);
    expect(policy.ingress?.[0]?.ports).toHaveLength(1);
  });
});
