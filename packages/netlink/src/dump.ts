import { constants } from 'node:os';
import { type DumpFilter, encodeDumpRequest } from '@kubecity/conntrack';
import { ask } from './ask.ts';
import { NetlinkError } from './errors.ts';
import { FIRST_SEQUENCE, type Patience } from './exchange.ts';

export interface Dump {
  /** The table changed while it was read: rows may be missing or double. */
  readonly interrupted: boolean;
}

const { EINVAL, EOPNOTSUPP } = constants.errno;

/** One run of a dump. Rejects with NetlinkError, or with what `onChunk` threw. */
export function dumpOnce(filter: DumpFilter, onChunk: (bytes: Uint8Array) => void, patience: Patience): Promise<Dump> {
  return dumpFiltered(filter, (part) =>
    ask('dump', encodeDumpRequest({ ...part, sequence: FIRST_SEQUENCE }), onChunk, patience),
  );
}

/**
 * Runs a dump with a filter, and with the family alone when the kernel refuses that: it may be built without marks or
 * zones. The refusal comes before any row.
 */
export async function dumpFiltered(filter: DumpFilter, run: (filter: DumpFilter) => Promise<Dump>): Promise<Dump> {
  try {
    return await run(filter);
  } catch (error) {
    const { family, ...rest } = filter;
    const isFilter = Object.values(rest).some((field) => field !== undefined);
    const isRefusal = error instanceof NetlinkError && (error.errno === EINVAL || error.errno === EOPNOTSUPP);
    if (!isFilter || !isRefusal) throw error;
    return run({ family });
  }
}
