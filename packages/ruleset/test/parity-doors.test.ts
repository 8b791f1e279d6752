import type { KubeService } from '@kubecity/routing';
import { describe, expect, it } from 'vitest';
import { type CompileOptions, compile, type Packet, walk } from '../src/index.ts';
import { front, HERE_AND_THERE, OPTIONS, OPTIONS_IPV6, slice, table } from './city-fixture.ts';

/** Where a packet may end, in words: `dnat 10.244.0.5:8080 masqueraded`. */
function ends(
  service: KubeService,
  packet: Partial<Packet>,
  options: CompileOptions = OPTIONS,
  slices = HERE_AND_THERE,
) {
  const ruleset = compile(table([service], slices), options);
  const whole: Packet = {
    from: 'external',
    source: '203.0.113.7',
    destination: '192.0.2.10',
    protocol: 'tcp',
    port: 80,
    ...packet,
  };
  const world = { localAddresses: ['192.168.10.11'], sets: new Map() };
  const texts = walk(ruleset, whole, world).map(({ kind, to, masquerade }) => [kind, to, masquerade && 'masqueraded']);
  return texts.map((parts) => parts.filter(Boolean).join(' ')).sort();
}

describe('without detection of local clients', () => {
  const options: CompileOptions = { ...OPTIONS, localDetect: { kind: 'none' } };

  it('no client of a cluster IP is rewritten, and no pod has a short cut under policy Local', () => {
    const both = ['dnat 10.244.0.5:8080', 'dnat 10.244.1.5:8080'];
    expect(ends(front(), { destination: '10.96.0.70' }, options)).toEqual(both);
    const local = front({ externalTrafficPolicy: 'Local' });
    expect(ends(local, { from: 'pod', source: '10.244.0.9' }, options)).toEqual(['dnat 10.244.0.5:8080']);
    expect(ends(local, { from: 'pod', source: '10.244.0.9' })).toEqual(both);
  });
});

describe('source ranges of a load balancer', () => {
  const guarded = front({ loadBalancerSourceRanges: ['198.51.100.0/24'] });

  it('drop strangers while there are endpoints, and refuse everybody alike when there are none', () => {
    expect(ends(guarded, {})).toEqual(['drop']);
    expect(ends(guarded, {}, OPTIONS, [])).toEqual(['reject']);
    expect(ends(guarded, { source: '198.51.100.1' }, OPTIONS, [])).toEqual(['reject']);
  });

  it('let a load balancer address call itself only if the node may call', () => {
    const own = { from: 'node', source: '192.0.2.10' } as const;
    expect(ends(guarded, own)).toEqual(['drop']);
    const nodeMay = front({ loadBalancerSourceRanges: ['192.168.10.0/24'] });
    expect(ends(nodeMay, own)).toEqual(['dnat 10.244.0.5:8080 masqueraded', 'dnat 10.244.1.5:8080 masqueraded']);
  });
});

describe('packets for 127.0.0.0/8', () => {
  const kubelet = { destination: '127.0.0.1', port: 10_250 };

  it('from elsewhere are dropped where node ports are served on loopback, the own ones never', () => {
    expect(ends(front(), kubelet)).toEqual(['drop']);
    expect(ends(front(), { ...kubelet, from: 'node', source: '127.0.0.1' })).toEqual(['none']);
    expect(ends(front(), kubelet, { ...OPTIONS, localhostNodePorts: false })).toEqual(['none']);
    expect(compile(table([front()], HERE_AND_THERE), OPTIONS_IPV6).chains.filter.has('CITY-MARTIAN')).toBe(false);
  });

  it('to a node port are served, unless switched off', () => {
    const own = { from: 'node', source: '127.0.0.1', destination: '127.0.0.1', port: 30_070 } as const;
    expect(ends(front(), own)).toHaveLength(2);
    expect(ends(front(), own, { ...OPTIONS, localhostNodePorts: false })).toEqual(['none']);
  });
});

describe('one node port number', () => {
  it('may serve TCP, UDP and SCTP, each on its own', () => {
    const protocols = ['TCP', 'UDP', 'SCTP'];
    const ports = protocols.map((protocol, i) => ({
      name: protocol.toLowerCase(),
      protocol,
      port: 81 + i,
      nodePort: 30_053,
    }));
    const slices = [
      { ...slice('front', ['10.244.1.5']), ports: ports.map((each) => ({ ...each, port: each.port + 8000 })) },
    ];
    const to = { destination: '192.168.10.11', port: 30_053 };
    const reached = (['tcp', 'udp', 'sctp'] as const).map((protocol) =>
      ends(front({ ports }), { ...to, protocol }, OPTIONS, slices),
    );
    expect(reached).toEqual([8081, 8082, 8083].map((port) => [`dnat 10.244.1.5:${port} masqueraded`]));
  });
});
