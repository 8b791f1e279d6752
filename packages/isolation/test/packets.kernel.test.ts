import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PacketPlayer } from '../lab/packet-player.ts';
import { policyCases } from './case-file.ts';

describe('packets between pods on three nodes', () => {
  let player: PacketPlayer;
  beforeAll(async () => {
    player = await PacketPlayer.open();
  });
  afterAll(() => player.close());

  it.each(policyCases().map((one) => [one.id, one.title, one] as const))('%s %s', async (_id, _title, one) => {
    expect(player.inexpressible(one)).toBeUndefined();
    const outcomes = await player.play(one);
    const probes = [one, ...(one.steps ?? [])].flatMap(({ probes }) => probes);
    expect(outcomes).toHaveLength(probes.filter((probe) => player.isPlayed(probe)).length);
    expect(outcomes.filter(({ probe, got }) => got !== probe.expect)).toEqual([]);
  });

  it('what is on other nodes than the lab has is not played', () => {
    const [one] = policyCases();
    if (!one) throw new Error('there are cases');
    const [pod, ...pods] = one.pods;
    const elsewhere = { ...one, pods: [{ ...pod, node: 'n9' } as (typeof pods)[number], ...pods] };
    expect(player.inexpressible(elsewhere)).toContain('is on node n9: the lab has n1, n2, n3');
    const nodes = [{ name: 'n1', ips: ['10.9.9.9'] }];
    expect(player.inexpressible({ ...one, nodes })).toContain('node n1 has addresses 10.9.9.9');
  });
});
