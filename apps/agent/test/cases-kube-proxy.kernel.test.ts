import { expect, it } from 'vitest';
import { KernelPlayer } from '../cases/kernel/kernel-player.ts';
import { KubeProxyRules } from '../cases/kernel/kube-proxy-rules.ts';
import type { PacketCase } from '../cases/packet-case.ts';
import { runCases } from '../cases/run.ts';
import { casesOf, wrong } from './cases-files.ts';

/** Path of a kube-proxy; the repository has none. */
const binary = process.env.KUBECITY_KUBE_PROXY ?? '';

it.skipIf(binary === '')('plays cases through the rules of a real kube-proxy, and tells what differs', async () => {
  const player = await KernelPlayer.open(new KubeProxyRules(binary));
  const play = async (each: PacketCase) => {
    const lines: string[] = [];
    return { lines, totals: await runCases(player, [each], (line) => lines.push(line)) };
  };
  try {
    for (const each of casesOf('packet-flow.json').filter(({ id }) =>
      ['cip-ports', 'sticky', 'sticky-v6'].includes(id),
    )) {
      const { lines, totals } = await play(each);
      expect(lines).toEqual([]);
      expect(totals.passed).toBeGreaterThan(0);
      const broken = wrong(each, 0, { masquerade: true });
      expect((await play({ ...broken, flows: broken.flows.slice(0, 1) })).lines).toEqual([
        expect.stringMatching(/^kube-proxy v\S+ failed \S+ flow 1: .* masqueraded.*; got dnat /),
      ]);
    }
  } finally {
    await player.close();
  }
});
