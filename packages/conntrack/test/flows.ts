import fc from 'fast-check';
import { concatenated } from '../src/bytes.ts';
import { emptyFlowRow, type FlowRow, parseIPv4, STATUS, TCP_STATE } from '../src/index.ts';

/** An established TCP connection 10.1.0.2:40000 → 10.96.0.10:80 → 10.2.0.5:8080 with counters at zero. */
export const flow = (part: Partial<FlowRow> = {}): FlowRow => ({
  ...emptyFlowRow(),
  protocol: 6,
  source: parseIPv4('10.1.0.2'),
  destination: parseIPv4('10.96.0.10'),
  sourcePort: 40000,
  destinationPort: 80,
  replySource: parseIPv4('10.2.0.5'),
  replyDestination: parseIPv4('10.1.0.2'),
  replySourcePort: 8080,
  replyDestinationPort: 40000,
  status: STATUS.seenReply | STATUS.assured | STATUS.confirmed | STATUS.destinationNat,
  timeout: 300,
  id: 1,
  tcpState: part.protocol === undefined || part.protocol === 6 ? TCP_STATE.established : 0,
  hasCounters: true,
  ...part,
});

export const concat = (...parts: Uint8Array[]): Uint8Array => concatenated(parts);

const u16 = fc.nat(0xffff);
const u32 = fc.nat(0xffffffff);
const u53 = fc.maxSafeNat();

/** Every row the wire can carry. */
export const anyFlow: fc.Arbitrary<FlowRow> = fc
  .record({
    protocol: fc.constantFrom(1, 6, 17, 132),
    source: u32,
    destination: u32,
    sourcePort: u16,
    destinationPort: u16,
    replySource: u32,
    replyDestination: u32,
    replySourcePort: u16,
    replyDestinationPort: u16,
    status: u32,
    timeout: u32,
    mark: u32,
    id: u32,
    tcpState: fc.nat(9),
    hasCounters: fc.boolean(),
    originalPackets: u53,
    originalBytes: u53,
    replyPackets: u53,
    replyBytes: u53,
  })
  .map((row) => ({
    ...row,
    ...(row.protocol === 6 ? {} : { tcpState: 0 }),
    ...(row.hasCounters ? {} : { originalPackets: 0, originalBytes: 0, replyPackets: 0, replyBytes: 0 }),
  }));
