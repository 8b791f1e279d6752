import { isIPv4 } from 'node:net';

/** What a workload does to others, as written in its `CALLS` variable. */
export type Call =
  /** `http cart.shop 2.5/s`: so many requests a second, each over a connection of its own. */
  | { readonly kind: 'http' | 'query' | 'lookup'; readonly callee: string; readonly perSecond: number }
  /** `hold orders-db.data 2`: so many connections kept open, a message now and then on each. */
  | { readonly kind: 'hold'; readonly callee: string; readonly connections: number };

/** A Service, or an IPv4 address with a port: `203.0.113.7:80`. */
const CALLEE = '[a-z][a-z0-9-]*\\.[a-z0-9][a-z0-9-]*|\\d{1,3}(?:\\.\\d{1,3}){3}:\\d{1,5}';
const RATED = new RegExp(`^(http|query|lookup) (${CALLEE}) (\\d+(?:\\.\\d+)?)/s$`);
const HELD = new RegExp(`^hold (${CALLEE}) (\\d+)$`);
/** A pod is one small process: more than this would starve its neighbours on the machine. */
const MOST = { perSecond: 500, connections: 1000 };

/** Parses `CALLS`: calls with `;` between them. Throws a RangeError or SyntaxError that quotes the bad one. */
export function parseCalls(text: string): Call[] {
  return text
    .split(';')
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map(parseCall);
}

function parseCall(text: string): Call {
  const [, kind, callee = '', perSecond] = RATED.exec(text) ?? [];
  if (kind === 'http' || kind === 'query' || kind === 'lookup') {
    return bounded(text, { kind, callee, perSecond: Number(perSecond) });
  }
  const [, held, connections] = HELD.exec(text) ?? [];
  if (held !== undefined) {
    return bounded(text, { kind: 'hold', callee: held, connections: Number(connections) });
  }
  throw new SyntaxError(
    `CALLS: "${text}" is neither "http|query|lookup WHOM N/s" nor "hold WHOM N", with SERVICE.NAMESPACE or ADDRESS:PORT for WHOM`,
  );
}

function bounded(text: string, call: Call): Call {
  const [address = '', port] = call.callee.split(':');
  if (port !== undefined && !(isIPv4(address) && Number(port) <= 65_535))
    throw new RangeError(`CALLS: "${text}" has an address or a port that there is none of`);
  const fits = call.kind === 'hold' ? call.connections <= MOST.connections : call.perSecond <= MOST.perSecond;
  if (!fits)
    throw new RangeError(`CALLS: "${text}" is more than ${MOST.perSecond}/s or ${MOST.connections} connections`);
  return call;
}
