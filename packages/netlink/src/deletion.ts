import { constants } from 'node:os';
import { BatchAnswers, encodeDeleteBatch } from '@kubecity/conntrack';
import { conntrackErrors as errors } from './errors.ts';
import { exchange, FIRST_SEQUENCE, type Patience } from './exchange.ts';

export interface Deletion {
  /** Entries that the kernel really deleted. */
  readonly deleted: number;
  /** Entries that were gone already, even when their addresses and ports are in use again. */
  readonly missing: number;
}

const { ENOENT } = constants.errno;
/** Answers are not held back like a dump's rows; an overrun receive buffer would end the process (npm `netlink`). */
const BATCH = 64;

/**
 * Deletes exactly the entries that the identities name, 64 at a time. Any refusal but ENOENT (an entry that was handed to
 * the hardware is EBUSY) spares that entry and goes on; at the end it rejects with NetlinkError.
 */
export async function deleteEntries(identities: readonly Uint8Array[], patience: Patience): Promise<Deletion> {
  let deleted = 0;
  let missing = 0;
  let refusal: number | undefined;
  for (let start = 0; start < identities.length; start += BATCH) {
    const answers = await deleteBatch(identities.slice(start, start + BATCH), patience);
    deleted += answers.done;
    missing += answers.refusals.get(ENOENT) ?? 0;
    refusal ??= [...answers.refusals.keys()].find((errno) => errno !== ENOENT);
  }
  if (refusal !== undefined) throw errors.errno('delete', refusal);
  return { deleted, missing };
}

async function deleteBatch(identities: readonly Uint8Array[], patience: Patience): Promise<BatchAnswers> {
  const answers = new BatchAnswers(FIRST_SEQUENCE, FIRST_SEQUENCE + identities.length - 1);
  const read = (bytes: Uint8Array) => {
    answers.read(bytes);
    return answers.finished;
  };
  await exchange(encodeDeleteBatch(identities, FIRST_SEQUENCE), read, { operation: 'delete', errors, ...patience });
  return answers;
}
