import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { CaseFileError, parseCaseFile } from '../cases/case-file.ts';
import { difference } from '../cases/expectation.ts';
import type { PacketCase } from '../cases/packet-case.ts';
import { walkPlayer } from '../cases/player.ts';
import { runCases, totalsText } from '../cases/run.ts';
import { casesOf, FILES, pathOf, SKIPPED, wrong } from './cases-files.ts';

const MAIN = fileURLToPath(new URL('../cases/main.ts', import.meta.url));

describe.each(FILES)('%s through the packet walk', (file) => {
  it.each(casesOf(file).map((each) => [each.id, each] as const))('%s', async (id, each) => {
    const lines: string[] = [];
    const totals = await runCases(walkPlayer, [each], (line) => lines.push(line));
    expect(lines).toEqual(id in SKIPPED ? [`walk skipped ${id}: ${SKIPPED[id]}`] : []);
    expect(totals.passed + totals.skipped).toBeGreaterThan(0);
  });
});

describe('the runner', () => {
  const [base] = casesOf('packet-flow.json').filter(({ id }) => id === 'masq-base');
  if (!base) throw new Error('no case masq-base');

  async function linesOf(each: PacketCase): Promise<string[]> {
    const lines: string[] = [];
    const totals = await runCases(walkPlayer, [each], (line) => lines.push(line));
    expect(totals).toEqual({ passed: 29, failed: 1, skipped: 0 });
    return lines;
  }

  it('says case, flow, expected and got for a wrong expectation', async () => {
    const to = base.flows[0]?.expect.backends ?? [];
    expect(await linesOf(wrong(base, 0, { backends: to.slice(1) }))).toEqual([
      'walk failed masq-base flow 1: pod 10.244.1.200 → 10.96.0.81:80/TCP: expected dnat 10.244.2.81:8080; ' +
        'got dnat 10.244.1.81:8080 (50.0 %), dnat 10.244.2.81:8080 (50.0 %)',
    ]);
    expect(await linesOf(wrong(base, 0, { masquerade: true }))).toEqual([expect.stringMatching(/masqueraded; got/)]);
    expect(await linesOf(wrong(base, 0, { verdict: 'drop', backends: [] }))).toEqual([
      expect.stringMatching(/expected drop; got dnat/),
    ]);
  });

  it('fails the flows of a case whose rules cannot be walked, and goes on with the next', async () => {
    const broken = { ...base, flows: base.flows.slice(0, 2) };
    const player = {
      ...walkPlayer,
      play: async (...args: Parameters<typeof walkPlayer.play>) => {
        if (args[2] === broken.flows[0]) throw new Error('walk: unknown word');
        return walkPlayer.play(...args);
      },
    };
    const lines: string[] = [];
    const totals = await runCases(player, [broken, base], (line) => lines.push(line));
    expect(totals).toEqual({ passed: 30, failed: 2, skipped: 0 });
    expect(lines[0]).toMatch(/^walk failed masq-base flow 1: .*: expected dnat .*; got an error: walk: unknown word$/);
  });

  it('runs only what an iptables kube-proxy shows', async () => {
    const flows = base.flows.map((flow, i) => (i === 0 ? { ...flow, modes: ['nftables'] } : flow));
    const say = () => {};
    expect(totalsText(await runCases(walkPlayer, [{ ...base, flows }], say))).toBe('29 passed, 0 failed, 0 skipped');
    expect(totalsText(await runCases(walkPlayer, [{ ...base, modes: ['nftables'] }], say))).toBe(
      '0 passed, 0 failed, 0 skipped',
    );
  });
});

describe('expected and got', () => {
  const wanted = { verdict: 'dnat', backends: ['10.0.0.1:80', '10.0.0.2:80'], masquerade: false } as const;
  const to = (address: string, chance?: number, masquerade = false) => ({
    kind: 'dnat' as const,
    to: `${address}:80`,
    masquerade,
    ...(chance !== undefined && { chance }),
  });
  const differs = (...endings: Parameters<typeof difference>[1]) =>
    difference({ ...wanted, backends: [...wanted.backends] }, endings) !== undefined;

  it('takes the backends in any order, on several ways, with equal chances', () => {
    expect(differs(to('10.0.0.2', 0.5), to('10.0.0.1', 0.25), to('10.0.0.1', 0.25))).toBe(false);
    expect(differs(to('10.0.0.2'), to('10.0.0.1'), to('10.0.0.2'))).toBe(false);
    expect(differs(to('10.0.0.2', 0.4), to('10.0.0.1', 0.6))).toBe(true);
  });

  it('sees a backend too few, one too many, another ending, a rewritten source, and nothing at all', () => {
    expect(differs(to('10.0.0.1'))).toBe(true);
    expect(differs(to('10.0.0.1'), to('10.0.0.2'), to('10.0.0.3'))).toBe(true);
    expect(differs(to('10.0.0.1'), to('10.0.0.2'), { kind: 'drop', masquerade: false })).toBe(true);
    expect(differs(to('10.0.0.1'), to('10.0.0.2', undefined, true))).toBe(true);
    expect(differs()).toBe(true);
  });

  it('knows an answer of its own for each backend', () => {
    const expected = {
      ...wanted,
      backends: [...wanted.backends],
      masquerade: true,
      masqueradePerBackend: { '10.0.0.2:80': false },
    };
    expect(difference(expected, [to('10.0.0.1', 0.5, true), to('10.0.0.2', 0.5)])).toBeUndefined();
    expect(difference(expected, [to('10.0.0.1', 0.5), to('10.0.0.2', 0.5)])).toBe(
      'expected dnat 10.0.0.1:80 masqueraded, dnat 10.0.0.2:80; got dnat 10.0.0.1:80 (50.0 %), dnat 10.0.0.2:80 (50.0 %)',
    );
  });
});

interface RawCase {
  nodeName?: string;
  nodeIPs: unknown;
  config: Record<string, unknown>;
  flows: [Record<string, unknown>];
}

describe('a case file', () => {
  const text = readFileSync(pathOf('packet-flow.json'), 'utf8');
  /** What is said about the file when its first case is changed like this. */
  const broken = (change: (each: RawCase) => void) => {
    const file = JSON.parse(text);
    change(file.cases[0]);
    try {
      parseCaseFile('a.json', JSON.stringify(file));
    } catch (error) {
      expect(error).toBeInstanceOf(CaseFileError);
      return (error as Error).message;
    }
    throw new Error('no fault was found');
  };

  it('is refused by field when something in it is wrong', () => {
    const first = 'a.json: cases[0] (cip-ports)';
    expect(
      broken(({ flows: [flow] }) => {
        flow.to = { ip: '10.96.0.300', port: 80, proto: 'TCP' };
      }),
    ).toBe(`${first}.flows[0].to.ip: not an IP address: "10.96.0.300"`);
    expect(
      broken(({ flows: [flow] }) => {
        flow.expect = { verdict: 'vanish' };
      }),
    ).toMatch(/^a\.json: cases\[0\] \(cip-ports\)\.flows\[0\]\.expect\.verdict: /);
    expect(
      broken((each) => {
        delete each.nodeName;
        each.nodeIPs = ['x'];
      }),
    ).toBe(
      [
        `${first}.nodeName: Invalid input: expected string, received undefined`,
        `${first}.nodeIPs[0]: not an IP address: "x"`,
      ].join('\n'),
    );
    expect(
      broken(({ config }) => {
        config.nodePortAddresses = ['10.0.0.0/33'];
      }),
    ).toMatch(/^a\.json: cases\[0\] \(cip-ports\)\.config\.nodePortAddresses\[0\]: /);
  });

  it('is refused when it is not JSON', () => {
    expect(() => parseCaseFile('a.json', '{')).toThrow(/^a\.json: not JSON: /);
    expect(() => parseCaseFile('a.json', '[]')).toThrow(/^a\.json: the file: /);
    expect(() => parseCaseFile('a.json', '{"cases":{}}')).toThrow(/^a\.json: cases: /);
  });
});

describe('cases about lists of endpoints become flows', () => {
  const flowsOf = (id: string) =>
    casesOf('topology.json')
      .find((each) => each.id === id)
      ?.flows.map(({ from, to, expect: { verdict, backends, masquerade } }) =>
        [from.kind, to.ip, to.port, verdict, ...backends, ...(masquerade ? ['masqueraded'] : [])].join(' '),
      );

  it('one for the cluster IP, two for each door outside', () => {
    expect(flowsOf('zone-itp-local')).toEqual([
      'pod 10.96.0.10 80 dnat 10.244.7.3:8080 10.244.7.4:8080',
      'external 192.168.10.11 30080 dnat 10.244.7.3:8080 10.244.7.6:8080 masqueraded',
      'pod 192.168.10.11 30080 dnat 10.244.7.3:8080 10.244.7.6:8080 masqueraded',
    ]);
    expect(flowsOf('both-local-remote-draining')).toEqual([
      'pod 10.96.0.10 80 drop',
      'external 192.168.10.11 30080 drop',
      'pod 192.168.10.11 30080 dnat 10.244.7.1:8080 10.244.7.2:8080',
    ]);
  });

  it('an empty list is a refusal when there is no endpoint anywhere', () => {
    expect(flowsOf('cluster-none-ready')).toEqual(['pod 10.96.0.10 80 reject']);
    expect(flowsOf('itp-local-remote')).toEqual(['pod 10.96.0.10 80 drop']);
  });
});

describe('the command', () => {
  const run = (...args: string[]) => spawnSync(process.execPath, [MAIN, ...args], { encoding: 'utf8' });

  it('ends with 0 when all passed, with 1 and a line when one failed', () => {
    const file = join(mkdtempSync(join(tmpdir(), 'cases-')), 'wrong.json');
    const content = JSON.parse(readFileSync(pathOf('more-flows.json'), 'utf8'));
    content.cases[0].flows[0].expect.masquerade = true;
    writeFileSync(file, JSON.stringify(content));
    const good = run('--walk', pathOf('more-flows.json'));
    expect([good.status, good.stdout]).toEqual([
      0,
      'walk: 31 passed, 0 failed, 0 skipped\n31 passed, 0 failed, 0 skipped\n',
    ]);
    const bad = run('--walk', '--backend', 'iptables', pathOf('topology.json'), file);
    expect(bad.status).toBe(1);
    expect(bad.stdout).toMatch(/^walk failed udp-sctp-both-families flow 1: pod .*: expected .* masqueraded.*; got /m);
    expect(bad.stdout).toMatch(/^68 passed, 1 failed, 1 skipped$/m);
  });

  it('ends with 2 for another backend, no file, an unknown word, and a file it cannot read', () => {
    for (const args of [
      ['--backend', 'nftables', pathOf('more-flows.json')],
      [],
      ['--fast', 'a.json'],
      ['--walk', '/none'],
    ]) {
      const { status, stderr } = run(...args);
      expect([args, status]).toEqual([args, 2]);
      expect(stderr).not.toBe('');
    }
  });
});
