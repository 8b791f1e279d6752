import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type FlowRow, parseIPv4 } from '@kubecity/conntrack';
import { afterAll, describe, expect, test } from 'vitest';
import { parseRefusal } from '../src/destroyed-line.ts';
import { watchRefusals } from '../src/index.ts';

/** Lines of conntrack-tools 1.4.7: a connection to a closed port, and a SYN into the void that was deleted. */
const REFUSED =
  '[DESTROY] ipv4     2 tcp      6 120 CLOSE src=10.9.1.2 dst=10.96.7.10 sport=35056 dport=81 packets=1 bytes=60 [UNREPLIED] src=10.9.2.2 dst=10.9.1.2 sport=8081 dport=35056 packets=1 bytes=40 id=2241023084';
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
  test('of a refused connection is a row', () => {
    expect(parseRefusal(REFUSED)).toMatchObject({
      ...{ protocol: 6, source: parseIPv4('10.9.1.2'), destination: parseIPv4('10.96.7.10') },
      ...{ sourcePort: 35056, destinationPort: 81, replySource: parseIPv4('10.9.2.2'), replySourcePort: 8081 },
      ...{ replyDestination: parseIPv4('10.9.1.2'), replyDestinationPort: 35056, id: 2241023084, hasCounters: true },
      ...{ originalPackets: 1, originalBytes: 60, replyPackets: 1, replyBytes: 40 },
    });
  });

  test.each([
    ['an unanswered one', UNANSWERED],
    ['an ended one', ENDED],
    ['one without counters', REFUSED.replaceAll(/ (packets|bytes)=\d+/g, '')],
    ['half a line', REFUSED.slice(0, 120)],
    ['nothing', ''],
  ])('of %s is none', (_what, line) => {
    expect(parseRefusal(line)).toBeUndefined();
  });
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
