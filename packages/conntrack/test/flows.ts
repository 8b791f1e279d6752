import fc from 'fast-check';
import { concatenated } from '../src/bytes.ts';
import { ADDRESS, emptyFlowRow, type FlowRow, parseWords, STATUS, TCP_STATE } from '../src/index.ts';

export interface FlowAddresses {
  readonly source?: string;
  readonly destination?: string;
  readonly replySource?: string;
  readonly replyDestination?: string;
}

/**
 * An established TCP connection 10.1.0.2:40000 → 10.96.0.10:80 → 10.2.0.5:8080 with counters at zero. Addresses are told
 * as text; those of IPv6 make it an IPv6 flow fd00:1::2 → fd00:96::a → fd00:2::5.
 */
export function flow(part: Partial<Omit<FlowRow, 'words'>> & FlowAddresses = {}): FlowRow {
  const { source, destination, replySource, replyDestination, ...rest } = part;
  const given = [source, destination, replySource, replyDestination].find((text) => text !== undefined);
  const family = rest.family ?? (given ? parseWords(given).family : 4);
  const usual = family === 4 ? ['10.1.0.2', '10.96.0.10', '10.2.0.5'] : ['fd00:1::2', 'fd00:96::a', 'fd00:2::5'];
  const [client, service, backend] = usual as [string, string, string];
  const row: FlowRow = {
    ...emptyFlowRow(),
    family,
    protocol: 6,
    sourcePort: 40000,
    destinationPort: 80,
    replySourcePort: 8080,
    replyDestinationPort: 40000,
    status: STATUS.seenReply | STATUS.assured | STATUS.confirmed | STATUS.destinationNat,
    timeout: 300,
    id: 1,
    tcpState: rest.protocol === undefined || rest.protocol === 6 ? TCP_STATE.established : 0,
    hasCounters: true,
    ...rest,
  };
  row.words.set(parseWords(source ?? client).words, ADDRESS.source);
  row.words.set(parseWords(destination ?? service).words, ADDRESS.destination);
  row.words.set(parseWords(replySource ?? backend).words, ADDRESS.replySource);
  row.words.set(parseWords(replyDestination ?? source ?? client).words, ADDRESS.replyDestination);
  return row;
}

export const concat = (...parts: Uint8Array[]): Uint8Array => concatenated(parts);

const u16 = fc.nat(0xffff);
const u32 = fc.nat(0xffffffff);
const u53 = fc.maxSafeNat();
const anyWords = fc.array(u32, { minLength: 16, maxLength: 16 });

/** Every row the wire can carry. */
export const anyFlow: fc.Arbitrary<FlowRow> = fc
  .record({
    family: fc.constantFrom(4 as const, 6 as const),
    protocol: fc.constantFrom(6, 17, 132),
    zone: fc.oneof(fc.constant(0), u16),
    words: anyWords,
    sourcePort: u16,
    destinationPort: u16,
    replySourcePort: u16,
    replyDestinationPort: u16,
    status: u32,
    timeout: u32,
    mark: u32,
    id: u32,
    tcpState: fc.nat(9),
    startedAt: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 4e12 })),
    hasCounters: fc.boolean(),
    originalPackets: u53,
    originalBytes: u53,
    replyPackets: u53,
    replyBytes: u53,
  })
  .map(({ words, ...row }) => ({
    ...row,
    words: Uint32Array.from(words, (word, at) => (row.family === 6 || at % 4 === 0 ? word : 0)),
    ...(row.protocol === 6 ? {} : { tcpState: 0 }),
    ...(row.hasCounters ? {} : { originalPackets: 0, originalBytes: 0, replyPackets: 0, replyBytes: 0 }),
  }));
