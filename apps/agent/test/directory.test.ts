import type { KubePod, ServicePort } from '@kubecity/routing';
import { describe, expect, it } from 'vitest';
import { Directory } from '../src/directory.ts';

const pod = (
  name: string,
  podIP: string,
  more: Partial<NonNullable<KubePod['status']>> = {},
  hostNetwork = false,
): KubePod => ({
  metadata: { namespace: 'shop', name, uid: `uid-${name}` },
  spec: { hostNetwork },
  status: { podIP, phase: 'Running', ...more },
});

describe('Directory', () => {
  it('names clients: pods, nodes, and who is left is outside', () => {
    const directory = new Directory();
    directory.setPod(pod('web-1', '10.244.1.1'));
    directory.setPod(pod('host-1', '172.18.0.2', {}, true));
    directory.setNode({
      metadata: { name: 'node-a' },
      status: { addresses: [{ type: 'InternalIP', address: '172.18.0.2' }] },
    });
    expect(directory.client('10.244.1.1')).toEqual({ kind: 'pod', uid: 'uid-web-1', namespace: 'shop', name: 'web-1' });
    expect(directory.client('172.18.0.2')).toEqual({ kind: 'node', name: 'node-a' });
    expect(directory.client('192.0.2.1')).toEqual({ kind: 'outside', address: '192.0.2.1' });
  });

  it('knows a pod by each of its addresses', () => {
    const directory = new Directory();
    const dual = pod('web-1', '10.244.1.1', { podIPs: [{ ip: '10.244.1.1' }, { ip: 'FD00:0::1' }] });
    directory.setPod(dual);
    for (const address of ['10.244.1.1', 'fd00::1']) expect(directory.client(address)).toMatchObject({ name: 'web-1' });
    directory.deletePod(dual);
    for (const address of ['10.244.1.1', 'fd00::1'])
      expect(directory.client(address)).toMatchObject({ kind: 'outside' });
  });

  it('gives a reused address to the pod that has it now, whatever the order of events', () => {
    const directory = new Directory();
    directory.setPod(pod('old', '10.244.1.1'));
    directory.setPod(pod('new', '10.244.1.1'));
    directory.deletePod(pod('old', '10.244.1.1'));
    expect(directory.client('10.244.1.1')).toMatchObject({ name: 'new' });
    directory.setPod(pod('new', '10.244.1.1', { phase: 'Succeeded' }));
    expect(directory.client('10.244.1.1')).toMatchObject({ kind: 'outside' });
  });

  it('knows service ports by protocol number, address and port, and only those of the last table', () => {
    const directory = new Directory();
    const port = {
      key: 'shop/cart:http/TCP',
      protocol: 'TCP',
      clusterIP: '10.96.0.9',
      externalIPs: ['198.51.100.1'],
      loadBalancerIPs: ['fd00::9'],
      port: 80,
      nodePort: 30080,
    } as unknown as ServicePort;
    directory.setServicePorts([port]);
    expect(directory.servicePort(6, '10.96.0.9', 80)).toBe('shop/cart:http/TCP');
    expect(directory.servicePort(17, '10.96.0.9', 80)).toBeUndefined();
    for (const address of ['198.51.100.1', 'fd00::9']) expect(directory.servicePort(6, address, 80)).toBe(port.key);
    expect(directory.servicePort(6, '192.0.2.7', 80)).toBeUndefined();
    expect(directory.servicePort(6, '192.0.2.7', 30080)).toBe(port.key);
    expect(directory.servicePort(17, '192.0.2.7', 30080)).toBeUndefined();
    directory.setServicePorts([]);
    expect(directory.servicePort(6, '10.96.0.9', 80)).toBeUndefined();
    expect(directory.servicePort(6, '192.0.2.7', 30080)).toBeUndefined();
  });
});
