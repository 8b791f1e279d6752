import { describe, expect, it } from 'vitest';
import { readEvent } from '../cases/kernel/connection-events.ts';
import { IMPOSSIBLE, impossible } from '../cases/kernel/impossible.ts';
import { triesFor } from '../cases/kernel/kernel-player.ts';
import { crc32c, sctpInit } from '../cases/kernel/sctp.ts';
import { casesOf } from './cases-files.ts';

describe('a conntrack event', () => {
  const line = (answer: string) =>
    `    [NEW] tcp      6 120 SYN_SENT src=10.244.1.200 dst=10.96.0.22 sport=10001 dport=80 [UNREPLIED] ${answer}`;

  it('tells where a connection went and whether its source is kept', () => {
    const key = 'tcp 10.244.1.200 10001 10.96.0.22 80';
    expect(readEvent(line('src=10.96.0.22 dst=10.244.1.200 sport=80 dport=10001'))).toEqual({
      key,
      connection: { masquerade: false },
    });
    expect(readEvent(line('src=10.244.2.5 dst=10.244.1.200 sport=8080 dport=10001'))).toEqual({
      key,
      connection: { to: '10.244.2.5:8080', masquerade: false },
    });
    expect(readEvent(line('src=10.244.2.5 dst=169.254.101.1 sport=8080 dport=41234'))).toEqual({
      key,
      connection: { to: '10.244.2.5:8080', masquerade: true },
    });
    // Rewritten to the node's own address the source is the same; the port gives it away.
    expect(readEvent(line('src=10.96.0.22 dst=10.244.1.200 sport=80 dport=41234'))?.connection.masquerade).toBe(true);
  });

  it('is read in IPv6 and passed over in other protocols', () => {
    const v6 =
      '[NEW] udp 17 30 src=fd00::c8 dst=fd00:96::1 sport=1 dport=53 [UNREPLIED] src=fd00::5 dst=fd00::c8 sport=53 dport=1';
    expect(readEvent(v6)).toEqual({
      key: 'udp fd00::c8 1 fd00:96::1 53',
      connection: { to: '[fd00::5]:53', masquerade: false },
    });
    expect(readEvent('[NEW] icmp 1 30 src=10.0.0.1 dst=10.0.0.2 type=8 code=0 id=1')).toBeUndefined();
  });
});

describe('an SCTP packet made by hand', () => {
  it('has a checksum of the kind that RFC 9260 asks for', () => {
    // The check value of CRC-32C: https://reveng.sourceforge.io/crc-catalogue/17plus.htm#crc.cat.crc-32-iscsi
    expect(crc32c(new TextEncoder().encode('123456789'))).toBe(0xe3069283);
    const packet = sctpInit(10_001, 53);
    const view = new DataView(packet.buffer);
    const told = view.getUint32(8, true);
    view.setUint32(8, 0);
    expect(crc32c(packet)).toBe(told);
    expect([view.getUint16(0), view.getUint16(2), packet[12]]).toEqual([10_001, 53, 1]);
  });
});

describe('the number of packets', () => {
  it('leaves a chance below one in a million to miss one of the backends, or one too many', () => {
    for (const expected of [1, 2, 3, 4, 10]) {
      const all = expected + 1;
      const missed = (tries: number) => all * (expected / all) ** tries;
      expect(missed(triesFor(expected))).toBeLessThanOrEqual(1e-6);
      expect(missed(triesFor(expected) - 1)).toBeGreaterThan(1e-6);
    }
  });
});

describe('what the lab cannot show', () => {
  const [each] = casesOf('more-flows.json');
  const [flow] = each?.flows ?? [];
  if (!each || !flow) throw new Error('no flow');
  const reasonOf = (
    from: Partial<typeof flow.from>,
    expected: Partial<typeof flow.expect> = {},
    to: Partial<typeof flow.to> = {},
  ) =>
    impossible(each, {
      ...flow,
      from: { ...flow.from, ...from },
      to: { ...flow.to, ...to },
      expect: { ...flow.expect, ...expected },
    });

  it('is said with a reason, each of them once', () => {
    const reasons = [
      reasonOf({ kind: 'node' }, { verdict: 'accept' }),
      reasonOf({ kind: 'node' }, { verdict: 'drop' }, { ip: '127.0.0.1' }),
      reasonOf({ iif: 'a/name' }),
      reasonOf({ iif: 'lo' }),
      reasonOf({ ip: '192.168.10.11' }),
      reasonOf({ ip: 'fd00::1' }),
    ];
    expect(reasons).toEqual(IMPOSSIBLE.map(({ reason }) => reason));
    expect(reasonOf({})).toBeUndefined();
  });
});
