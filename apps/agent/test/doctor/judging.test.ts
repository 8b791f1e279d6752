import { doctorExitCode, findingLines, found, ok, type RoutesReport, worst } from '@kubecity/protocol';
import { describe, expect, it } from 'vitest';
import { judgeIpvs, judgeIsolation } from '../../src/doctor/isolation.ts';
import { judgeKernel, readKernel } from '../../src/doctor/kernel.ts';
import { judgeKubeProxy } from '../../src/doctor/kube-proxy.ts';
import { judgeRoutes } from '../../src/doctor/routes.ts';
import { judgeSysctls, type SysctlFacts } from '../../src/doctor/sysctls.ts';
import { countRules } from '../../src/doctor/tables.ts';

const OFF = { routes: 'off', isolation: 'off' } as const;
const bad = { what: 'w', why: 'y', doThis: 'd' };
const SOUND: SysctlFacts = {
  forwarding: { IPv4: '1' },
  reversePath: { value: 2, interfaces: [] },
  entries: 10,
  most: 1000,
  liberal: '1',
  counting: '1',
  bridge: { IPv4: '1' },
  bridges: ['cni0'],
};
const severities = (facts: Partial<SysctlFacts>) =>
  Object.fromEntries(judgeSysctls({ ...SOUND, ...facts }).map(({ id, severity }) => [id, severity]));

describe('what is made of what was read', () => {
  it.each([
    ['5.3.0', 'warning'],
    ['5.4.0-100-generic', 'ok'],
    ['6.1.0', 'ok'],
    ['4.19.1', 'warning'],
  ])('kernel %s: %s', (release, severity) => {
    expect(judgeKernel({ release, probes: [], vxlan: true }, OFF)[0]).toMatchObject({
      id: 'kernel.version',
      severity,
    });
  });

  it('a table of connections that fills', () => {
    const full = (entries: number) => severities({ entries })['sysctl.conntrack-table'];
    expect([full(749), full(750), full(949), full(950)]).toEqual(['ok', 'warning', 'warning', 'error']);
    expect(severities({ most: undefined })['sysctl.conntrack-table']).toBe('error');
  });

  it('settings that the kernel does not have', () => {
    expect(severities({ forwarding: { IPv4: undefined } })['sysctl.forwarding']).toBe('error');
    expect(severities({ forwarding: { IPv6: '0' } })['sysctl.forwarding']).toBe('note');
    expect(severities({ counting: undefined })['sysctl.conntrack-acct']).toBe('warning');
    expect(severities({ bridge: { IPv4: undefined } })['sysctl.bridge-nf-call']).toBe('warning');
    expect(severities({ liberal: undefined, reversePath: undefined })).not.toHaveProperty('sysctl.rp-filter');
    expect(new Set(Object.values(severities({})))).toEqual(new Set(['ok']));
  });

  it('a CNI that may route before any rule', () => {
    const here = { kubeProxy: 'iptables', ownsServices: true, evidence: 'e', takeOver: false } as const;
    const of = (mode: 'observe' | 'steer') =>
      judgeKubeProxy({ ...here, mode, ebpf: 'cilium_host' }).find(({ id }) => id === 'kube-proxy.ebpf')?.severity;
    expect([of('observe'), of('steer')]).toEqual(['note', 'warning']);
  });

  it('VXLAN, which routes auto cannot do without', () => {
    const of = (vxlan: boolean | undefined, routes: 'direct' | 'auto') =>
      judgeKernel({ release: '6.1.0', probes: [], vxlan }, { ...OFF, routes }).at(-1)?.severity;
    expect([of(true, 'auto'), of(false, 'auto'), of(undefined, 'auto'), of(false, 'direct')]).toEqual([
      'ok',
      'warning',
      'warning',
      'note',
    ]);
  });

  it('what isolation needs of the kernel, which matters where it is on', async () => {
    const lacks = (pattern: RegExp) => ({
      rule: async (_family: string, _table: string, rule: string) => (pattern.test(rule) ? 'refused' : undefined),
      set: async (type: string) => (pattern.test(type) ? 'refused' : undefined),
      nft: async () => undefined,
    });
    const of = async (pattern: RegExp, isolation: 'on' | 'off') =>
      judgeKernel(await readKernel(lacks(pattern), ['IPv4', 'IPv6']), { ...OFF, isolation })
        .filter(({ id, severity }) => severity !== 'ok' && id !== 'kernel.vxlan')
        .map(({ id, severity, doThis }) => [id, severity, /modprobe (\w+)/.exec(doThis ?? '')?.[1]]);
    expect(await of(/never/, 'on')).toEqual([]);
    expect(await of(/hashlimit/, 'on')).toEqual([['kernel.hashlimit', 'warning', 'xt_hashlimit']]);
    expect(await of(/hashlimit/, 'off')).toEqual([['kernel.hashlimit', 'note', 'xt_hashlimit']]);
    expect(await of(/multiport/, 'on')).toEqual([['kernel.multiport', 'error', 'xt_multiport']]);
    expect(await of(/--match-set/, 'off')).toEqual([['kernel.set', 'error', 'xt_set']]);
    expect(await of(/hash:ip,port.* family inet6/, 'on')).toEqual([
      ['kernel.ipset-ip-port', 'error', 'ip_set_hash_ipport'],
      ['kernel.ipset-ip-port-ip', 'error', 'ip_set_hash_ipportip'],
    ]);
  });

  it('IPVS, which leads packets past the gates', () => {
    const of = (kubeProxy: 'ipvs' | 'iptables', mode: 'observe' | 'steer' | 'replace', isolation: 'on' | 'off') =>
      judgeIpvs({ kubeProxy, mode, isolation }).map(({ severity }) => severity);
    expect([of('ipvs', 'steer', 'on'), of('ipvs', 'replace', 'on')]).toEqual([['warning'], ['ok']]);
    for (const none of [of('ipvs', 'steer', 'off'), of('ipvs', 'observe', 'on'), of('iptables', 'steer', 'on')])
      expect(none).toEqual([]);
  });

  it('what the agent says of policies', () => {
    const of = (state: 'off' | 'held' | 'enforcing' | 'failing', message?: string) =>
      judgeIsolation({ state, message, policies: ['shop/db'] })[0];
    expect(judgeIsolation(undefined)).toEqual([]);
    expect([of('off'), of('enforcing'), of('held', 'm'), of('failing', 'm')].map((one) => one?.severity)).toEqual([
      'ok',
      'ok',
      'note',
      'warning',
    ]);
    expect(of('enforcing', 'modprobe it')).toMatchObject({
      severity: 'warning',
      what: expect.stringMatching(/^NetworkPolicies are enforced.*: modprobe it$/),
    });
  });

  it("routes to other nodes' pods", () => {
    const report: RoutesReport = { at: 1, mode: 'direct', state: 'sound', direct: 2, vxlan: 0, none: 0, peers: [] };
    const severities = (facts: Partial<Parameters<typeof judgeRoutes>[0]>) =>
      judgeRoutes({ mode: 'direct', ip: undefined, report, ...facts }).map(({ severity }) => severity);
    expect(severities({})).toEqual(['ok', 'ok']);
    expect(severities({ mode: 'off', ip: 'spawn ip ENOENT' })).toEqual(['ok']);
    expect(severities({ ip: 'spawn ip ENOENT' })).toEqual(['error', 'ok']);
    expect(severities({ report: { ...report, state: 'held', message: 'mode observe' } })).toEqual(['ok', 'note']);
    const peers: RoutesReport['peers'] = [
      { node: 'far', range: '10.244.4.0/24', via: 'none', why: 'a router is between' },
    ];
    const [, failing] = judgeRoutes({
      mode: 'direct',
      ip: undefined,
      report: { ...report, state: 'failing', none: 1, peers },
    });
    expect(failing).toMatchObject({ severity: 'warning', id: 'routes.state' });
    expect(failing?.what).toContain('far (10.244.4.0/24): a router is between');
  });

  it('whose rules are whose', () => {
    const text =
      '*nat\n:PREROUTING ACCEPT [0:0]\n:CITY-SERVICES - [0:0]\n-A PREROUTING -j CITY-SERVICES\n-A CITY-SERVICES -j X\n-A FORWARD -j ACCEPT\nCOMMIT\n';
    expect(countRules(text)).toEqual({ ours: 2, others: 1 });
  });
});

describe('findings', () => {
  it('end with a code of the worst of them', () => {
    expect(doctorExitCode([])).toBe(0);
    expect(doctorExitCode([ok('a', 'x'), found('note', 'b', bad)])).toBe(0);
    expect(doctorExitCode([found('warning', 'b', bad), ok('a', 'x')])).toBe(1);
    expect(doctorExitCode([found('error', 'b', bad), found('warning', 'c', bad)])).toBe(2);
    expect(worst([found('note', 'b', bad), ok('a', 'x')])).toBe('note');
  });

  it('are told the worst first, with why and what to do', () => {
    expect(findingLines([ok('kernel.a', 'fine'), found('error', 'hub.b', bad)])).toEqual([
      'error    hub.b     w',
      '                   y',
      '                   → d',
      'ok       kernel.a  fine',
    ]);
  });
});
