import { attribute, PATIENCE_MS } from './attribution.ts';
import type { Directory } from './directory.ts';
import type { Edge } from './edge.ts';
import type { EdgeTable } from './edges.ts';
import { FLOW } from './flow-flags.ts';
import type { FlowTable } from './flow-table.ts';

/** Binds flows to edges: once and for good, or says in the flow's flags why it has none (yet). */
export class Binding {
  readonly #directory: Directory;
  readonly #flows: FlowTable;
  readonly #edges: EdgeTable;
  #at = 0;
  #version = -1;
  /** The last dump at whose begin the directory had news. */
  #newsRevision = 0;

  constructor(directory: Directory, flows: FlowTable, edges: EdgeTable) {
    this.#directory = directory;
    this.#flows = flows;
    this.#edges = edges;
  }

  begin(revision: number, at: number): void {
    this.#at = at;
    if (this.#directory.version === this.#version) return;
    this.#version = this.#directory.version;
    this.#newsRevision = revision;
  }

  /** A flow at its first sight. */
  first(slot: number, startedAt: number): Edge | undefined {
    return this.#bind(slot, startedAt, true);
  }

  /** A flow without edge that is seen again: with news it may get one. */
  again(slot: number, startedAt: number): Edge | undefined {
    const flows = this.#flows;
    if (flows.is(slot, FLOW.unclear)) {
      const known = Math.abs(this.#at - (flows.since[slot] as number));
      return this.#bind(slot, startedAt, known < PATIENCE_MS);
    }
    const hasNews = (flows.seen[slot] as number) < this.#newsRevision;
    return hasNews && flows.is(slot, FLOW.unexplained) ? this.#bind(slot, startedAt, false) : undefined;
  }

  /** A flow that is gone: too late for news. */
  last(slot: number): Edge | undefined {
    return this.#flows.is(slot, FLOW.unclear) ? this.#bind(slot, 0, false) : undefined;
  }

  #bind(slot: number, startedAt: number, patience: boolean): Edge | undefined {
    const flows = this.#flows;
    const backend = flows.backend[slot] as number;
    const ends = {
      protocol: flows.protocolOf(slot),
      translated: flows.is(slot, FLOW.translated),
      client: flows.client[slot] as number,
      destination: flows.destination[slot] as number,
      destinationPort: (flows.ports[slot] as number) & 0xffff,
      backend,
      startedAt: startedAt || (flows.since[slot] as number),
    };
    const outcome = attribute(this.#directory, ends, this.#at, patience);
    flows.unmark(slot, FLOW.elsewhere | FLOW.unexplained | FLOW.unclear);
    if (outcome === 'elsewhere') flows.mark(slot, FLOW.elsewhere);
    else if (outcome === 'unexplained') flows.mark(slot, FLOW.unexplained);
    else if (outcome === 'wait') flows.mark(slot, FLOW.unclear);
    else {
      const { client, servicePort, pod } = outcome;
      const destination = { servicePort, address: backend, port: flows.backendPort[slot] as number, pod };
      const edge = this.#edges.intern(client, destination, this.#at);
      flows.edge[slot] = edge;
      return edge;
    }
    return undefined;
  }
}
