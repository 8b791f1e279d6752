import { quantile } from '../statistics.ts';

/** What the browser's own trace says of the frames of one page. */
export interface FrameCost {
  /** Frames a second that were asked to draw. */
  readonly perSecond: number;
  /** CPU time of script per frame, everything between two frames included; milliseconds. */
  readonly p50: number;
  readonly p95: number;
  /** Longest task of the main thread, with what is not script; milliseconds. */
  readonly longestTask: number;
  /** Tasks of more than 50 ms: in these a hand would feel the map stop. */
  readonly longTasks: number;
}

export const TRACE_CATEGORIES = ['-*', 'devtools.timeline', 'disabled-by-default-devtools.timeline', 'toplevel', 'v8'];

interface TraceEvent {
  readonly name: string;
  readonly ph: string;
  readonly pid: number;
  readonly tid: number;
  /** Microseconds. */
  readonly ts: number;
  readonly dur?: number;
  /** Of it, on the CPU: other programs do not count. */
  readonly tdur?: number;
  readonly args?: { readonly name?: string };
}

/** Where script runs, and the collector with it. */
const SCRIPT = new Set([
  ...['FunctionCall', 'EvaluateScript', 'RunMicrotasks', 'V8.GCScavenger', 'V8.GCFinalizeMC', 'MinorGC', 'MajorGC'],
]);
const FRAME = 'FireAnimationFrame';
const TASK = 'RunTask';
const LONG_MICROSECONDS = 50_000;

/** @throws Error when no frame was drawn */
export function frameCostOf(trace: Buffer): FrameCost {
  const { traceEvents } = JSON.parse(trace.toString('utf8')) as { traceEvents: TraceEvent[] };
  const events = onMainThread(traceEvents);
  const frames = events.filter(({ name }) => name === FRAME).map(({ ts }) => ts);
  if (frames.length < 2) throw new Error(`${frames.length} frames in the trace`);
  const script = scriptBetween(frames, events);
  const tasks = events.filter(({ name, dur }) => name === TASK && dur !== undefined).map(({ dur }) => dur as number);
  return {
    perSecond: ((frames.length - 1) / ((frames.at(-1) as number) - (frames[0] as number))) * 1e6,
    p50: quantile(script, 0.5) / 1000,
    p95: quantile(script, 0.95) / 1000,
    longestTask: Math.max(0, ...tasks) / 1000,
    longTasks: tasks.filter((dur) => dur > LONG_MICROSECONDS).length,
  };
}

/** The thread that asks for most frames is that of the page which is seen. */
function onMainThread(all: readonly TraceEvent[]): TraceEvent[] {
  const frames = new Map<string, number>();
  const thread = ({ pid, tid }: TraceEvent) => `${pid}/${tid}`;
  for (const event of all) {
    if (event.name === FRAME) frames.set(thread(event), (frames.get(thread(event)) ?? 0) + 1);
  }
  const [busiest] = [...frames].sort(([, a], [, b]) => b - a)[0] ?? [];
  return all.filter((event) => thread(event) === busiest).sort((a, b) => a.ts - b.ts);
}

/** From each frame's call to the next one's: what ran of script, nested calls counted once. */
function scriptBetween(frames: readonly number[], events: readonly TraceEvent[]): number[] {
  const script = new Array<number>(frames.length - 1).fill(0);
  let busyUntil = 0;
  let frame = -1;
  for (const { name, ts, dur, tdur } of events) {
    while (frame + 1 < frames.length && (frames[frame + 1] as number) <= ts) frame += 1;
    if (dur === undefined || !SCRIPT.has(name) || ts < busyUntil) continue;
    busyUntil = ts + dur;
    if (frame >= 0 && frame < script.length) script[frame] = (script[frame] as number) + (tdur ?? dur);
  }
  return script;
}
