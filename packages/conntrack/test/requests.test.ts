import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  BatchAnswers,
  copyFlowRow,
  type DumpFilter,
  emptyFlowRow,
  encodeCpuStatsRequest,
  encodeCreateRequest,
  encodeDeleteBatch,
  encodeDumpRequest,
  encodeGetRequest,
  encodeTableStatsRequest,
  FlowDecoder,
  type FlowRow,
  flowIdentity,
  flowMatches,
  parseWords,
  viewOf,
} from '../src/index.ts';
import { HOST_LITTLE_ENDIAN, NLMSG_ERROR } from '../src/wire.ts';
import { anyFlow, concat, flow } from './flows.ts';
import { hex, KERNEL } from './kernel-bytes.ts';

const rowOf = (message: Uint8Array): FlowRow => {
  let found = emptyFlowRow();
  new FlowDecoder((row) => {
    found = copyFlowRow(row);
  }).read(message);
  return found;
};
const words = (text: string) => parseWords(text).words;

describe('a dump request', () => {
  const HEADER = '0101 0103 07000000 00000000';
  const request = (filter: DumpFilter) => encodeDumpRequest({ sequence: 7, ...filter });
  const FOUR = hex('14000000', HEADER, '02000000');
  const SIX = hex('14000000', HEADER, '0a000000');
  const ALL = hex('14000000', HEADER, '00000000');

  test('for everything, and for one family', () => {
    expect(request({})).toEqual(ALL);
    expect(request({ family: 4 })).toEqual(FOUR);
    expect(request({ family: 6 })).toEqual(SIX);
  });

  test('by status, mark and zone: always with the mask, the value within it', () => {
    expect(request({ status: { value: 0x20, mask: 0x20 } })).toEqual(
      hex('24000000', HEADER, '00000000', '0800030000000020', '08001a0000000020'),
    );
    expect(request({ mark: { value: 0xff04, mask: 0x0f }, zone: 7 })).toEqual(
      hex('2c000000', HEADER, '00000000', '0800080000000004', '080015000000000f', '0600120000070000'),
    );
  });

  test('by tuple: flags in host order', () => {
    const original = {
      ...{ protocol: 17, source: words('10.0.0.1'), destination: words('10.0.0.2') },
      ...{ sourcePort: 5, destinationPort: 53 },
    };
    expect(request({ family: 4, tuple: { original } })).toEqual(
      hex(
        ...['5c000000', HEADER, '02000000'],
        ...['34000180', '14000180 080001000a000001 080002000a000002'],
        ...['1c000280', '0500010011000000 0600020000050000 0600030000350000'],
        ...['14001980', '080001003b000000', '0800020000000000'],
      ),
    );
    expect(request({ family: 6, tuple: { reply: { protocol: 132 } } })).toEqual(
      hex(
        '38000000',
        HEADER,
        '0a000000',
        '10000280 0c000280 0500010084000000',
        '14001980 0800010000000000 0800020008000000',
      ),
    );
  });

  test.each<[string, DumpFilter, Uint8Array]>([
    ['IPv6 addresses, compared the wrong way round', { family: 6, tuple: { original: { source: words('::1') } } }, SIX],
    ['SCTP ports, not compared', { family: 4, tuple: { original: { destinationPort: 80 } } }, FOUR],
    ['a tuple without a family, refused', { tuple: { original: { protocol: 6 } } }, ALL],
    ['zone 0, which hides entries with a zone of the reply', { family: 4, zone: 0 }, FOUR],
  ])('leaves to user space what the kernel does not do right: %s', (_what, filter, expected) => {
    expect(request(filter)).toEqual(expected);
  });

  test('keeps the rest of such a filter', () => {
    const tuple = { original: { protocol: 132, destinationPort: 80, source: words('fd00::1') } };
    expect(request({ family: 6, tuple })).toEqual(request({ family: 6, tuple: { original: { protocol: 132 } } }));
  });
});

describe('each row is looked at again', () => {
  const tcp6 = rowOf(KERNEL.tcp6);

  test.each<[string, DumpFilter, boolean]>([
    ['nothing asked', {}, true],
    ['the family', { family: 6 }, true],
    ['another family', { family: 4 }, false],
    ['a status bit that is set', { status: { value: 0x20, mask: 0x20 } }, true],
    ['a status bit that is clear', { status: { value: 0, mask: 0x10 } }, true],
    ['a status bit that should be clear', { status: { value: 0, mask: 0x20 } }, false],
    ['value bits outside the mask', { status: { value: 0x8020, mask: 0x20 } }, true],
    ['the mark', { mark: { value: 42, mask: 0xffff_ffff } }, true],
    ['another mark', { mark: { value: 43, mask: 0xffff_ffff } }, false],
    ['the default zone', { zone: 0 }, true],
    ['another zone', { zone: 7 }, false],
    ['the protocol', { tuple: { original: { protocol: 6 } } }, true],
    ['an IPv6 address', { tuple: { original: { destination: words('fd00:96::1') } } }, true],
    ['another IPv6 address', { tuple: { original: { destination: words('fd00:96::2') } } }, false],
    ['who answers', { tuple: { reply: { source: words('::1'), sourcePort: 8081, destinationPort: 46372 } } }, true],
    ['another who answers', { tuple: { reply: { destination: words('::1') } } }, false],
    ['other ports', { tuple: { original: { sourcePort: 46372, destinationPort: 82 } } }, false],
    ['one of two that differs', { family: 6, mark: { value: 42, mask: 1 }, zone: 3 }, false],
  ])('%s', (_what, filter, expected) => {
    expect(flowMatches(tcp6, filter)).toBe(expected);
  });
});

describe('an identity', () => {
  test('is the original tuple, zone and id in the words of the kernel', () => {
    const { udpZone, tcp6 } = KERNEL;
    expect(flowIdentity(rowOf(tcp6))).toEqual(concat(tcp6.slice(20, 20 + 76), hex('08000c00bafc1ccb')));
    expect(flowIdentity(rowOf(udpZone))).toEqual(
      concat(udpZone.slice(20, 20 + 52), hex('0600120000080000', '08000c0006d85a7d')),
    );
  });

  test('names two entries alike only when tuple, zone and id are', () => {
    fc.assert(
      fc.property(anyFlow, anyFlow, (one, other) => {
        const named = { ...other, id: one.id, zone: one.zone, family: one.family, protocol: one.protocol };
        const words = Uint32Array.from(named.words, (word, at) => (at < 8 ? (one.words[at] as number) : word));
        const { sourcePort, destinationPort } = one;
        expect(flowIdentity({ ...named, words, sourcePort, destinationPort })).toEqual(flowIdentity(one));
        expect(flowIdentity({ ...one, id: one.id ^ 1 })).not.toEqual(flowIdentity(one));
        expect(flowIdentity({ ...one, zone: one.zone ^ 1 })).not.toEqual(flowIdentity(one));
        expect(flowIdentity({ ...one, sourcePort: one.sourcePort ^ 1 })).not.toEqual(flowIdentity(one));
      }),
      { seed: 47 },
    );
  });

  test('goes into a batch of deletions of both families, of which only the last asks for an answer', () => {
    const identities = [KERNEL.udpZone, KERNEL.tcp6].map((message) => flowIdentity(rowOf(message)));
    expect(encodeDeleteBatch(identities, 77)).toEqual(
      concat(
        hex('58000000 0201 0100 4d000000 00000000 02000000'),
        identities[0] as Uint8Array,
        hex('68000000 0201 0500 4e000000 00000000 0a000000'),
        identities[1] as Uint8Array,
      ),
    );
  });

  test('asks for one entry, with an acknowledgement to end the answer', () => {
    const identity = flowIdentity(rowOf(KERNEL.tcp6));
    expect(encodeGetRequest(identity, 3)).toEqual(
      concat(hex('68000000 0101 0500 03000000 00000000 0a000000'), identity),
    );
  });

  test('that is none is refused', () => {
    const identity = flowIdentity(rowOf(KERNEL.tcp6));
    for (const bytes of [hex(''), identity.slice(0, 3), identity.slice(76), hex('1000018000000000')]) {
      expect(() => encodeDeleteBatch([bytes], 1)).toThrow(/identity of a flow/);
    }
  });
});

test('requests for counts', () => {
  expect(encodeTableStatsRequest(1)).toEqual(hex('14000000 0501 0500 01000000 00000000 00000000'));
  expect(encodeCpuStatsRequest(1)).toEqual(hex('14000000 0401 0103 01000000 00000000 00000000'));
});

test('creation: the untranslated reply, and the translation that makes it the real one', () => {
  const row = flow({ mark: 5, zone: 9 });
  expect(encodeCreateRequest(row, 9)).toEqual(
    hex(
      'd4000000 0001 0506 09000000 00000000 02000000',
      '34000180 14000180 080001000a010002 080002000a60000a 1c000280 0500010006000000 060002009c400000 0600030000500000',
      '34000280 14000180 080001000a60000a 080002000a010002 1c000280 0500010006000000 0600020000500000 060003009c400000',
      '0600120000090000',
      '080003000000000e 080007000000012c 0800080000000005',
      '10000480 0c000180 0500010003000000',
      '28000d80 080001000a020005 080002000a020005 14000380 060001001f900000 060002001f900000',
    ),
  );
  const text = (each: FlowRow) => Buffer.from(encodeCreateRequest(each, 9)).toString('hex');
  expect(text(flow({ replySource: '10.96.0.10', replySourcePort: 80 })), 'nothing to translate').not.toContain('0d80');
  const both = text(flow({ family: 6, replyDestination: 'fd00::99' }));
  const backend = 'fd000002000000000000000000000005';
  const masquerade = 'fd000000000000000000000000000099';
  expect(both).toContain(`40000d8014000400${backend}14000500${backend}`);
  expect(both).toContain(`4000068014000400${masquerade}14000500${masquerade}`);
});

test('a batch is finished when its last request is answered; refusals are counted by errno', () => {
  const answer = (sequence: number, errno: number) => {
    const bytes = new Uint8Array(36);
    const view = viewOf(bytes);
    view.setUint32(0, 36, HOST_LITTLE_ENDIAN);
    view.setUint16(4, NLMSG_ERROR, HOST_LITTLE_ENDIAN);
    view.setUint32(8, sequence, HOST_LITTLE_ENDIAN);
    view.setInt32(16, -errno, HOST_LITTLE_ENDIAN);
    return bytes;
  };
  const answers = new BatchAnswers(10, 14);
  answers.read(concat(answer(9, 1), answer(11, 2), answer(15, 0)));
  expect(answers.finished).toBe(false);
  answers.read(concat(answer(12, 2), answer(13, 1), answer(14, 0)));
  expect(answers.finished).toBe(true);
  expect([...answers.refusals]).toEqual([
    [2, 2],
    [1, 1],
  ]);
  expect(answers.done).toBe(2);
  const refused = new BatchAnswers(3, 3);
  refused.read(answer(3, 2));
  expect(refused).toMatchObject({ finished: true, done: 0 });
});
