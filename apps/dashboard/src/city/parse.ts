import { type CityFrame, cityEdges, PROTOCOL_VERSION, type RecordKind, recordKinds } from '@kubecity/protocol';
import { z } from 'zod';
import { shapeOf } from './shape.ts';

// zod compiles its parsers with `new Function` where it may; a page under a strict Content-Security-Policy may not.
z.config({ jitless: true });

/** One frame carries at most this many operations; a larger one is not from our hub. */
const MAX_OPS = 500_000;

const kind = z.custom<RecordKind>((value) => typeof value === 'string' && value in recordKinds);
/** Characters. */
const MOST_OF_ID = 2048;
const id = z.string().max(MOST_OF_ID);

const op = z.union([
  z.tuple([z.literal('reset')]),
  z.tuple([z.literal('sync')]),
  z.tuple([z.literal('delete'), kind, id]),
  z.tuple([z.literal('set'), kind, id, z.unknown()]).superRefine(([, of, , record], context) => {
    const parsed = recordKinds[of].safeParse(record);
    if (parsed.success) return;
    for (const issue of parsed.error.issues) {
      context.addIssue({ code: 'custom', message: issue.message, path: [of, ...issue.path.map(String)] });
    }
  }),
]);

const frame = z.object({
  protocol: z.literal(PROTOCOL_VERSION),
  epoch: z.string().max(253),
  seq: z.number().int().nonnegative(),
  at: z.number(),
  ops: z.array(op).max(MAX_OPS),
  edges: cityEdges.optional(),
});

/** The one field that every version of a frame has. */
const versioned = z.object({ protocol: z.number().int() });

const head = shapeOf(frame.omit({ ops: true, edges: true }));
const edges = shapeOf(cityEdges.optional());
const records = new Map(Object.entries(recordKinds).map(([name, schema]) => [name, shapeOf(schema)]));

/** The same as `frame` says, without its reasons. */
function isFrame(message: unknown): message is CityFrame {
  if (!head(message)) return false;
  const { ops, edges: told } = message as { ops: unknown; edges: unknown };
  return Array.isArray(ops) && ops.length <= MAX_OPS && ops.every(isOp) && edges(told);
}

function isOp(value: unknown): boolean {
  if (!Array.isArray(value)) return false;
  const name = value[0];
  if (name === 'reset' || name === 'sync') return value.length === 1;
  const shape = records.get(value[1]);
  const key = value[2];
  if (shape === undefined || typeof key !== 'string' || key.length > MOST_OF_ID) return false;
  return name === 'set' ? value.length === 4 && shape(value[3]) : name === 'delete' && value.length === 3;
}

export type ParsedFrame =
  | { readonly outcome: 'frame'; readonly frame: CityFrame }
  /** The hub speaks another version of the protocol: only a reload of the page helps. */
  | { readonly outcome: 'foreign' }
  | { readonly outcome: 'fault'; readonly reason: string };

/** Reads one message of the hub. A right one is taken as it is; only a wrong one is worth the search for the reason. */
export function parseFrame(message: unknown): ParsedFrame {
  if (isFrame(message)) return { outcome: 'frame', frame: message };
  const version = versioned.safeParse(message);
  if (version.success && version.data.protocol !== PROTOCOL_VERSION) return { outcome: 'foreign' };
  const parsed = frame.safeParse(message);
  return parsed.success
    ? { outcome: 'frame', frame: parsed.data as CityFrame }
    : { outcome: 'fault', reason: z.prettifyError(parsed.error) };
}
