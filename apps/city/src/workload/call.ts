/** What a workload does to others, as written in its `CALLS` variable. */
export type Call =
  /** `http cart.shop 2.5/s`: so many requests a second, each over a connection of its own. */
  | { readonly kind: 'http' | 'query' | 'lookup'; readonly service: string; readonly perSecond: number }
  /** `hold orders-db.data 2`: so many connections kept open, a message now and then on each. */
  | { readonly kind: 'hold'; readonly service: string; readonly connections: number };

const SERVICE = '[a-z][a-z0-9-]*\\.[a-z0-9][a-z0-9-]*';
const RATED = new RegExp(`^(http|query|lookup) (${SERVICE}) (\\d+(?:\\.\\d+)?)/s$`);
const HELD = new RegExp(`^hold (${SERVICE}) (\\d+)$`);
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
  const [, kind, service = '', perSecond] = RATED.exec(text) ?? [];
  if (kind === 'http' || kind === 'query' || kind === 'lookup') {
    return bounded(text, { kind, service, perSecond: Number(perSecond) });
  }
  const [, heldService, connections] = HELD.exec(text) ?? [];
  if (heldService !== undefined) {
    return bounded(text, { kind: 'hold', service: heldService, connections: Number(connections) });
  }
  throw new SyntaxError(
    `CALLS: "${text}" is neither "http|query|lookup SERVICE.NAMESPACE N/s" nor "hold SERVICE.NAMESPACE N"`,
  );
}

function bounded(text: string, call: Call): Call {
  const fits = call.kind === 'hold' ? call.connections <= MOST.connections : call.perSecond <= MOST.perSecond;
  if (!fits)
    throw new RangeError(`CALLS: "${text}" is more than ${MOST.perSecond}/s or ${MOST.connections} connections`);
  return call;
}
