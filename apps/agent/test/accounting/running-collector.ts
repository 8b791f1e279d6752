import {
  ADDRESS,
  Directory,
  emptyFlowRow,
  encodeFlow,
  type FlowRow,
  parseWords,
  STATUS,
  TCP_STATE,
} from '@kubecity/conntrack';
import { FakeConntrack } from '@kubecity/netlink/testing';
import { type EdgeFrame, edgeFrame } from '@kubecity/protocol';
import { afterEach, beforeEach, vi } from 'vitest';
import { Collector, type CollectorOptions } from '../../src/accounting/collector.ts';
import type {
  AccountingNews,
  AccountingSettings,
  AccountingTotals,
  FromAccounting,
} from '../../src/accounting/messages.ts';

export const CART = 'shop/cart:http/TCP';
export const BACKEND = '10.2.0.5:8080';
export const ALL = { services: 'all' } as const;
export const START = 1_700_000_000_000;

export const connection = (bytes: number, part: Partial<FlowRow> = {}): FlowRow => {
  const row = {
    ...emptyFlowRow(),
    ...{ protocol: 6, sourcePort: 40_000, destinationPort: 80, replySourcePort: 8080, replyDestinationPort: 40_000 },
    ...{ status: STATUS.destinationNat | STATUS.seenReply, id: 1, tcpState: TCP_STATE.established, timeout: 300 },
    ...{ hasCounters: true, originalPackets: 1, originalBytes: bytes },
    ...part,
  };
  for (const [place, address] of Object.entries({
    source: '192.0.2.7',
    destination: '10.96.0.10',
    replySource: '10.2.0.5',
    replyDestination: '192.0.2.7',
  })) {
    row.words.set(parseWords(address).words, ADDRESS[place as keyof typeof ADDRESS]);
  }
  return row;
};

/** Each test of a file has a clock of its own. */
export function useFakeClock(): void {
  beforeEach(() => {
    vi.useFakeTimers({ now: START });
  });
  afterEach(() => {
    vi.useRealTimers();
  });
}

/** A collector of a fake table on a fake clock; `settle` lets what is due happen without time going on. */
export function start({
  settings = {},
  ...more
}: { settings?: Partial<AccountingSettings> } & Partial<Omit<CollectorOptions, 'settings'>> = {}) {
  const conntrack = new FakeConntrack();
  const directory = new Directory({ node: 'node-a' });
  const service = { key: CART, protocol: 'TCP', port: 80, addresses: ['10.96.0.10'] } as const;
  directory.apply([{ kind: 'servicePort', id: CART, value: service }], START);
  const frames: EdgeFrame[] = [];
  const news: AccountingNews[] = [];
  const totals: AccountingTotals[] = [];
  const collector = new Collector({
    settings: {
      ...{ node: 'node-a', everyMs: 1000, cpuPercent: 2, direct: true, losses: { dumps: 0, events: 0 } },
      ...settings,
    },
    directory,
    conntrack,
    now: Date.now,
    ticks: Date.now,
    cpu: () => 0,
    residentBytes: () => 1,
    sweep: () => {},
    tell: (message: FromAccounting) => {
      if (message.kind === 'frame') frames.push(edgeFrame.parse(message.frame));
      else if (message.kind === 'news') news.push(message);
      else if (message.kind === 'totals') totals.push(message.totals);
    },
    ...more,
  });
  const ended = collector.run();
  const show = (...rows: FlowRow[]) => {
    conntrack.chunks = rows.map((row) => encodeFlow(row));
    conntrack.entries = rows.length;
  };
  const stop = () => {
    collector.stop();
    conntrack.close();
    return ended;
  };
  const numbers = () => frames.map(({ seq, reset, rows }) => [seq, reset, rows.length]);
  return {
    collector,
    conntrack,
    frames,
    news,
    totals,
    show,
    stop,
    numbers,
    settle: () => vi.advanceTimersByTimeAsync(0),
  };
}

export const second = () => vi.advanceTimersByTimeAsync(1000);
