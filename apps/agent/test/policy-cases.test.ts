import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { parseCases } from '../cases/case-file.ts';
import { type PolicyPlayer, policyWalk, runPolicyCases } from '../cases/policy-run.ts';

const MAIN = join(import.meta.dirname, '../cases/main.ts');
const FILE = join(import.meta.dirname, '../../../packages/isolation/testdata/network-policy.json');
const text = readFileSync(FILE, 'utf8');
const folder = mkdtempSync(join(tmpdir(), 'cases-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** The file with something changed in it. */
function changed(
  change: (cases: { probes: { expect: string; port: unknown }[]; steps?: unknown[] }[]) => void,
): string {
  const content = JSON.parse(text);
  change(content.cases);
  return JSON.stringify(content);
}

describe('cases of policies', () => {
  const { policies, packets } = parseCases('p.json', text);

  it('are read from any file of their shape, with every fault named', () => {
    expect([policies.length, packets.length]).toEqual([72, 0]);
    const fault = changed(([first]) => {
      (first as { probes: { port: unknown }[] }).probes[0] = { ...first?.probes[0], port: 'http' } as never;
    });
    expect(() => parseCases('p.json', fault)).toThrow(/^p\.json: cases\[0\] \(iso-08\)\.probes\[0\]\.port: /);
  });

  it('say what failed, after which step, and count the rest', async () => {
    const lines: string[] = [];
    const wrong: PolicyPlayer = {
      ...policyWalk,
      name: 'wrong',
      inexpressible: ({ id }) => (id === 'iso-08' ? 'not here' : undefined),
      isPlayed: ({ proto }) => proto !== 'SCTP',
      play: async (each) =>
        (await policyWalk.play(each)).map((one) => ({ ...one, got: one.step > 0 ? 'silence' : one.got })),
    };
    const whole = await runPolicyCases(policyWalk, policies, (line) => lines.push(line));
    expect([whole, lines]).toEqual([{ passed: 906, failed: 0, skipped: 0 }, []]);
    await runPolicyCases(wrong, policies, (line) => lines.push(line));
    expect(lines).toContain('wrong skipped iso-08: not here');
    expect(lines).toContainEqual(
      expect.stringMatching(/^wrong failed \S+ after step 1: \S+ → \S+: expected (allow|deny); got silence$/),
    );
  });

  it('a case that names what it does not have fails, and the others are played', async () => {
    const lines: string[] = [];
    const [first, second] = policies as [(typeof policies)[number], (typeof policies)[number]];
    const broken = { ...first, steps: [{ apply: [{ op: 'deletePod', pod: 'x/nobody' }], probes: [] }] } as typeof first;
    const totals = await runPolicyCases(policyWalk, [broken, second], (line) => lines.push(line));
    expect(lines).toEqual(['walk failed iso-08: the case names pod x/nobody, which is not there']);
    expect([totals.failed, totals.passed]).toEqual([first.probes.length, second.probes.length]);
  });

  it('are played by the same command', () => {
    const run = (...args: string[]) => spawnSync(process.execPath, [MAIN, '--walk', ...args], { encoding: 'utf8' });
    expect(run(FILE)).toMatchObject({
      status: 0,
      stdout: 'policies, walk: 906 passed, 0 failed, 0 skipped\n906 passed, 0 failed, 0 skipped\n',
    });
    const file = join(folder, 'wrong.json');
    const wrong = changed(([first]) => {
      for (const probe of first?.probes ?? []) probe.expect = 'deny';
    });
    writeFileSync(file, wrong);
    expect(run(file)).toMatchObject({
      status: 1,
      stdout: expect.stringMatching(/^walk failed iso-08: x\/a → y\/c:80\/TCP: expected deny; got allow$/m),
    });
    expect(run('--kube-proxy', '/bin/true', FILE)).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('knows no NetworkPolicies'),
    });
  });
});
