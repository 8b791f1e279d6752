import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NodeRules } from '../lab/node-rules.ts';

const NODE = 'fd00:1::1';
const PODS = { a: 'fd00:1::a', b: 'fd00:1::b' } as const;
/** What every gate lets out, and something else. */
const [OPEN, CLOSED] = [7, 8];
const BRIDGE_SWITCH = '/proc/sys/net/bridge/bridge-nf-call-ip6tables';

const sh = (script: string, input = ''): string => execFileSync('sh', ['-ec', script], { input, encoding: 'utf8' });

/** This namespace is a node whose pods are on one bridge, and look for each other and for it as IPv6 has it: by neighbour discovery. */
describe('pods on a bridge that know no neighbour yet', () => {
  const rules = new NodeRules('n1', sh, { refusal: 'drop', closedRanges: ['fd00:1::8/125'], ownNode: 'filter' });

  beforeAll(() => {
    sh(`
      ip link set lo up
      ip link add br0 type bridge
      ip address add ${NODE}/64 dev br0 nodad
      ip link set br0 up
      sysctl -qw net.ipv6.conf.all.forwarding=1
    `);
    for (const [name, address] of Object.entries(PODS)) {
      sh(`
        ip netns add ${name}
        ip link add to-${name} type veth peer name eth0 netns ${name}
        ip link set to-${name} master br0 up
        ip -n ${name} link set lo up
        ip -n ${name} address add ${address}/64 dev eth0 nodad
        ip -n ${name} link set eth0 up
      `);
    }
    const status = { addresses: [{ type: 'InternalIP', address: NODE }] };
    rules.tracker.setNode({ metadata: { name: 'n1' }, status });
    for (const [name, podIP] of Object.entries(PODS)) {
      rules.tracker.setPod({
        metadata: { namespace: 'shop', name },
        spec: { nodeName: 'n1' },
        status: { phase: 'Running', podIP },
      });
    }
    const spec = { podSelector: {}, policyTypes: ['Egress'], egress: [{ ports: [{ port: OPEN }] }] };
    rules.tracker.setPolicy({ metadata: { namespace: 'shop', name: 'few' }, spec });
    rules.write();
  });
  afterAll(() => {
    rules.remove();
    sh('for name in a b; do ip netns delete $name; done; ip link delete br0');
  });

  /** Nobody listens: a reset says that the packet came through. */
  const knock = (to: string, port: number): 'through' | 'silence' => {
    sh('ip -n a -6 neigh flush dev eth0; ip -n b -6 neigh flush dev eth0; ip -6 neigh flush dev br0');
    const connect = `exec 3<>/dev/tcp/${to}/${port}`;
    const said = sh(`ip netns exec a timeout 2 bash -c '${connect}' 2>&1 || true`);
    return /refused/.test(said) ? 'through' : 'silence';
  };

  it('find their node, and only what policies allow of it', () => {
    expect([knock(NODE, OPEN), knock(NODE, CLOSED)]).toEqual(['through', 'silence']);
  });

  it.runIf(existsSync(BRIDGE_SWITCH))('find each other where the rules see what the bridge passes on', () => {
    sh(`echo 1 > ${BRIDGE_SWITCH}`);
    expect([knock(PODS.b, OPEN), knock(PODS.b, CLOSED)]).toEqual(['through', 'silence']);
  });
});
