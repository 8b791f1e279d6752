import type { EdgeFrame, EdgeKey } from '@kubecity/protocol';
import { EdgeCursor } from '../../server/traffic/edge-cursor.ts';
import { edgeNamer } from '../../server/traffic/edge-table.ts';
import { FIGURE } from '../../server/traffic/figures.ts';
import { Traffic } from '../../server/traffic/traffic.ts';
import { edgeFrame } from './objects.ts';
import { ToldEdges } from './told-edges.ts';

/** The hub's traffic alone, with a reader of everything: time is given with each step. */
export class HubTraffic {
  readonly traffic = new Traffic(edgeNamer(() => undefined));
  readonly cursor = new EdgeCursor();
  readonly told = new ToldEdges();
  #silent = new Set<string>();

  connected(node: string, epoch: string): this {
    this.traffic.connected(node, epoch);
    return this;
  }

  take(node: string, now: number, frame: EdgeFrame): ReturnType<Traffic['take']> {
    return this.traffic.take(node, frame, now);
  }

  /** A frame with `reset` that defines one edge for each row `[id, opened, …]`. */
  reset(node: string, now: number, rows: number[][], keys: EdgeKey[]): ReturnType<Traffic['take']> {
    const define = rows.map(([id], i): [number, EdgeKey] => [id as number, keys[i] as EdgeKey]);
    return this.take(node, now, edgeFrame(0, now, rows, { define }));
  }

  silent(...nodes: string[]): this {
    this.#silent = new Set(nodes);
    return this;
  }

  /** Shows the moment, and lets the reader take it. */
  show(now: number): ToldEdges {
    this.traffic.show(now, (node) => this.#silent.has(node));
    this.told.take(this.cursor.next(this.traffic.shown));
    return this.told;
  }

  portTotal(port: string, figure: keyof typeof FIGURE): number | undefined {
    return this.traffic.ports.figures().ports.get(port)?.[FIGURE[figure]];
  }
}
