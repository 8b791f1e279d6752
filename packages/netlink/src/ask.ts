import { AnswerProgress } from '@kubecity/conntrack';
import { type ConntrackOperation, conntrackErrors as errors } from './errors.ts';
import { exchange, FIRST_SEQUENCE, type Patience } from './exchange.ts';

/**
 * Sends one request with the first sequence number to conntrack and hands on each chunk of the answer, until its end mark
 * or acknowledgement. Rejects with NetlinkError when the kernel refuses, or with what `onChunk` threw.
 */
export async function ask(
  operation: ConntrackOperation,
  request: Uint8Array,
  onChunk: (bytes: Uint8Array) => void,
  patience: Patience,
): Promise<{ interrupted: boolean }> {
  const progress = new AnswerProgress(FIRST_SEQUENCE);
  const read = (bytes: Uint8Array) => {
    progress.read(bytes);
    if (progress.errno !== 0) throw errors.errno(operation, progress.errno);
    onChunk(bytes);
    return progress.finished;
  };
  await exchange(request, read, { operation, errors, ...patience });
  return { interrupted: progress.interrupted };
}
