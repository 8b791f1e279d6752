import { expect, test } from 'vitest';
import { Directory, FlowLedger, type FlowRow, STATUS, TCP_STATE } from '../src/index.ts';
import { podChange } from './city.ts';
import { flow } from './flows.ts';

/** The edges and figures after two dumps that show this entry, on the node of both pods. */
function seen(part: Parameters<typeof flow>[0]) {
  const directory = new Directory({ node: 'node-a' });
  directory.apply([podChange('web-1', 'node-a', ['10.1.0.2']), podChange('cart-1', 'node-a', ['10.1.0.5'])], 0);
  const ledger = new FlowLedger({ directory });
  const row: FlowRow = flow({
    source: '10.1.0.5',
    destination: '10.1.0.2',
    replySource: '10.1.0.2',
    replyDestination: '10.1.0.5',
    status: STATUS.seenReply,
    ...part,
  });
  for (const [at, rows] of [
    [10_000, []],
    [11_000, [row]],
    [12_000, [row]],
  ] as const) {
    ledger.begin(at);
    for (const each of rows) ledger.add(each);
    ledger.end(true);
  }
  return { edges: ledger.edges.size, elsewhere: ledger.figures.elsewhere };
}

const NOT_OURS = { edges: 0, elsewhere: 1 };
const OURS = { edges: 1, elsewhere: 0 };
const late = { sourcePort: 8080, destinationPort: 52_260, tcpState: TCP_STATE.timeWait };

test('a late packet of a server is no connection from the server to its client', () => {
  expect(seen(late)).toEqual(NOT_OURS);
  expect(seen({ ...late, tcpState: TCP_STATE.established, status: STATUS.seenReply | STATUS.assured })).toEqual(
    NOT_OURS,
  );
});

test('whoever shakes hands is a client, whatever the ports', () => {
  expect(seen({ ...late, tcpState: TCP_STATE.synReceived })).toEqual(OURS);
});

test('a client with a port of its own is one, also when its connection is first seen at its end', () => {
  expect(seen({ ...late, sourcePort: 52_260, destinationPort: 8080 })).toEqual(OURS);
  expect(seen({ ...late, sourcePort: 52_260, destinationPort: 40_000 })).toEqual(OURS);
});
