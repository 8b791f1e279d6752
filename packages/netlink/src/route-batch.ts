import { forEachMessage, HOST_LITTLE_ENDIAN, viewOf } from '@kubecity/conntrack';
import { routeErrors as errors, type RouteOperation } from './errors.ts';
import { exchange, FIRST_SEQUENCE, NETLINK_ROUTE, type Patience } from './exchange.ts';

/** What the kernel said to one request: a refusal's errno (positive), else 0 with its message, if it sent one. */
export interface RouteAnswer {
  readonly errno: number;
  /** With its header. */
  readonly message?: Uint8Array;
}

/** Answers are not held back like a dump's rows; an overrun receive buffer would end the process (npm `netlink`). */
const BATCH = 64;
/** A refusal comes with its whole request. */
const LONGEST_ANSWER = 4_096;
const HEADER = 16;
const NLMSG_ERROR = 2;
const NLM_F_ACK = 0x4;
const DONE: RouteAnswer = { errno: 0 };

/**
 * Sends rtnetlink requests, 64 at a time, and returns what became of each, in their order. A refused one is passed over: all are
 * carried out. The kernel works in order and always answers a refused one, so that of those that write only the last of a batch asks
 * for an acknowledgement: reading one takes longer than the work.
 * Rejects with NetlinkError when no answer comes.
 */
export async function sendBatches(
  operation: RouteOperation,
  requests: readonly Uint8Array[],
  patience: Patience,
): Promise<RouteAnswer[]> {
  const answers: RouteAnswer[] = [];
  for (let start = 0; start < requests.length; start += BATCH) {
    answers.push(...(await sendBatch(operation, requests.slice(start, start + BATCH), patience)));
  }
  return answers;
}

async function sendBatch(
  operation: RouteOperation,
  requests: readonly Uint8Array[],
  patience: Patience,
): Promise<RouteAnswer[]> {
  const answers: RouteAnswer[] = requests.map(() => DONE);
  const last = requests.length - 1;
  const read = (bytes: Uint8Array) => {
    let isLast = false;
    const view = viewOf(bytes);
    forEachMessage(view, (type, _flags, sequence, start, end) => {
      const index = sequence - FIRST_SEQUENCE;
      if (index < 0 || index > last) return;
      if (index === last) isLast = true;
      if (type !== NLMSG_ERROR)
        answers[index] = { errno: 0, message: Uint8Array.from(bytes.subarray(start - HEADER, end)) };
      else if (end - start >= 4) answers[index] = { errno: Math.abs(view.getInt32(start, HOST_LITTLE_ENDIAN)) };
    });
    return isLast;
  };
  const request = joined(requests, operation === 'write');
  await exchange(request, read, {
    ...{ operation, protocol: NETLINK_ROUTE, chunkBytes: LONGEST_ANSWER, errors },
    ...patience,
  });
  return answers;
}

/** One after the other, numbered; the last one asks for an acknowledgement if any is wanted. */
function joined(requests: readonly Uint8Array[], acknowledged: boolean): Uint8Array {
  const sizes = requests.map(({ length }) => (length + 3) & ~3);
  const bytes = new Uint8Array(sizes.reduce((sum, size) => sum + size, 0));
  const view = viewOf(bytes);
  let at = 0;
  for (const [index, request] of requests.entries()) {
    bytes.set(request, at);
    view.setUint32(at + 8, FIRST_SEQUENCE + index, HOST_LITTLE_ENDIAN);
    const flags = view.getUint16(at + 6, HOST_LITTLE_ENDIAN) & ~NLM_F_ACK;
    const isAsked = acknowledged && index === requests.length - 1;
    view.setUint16(at + 6, isAsked ? flags | NLM_F_ACK : flags, HOST_LITTLE_ENDIAN);
    at += sizes[index] as number;
  }
  return bytes;
}
