import { ADDRESS, encodeFlow, type FlowRow, parseWords, TCP_STATE } from '@kubecity/conntrack';
import { FakeConntrack } from '@kubecity/netlink/testing';
import { expect, it } from 'vitest';
import type { OpenAttempt } from '../../src/accounting/messages.ts';
import { OpenConnections } from '../../src/accounting/open-connections.ts';
import { connection } from './running-collector.ts';

const BACKEND: OpenAttempt = ['192.0.2.7', '10.2.0.5', 'TCP', 8080];

function table(...rows: FlowRow[]) {
  const conntrack = new FakeConntrack();
  conntrack.chunks = rows.map((row) => encodeFlow(row));
  const connections = new OpenConnections({
    conntrack,
    now: () => 0,
    cpu: () => 0,
    signal: new AbortController().signal,
  });
  return { conntrack, connections };
}

const many = (count: number, part: Partial<FlowRow> = {}) =>
  Array.from({ length: count }, (_, n) => connection(100, { id: n + 1, sourcePort: 40_000 + n, ...part }));

function to(address: string, row: FlowRow): FlowRow {
  row.words.set(parseWords(address).words, ADDRESS.replySource);
  return row;
}

it('tells what is open by what opened it: behind DNAT, each attempt once', async () => {
  const udp = connection(1, { protocol: 17, tcpState: 0, id: 77 });
  const { connections } = table(...many(5), udp, to('10.2.0.6', connection(1, { id: 78 })));
  const ask = (...addresses: string[]) => connections.answer({ kind: 'attempts', addresses });
  const udpToo: OpenAttempt = ['192.0.2.7', '10.2.0.5', 'UDP', 8080];
  expect(await ask('10.2.0.5')).toEqual({ kind: 'attempts', attempts: [BACKEND, udpToo], whole: true, cpuMs: 0 });
  expect(await ask('192.0.2.7')).toMatchObject({ attempts: [BACKEND, udpToo, ['192.0.2.7', '10.2.0.6', 'TCP', 8080]] });
  expect(await ask('10.96.0.10')).toMatchObject({ attempts: [] });
});

it('passes over what is over, and says when the table was not seen whole', async () => {
  const { conntrack, connections } = table(...many(2, { tcpState: TCP_STATE.timeWait }));
  conntrack.interruptNext();
  expect(await connections.answer({ kind: 'attempts', addresses: ['10.2.0.5'] })).toEqual({
    ...{ kind: 'attempts', attempts: [], whole: false, cpuMs: 0 },
  });
});

it('ends every connection of an attempt, and no other', async () => {
  const other = to('10.2.0.6', connection(1, { id: 78 }));
  const { conntrack, connections } = table(...many(5), other);
  const order = { kind: 'endAttempts', attempts: [BACKEND], perSecond: 1000 } as const;
  expect(await connections.answer(order)).toEqual({ kind: 'endAttempts', ended: 5, left: 0 });
  expect(conntrack.chunks).toEqual([encodeFlow(other)]);
});

it('answers one question after the other, since one dump at a time may run', async () => {
  const { conntrack, connections } = table(...many(1));
  const release = conntrack.hold();
  const both = [1, 2].map(() => connections.answer({ kind: 'attempts', addresses: ['10.2.0.5'] }));
  release();
  expect((await Promise.all(both)).map(({ kind }) => kind)).toEqual(['attempts', 'attempts']);
  conntrack.failNext('timeout');
  await expect(connections.answer({ kind: 'attempts', addresses: ['10.2.0.5'] })).rejects.toThrow('timeout');
  expect(await connections.answer({ kind: 'attempts', addresses: ['10.2.0.5'] })).toMatchObject({
    attempts: [BACKEND],
  });
});
