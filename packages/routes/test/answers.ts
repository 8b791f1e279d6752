import { forEachMessage, HOST_LITTLE_ENDIAN, viewOf } from '@kubecity/conntrack';

/** The answer to one step. */
export interface Answer {
  readonly sequence: number;
  /** 0 for done, else why not, positive: see `errnoName`. */
  readonly errno: number;
}

const NLMSG_ERROR = 2;

/** The acknowledgements and refusals of one received chunk, in order; what else is in it is left out. */
export function decodeAnswers(bytes: Uint8Array): Answer[] {
  const answers: Answer[] = [];
  const view = viewOf(bytes);
  forEachMessage(view, (type, _flags, sequence, start, end) => {
    if (type !== NLMSG_ERROR || end - start < 4) return;
    answers.push({ sequence, errno: Math.abs(view.getInt32(start, HOST_LITTLE_ENDIAN)) });
  });
  return answers;
}
