export interface Fault {
  readonly closedMilliseconds: number;
  readonly periodMilliseconds: number;
}

/** Parses `FAULT`: `closed 4 of 16 s` is a server that does not listen in 4 of each 16 seconds. Throws a SyntaxError. */
export function parseFault(text: string): Fault | undefined {
  if (text === '') return undefined;
  const [, closed, period] = /^closed (\d+) of (\d+) s$/.exec(text) ?? [];
  const fault = { closedMilliseconds: Number(closed) * 1000, periodMilliseconds: Number(period) * 1000 };
  if (!(fault.closedMilliseconds > 0 && fault.closedMilliseconds < fault.periodMilliseconds)) {
    throw new SyntaxError(`FAULT: "${text}" is not "closed N of M s" with 0 < N < M`);
  }
  return fault;
}
