import { align4, HOST_LITTLE_ENDIAN, NLM_F_DUMP_INTR, NLMSG_DONE, NLMSG_ERROR, NLMSG_HEADER } from './wire.ts';

/** One netlink message of a chunk: `start` is the first byte after its header, `end` the byte after its last. */
export type MessageVisitor = (type: number, flags: number, sequence: number, start: number, end: number) => void;

export const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/**
 * Visits the netlink messages of one received chunk in order. Returns false when bytes are left over that form no whole
 * message (cut short, or a length that cannot be): whatever stood there is lost, what came before was visited.
 */
export function forEachMessage(view: DataView, visit: MessageVisitor): boolean {
  let offset = 0;
  while (offset < view.byteLength) {
    if (offset + NLMSG_HEADER > view.byteLength) return false;
    const length = view.getUint32(offset, HOST_LITTLE_ENDIAN);
    if (length < NLMSG_HEADER || length > view.byteLength - offset) return false;
    visit(
      view.getUint16(offset + 4, HOST_LITTLE_ENDIAN),
      view.getUint16(offset + 6, HOST_LITTLE_ENDIAN),
      view.getUint32(offset + 8, HOST_LITTLE_ENDIAN),
      offset + NLMSG_HEADER,
      offset + length,
    );
    offset += align4(length);
  }
  return true;
}

/** The netlink messages of a chunk, each with its header, as windows into it; what is cut short is left out. */
export function messagesOf(bytes: Uint8Array): Uint8Array[] {
  const messages: Uint8Array[] = [];
  forEachMessage(viewOf(bytes), (_type, _flags, _sequence, start, end) => {
    messages.push(bytes.subarray(start - NLMSG_HEADER, end));
  });
  return messages;
}

/**
 * Follows one request (named by its sequence number) through the chunks that answer it: is the answer finished, did the
 * kernel refuse, was it interrupted by a change of the table it walks. Messages of other requests are ignored.
 */
export class AnswerProgress {
  readonly sequence: number;
  /** DONE, ERROR or an acknowledgement has come: nothing more will follow. */
  finished = false;
  /** A message carried NLM_F_DUMP_INTR: rows may be missing or double. */
  interrupted = false;
  /** Positive errno of an ERROR or DONE message; 0 = none. */
  errno = 0;
  /** Chunks that ended in the middle of a message. */
  truncated = 0;

  constructor(sequence: number) {
    this.sequence = sequence;
  }

  read(bytes: Uint8Array): void {
    const view = viewOf(bytes);
    const whole = forEachMessage(view, (type, flags, sequence, start, end) => {
      if (sequence !== this.sequence) return;
      if (flags & NLM_F_DUMP_INTR) this.interrupted = true;
      if (type !== NLMSG_DONE && type !== NLMSG_ERROR) return;
      this.finished = true;
      // Both carry the negated errno first; a DONE without payload is an old kernel's plain end.
      if (end - start >= 4) this.errno = Math.abs(view.getInt32(start, HOST_LITTLE_ENDIAN));
    });
    if (!whole) this.truncated += 1;
  }
}
