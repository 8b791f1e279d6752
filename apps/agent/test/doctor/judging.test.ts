import { doctorExitCode, findingLines, found, ok, worst } from '@kubecity/protocol';
import { describe, expect, it } from 'vitest';
import { judgeKernel } from '../../src/doctor/kernel.ts';
import { judgeKubeProxy } from '../../src/doctor/kube-proxy.ts';
import { judgeSysctls, type SysctlFacts } from '../../src/doctor/sysctls.ts';
import { countRules } from '../../src/doctor/tables.ts';

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
    expect(judgeKernel({ release, probes: [], vxlan: true })[0]).toMatchObject({ id: 'kernel.version', severity });
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
