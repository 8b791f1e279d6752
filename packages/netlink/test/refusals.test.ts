import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ADDRESS, type FlowRow, formatWords, STATUS } from '@kubecity/conntrack';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { parseRefusal } from '../src/destroyed-line.ts';
import { watchRefusals } from '../src/index.ts';

/** Lines of conntrack-tools 1.4.7: connections to closed ports, and a SYN into the void that was deleted. */
const REFUSED =
  '[DESTROY] ipv4     2 tcp      6 120 CLOSE src=10.9.1.2 dst=10.96.7.10 sport=35056 dport=81 packets=1 bytes=60 [UNREPLIED] src=10.9.2.2 dst=10.9.1.2 sport=8081 dport=35056 packets=1 bytes=40 id=2241023084';
const REFUSED6 =
  '[DESTROY] ipv6     10 tcp      6 120 CLOSE src=fd00:96::2 dst=fd00:96::1 sport=58610 dport=81 packets=1 bytes=80 [UNREPLIED] src=::1 dst=fd00:96::2 sport=8081 dport=58610 packets=1 bytes=60 delta-time=0 id=1868499624';
const REFUSED_DIRECT =
  '[DESTROY] ipv4     2 tcp      6 120 CLOSE src=127.0.0.1 dst=127.0.0.1 sport=57014 dport=81 packets=1 bytes=60 [UNREPLIED] src=127.0.0.1 dst=127.0.0.1 sport=81 dport=57014 packets=1 bytes=40 mark=9 zone=3 delta-time=0 id=3902877769';
const UNANSWERED =
  '[DESTROY] ipv4     2 tcp      6 119 SYN_SENT src=10.9.1.2 dst=10.96.7.10 sport=43456 dport=82 packets=1 bytes=60 [UNREPLIED] src=10.9.2.77 dst=10.9.1.2 sport=8081 dport=43456 packets=0 bytes=0 id=97102833 [USERSPACE] portid=2208596117';
const ENDED =
  '[DESTROY] ipv4     2 tcp      6 src=10.9.1.2 dst=10.96.7.10 sport=48522 dport=80 packets=2 bytes=112 src=10.9.2.2 dst=10.9.1.2 sport=8080 dport=48522 packets=2 bytes=112 [ASSURED] id=4224720109';

const folder = mkdtempSync(join(tmpdir(), 'kubecity-refusals-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A stand-in for the conntrack program. */
function program(name: string, script: string): string {
  const file = join(folder, name);
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
  return file;
}

describe('a line', () => {
  const shown = (line: string) => {
    const row = parseRefusal(line);
    if (!row) return undefined;
    const { words, ...rest } = row;
    const at = (place: number) => formatWords(row.family, words, place);
    return {
      ...rest,
      addresses: [ADDRESS.source, ADDRESS.destination, ADDRESS.replySource, ADDRESS.replyDestination].map(at),
    };
  };

  test('of a refused connection is a row', () => {
    expect(shown(REFUSED)).toEqual({
      ...{ family: 4, protocol: 6, zone: 0, addresses: ['10.9.1.2', '10.96.7.10', '10.9.2.2', '10.9.1.2'] },
      ...{ sourcePort: 35056, destinationPort: 81, replySourcePort: 8081, replyDestinationPort: 35056 },
      ...{ status: STATUS.confirmed | STATUS.destinationNat, timeout: 0, mark: 0, id: 2241023084, tcpState: 0 },
      ...{ startedAt: 0, hasCounters: true, originalPackets: 1, originalBytes: 60, replyPackets: 1, replyBytes: 40 },
    });
  });

  test('of IPv6 alike', () => {
    expect(shown(REFUSED6)).toMatchObject({
      ...{ family: 6, addresses: ['fd00:96::2', 'fd00:96::1', '::1', 'fd00:96::2'], sourcePort: 58610, id: 1868499624 },
      ...{ status: STATUS.confirmed | STATUS.destinationNat, originalBytes: 80, replyBytes: 60 },
    });
  });

  test('tells mark, zone, and what was translated', () => {
    expect(shown(REFUSED_DIRECT)).toMatchObject({ status: STATUS.confirmed, zone: 3, mark: 9 });
    const inZone = REFUSED.replace('dport=81 ', 'dport=81 zone-orig=5 ').replace(
      'dst=10.9.1.2 sport=8081',
      'dst=10.9.0.1 sport=8081',
    );
    expect(shown(inZone)).toMatchObject({
      zone: 5,
      status: STATUS.confirmed | STATUS.destinationNat | STATUS.sourceNat,
    });
    const inZoneOfReply = REFUSED.replace('dport=35056 ', 'dport=35056 zone-reply=5 ');
    expect(shown(inZoneOfReply)).toMatchObject({ zone: 0, id: 2241023084 });
  });

  test.each([
    ['an unanswered one', UNANSWERED],
    ['an ended one', ENDED],
    ['one without counters', REFUSED.replaceAll(/ (packets|bytes)=\d+/g, '')],
    ['half a line', REFUSED.slice(0, 150)],
    ['no address', REFUSED.replace('src=10.9.1.2', 'src=10.9.1')],
    ['nothing', ''],
  ])('of %s is none', (_what, line) => {
    expect(parseRefusal(line)).toBeUndefined();
  });
});

test('any damage to a line ends in a row or in none', () => {
  const lines = [REFUSED, REFUSED6, REFUSED_DIRECT, UNANSWERED, ENDED];
  const hits = fc.array(fc.tuple(fc.nat(300), fc.constantFrom(...' =:.[]src0x\u00e9')), { maxLength: 6 });
  fc.assert(
    fc.property(fc.constantFrom(...lines), hits, fc.nat(300), (line, damage, length) => {
      const letters = [...line];
      for (const [at, letter] of damage) letters[at % letters.length] = letter;
      const row = parseRefusal(letters.slice(0, letters.length - (length % 40)).join(''));
      if (row) expect(row).toMatchObject({ protocol: 6, words: { length: 16 }, replyPackets: expect.any(Number) });
      expect(parseRefusal(line) !== undefined).toBe(line.includes('CLOSE'));
    }),
    { seed: 51, numRuns: 2000 },
  );
});

describe('the watch', () => {
  test('hands on refusals, tells losses, and begins anew when the program dies', async () => {
    const twice = Promise.withResolvers<void>();
    const rows: FlowRow[] = [];
    const losses: string[] = [];
    const script = `echo '${ENDED}'; echo '${REFUSED}'; echo 'WARNING: We have hit ENOBUFS!' >&2; exit 1`;
    const watch = watchRefusals(
      {
        onRefusal: (row) => {
          if (rows.push(row) === 2) twice.resolve();
        },
        onLoss: (reason) => losses.push(reason),
      },
      program('dies', script),
    );
    await twice.promise;
    watch.close();
    expect(rows.map(({ id }) => id)).toEqual([2241023084, 2241023084]);
    expect(losses).toEqual(
      expect.arrayContaining([expect.stringContaining('ENOBUFS'), expect.stringContaining('ended')]),
    );
  });

  test.each([
    ['6.18.44-generic', true],
    ['5.15.0', true],
    ['5.14.21', false],
    ['4.19', false],
  ])('asks a kernel %s for what was reset only: %s', async (kernel, asks) => {
    const { promise, resolve } = Promise.withResolvers<string>();
    const script = program('args', `echo "$* ENOBUFS" >&2; exec sleep 60`);
    const watch = watchRefusals({ onRefusal: () => {}, onLoss: resolve }, script, kernel);
    expect((await promise).includes('--state CLOSE')).toBe(asks);
    watch.close();
  });

  test('tells when there is no such program', async () => {
    const { promise, resolve } = Promise.withResolvers<string>();
    const watch = watchRefusals({ onRefusal: () => {}, onLoss: resolve }, join(folder, 'absent'));
    expect(await promise).toContain('ENOENT');
    watch.close();
  });

  test('ends its program when closed', async () => {
    const { promise, resolve } = Promise.withResolvers<number>();
    const script = `echo 'x ENOBUFS' $$ >&2; exec sleep 60`;
    const watch = watchRefusals(
      { onRefusal: () => {}, onLoss: (text) => resolve(Number(text.split(' ').at(-1))) },
      program('sleeps', script),
    );
    const pid = await promise;
    watch.close();
    await expect.poll(() => alive(pid)).toBe(false);
  });
});

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    // ESRCH: no such process, which is the answer.
    return false;
  }
}
