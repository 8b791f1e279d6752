import type { CityEdgeRow, CityFrame, EdgeName } from '@kubecity/protocol';
import { io, type Socket } from 'socket.io-client';

/** What one edge shows on a screen; the connections since the agents began, then those that are open. */
export interface ShownEdge {
  readonly opened: number;
  readonly refused: number;
  readonly unanswered: number;
  readonly open: number;
  readonly closing: number;
  readonly waiting: number;
}

/** A browser without a screen: keeps the edges as the hub's frames tell them. */
export class MapReader {
  readonly #socket: Socket;
  readonly #names = new Map<number, EdgeName>();
  readonly #rows = new Map<number, CityEdgeRow>();

  constructor(url: string) {
    this.#socket = io(`${url}/map`, { transports: ['websocket'], forceNew: true });
    this.#socket.on('city', ({ edges }: CityFrame) => {
      if (!edges) return;
      if (edges.reset) for (const kept of [this.#names, this.#rows]) kept.clear();
      for (const [id, name] of edges.define) this.#names.set(id, name);
      for (const row of edges.rows) this.#rows.set(row[0] as number, row);
      for (const id of edges.forget) for (const kept of [this.#names, this.#rows]) kept.delete(id);
    });
  }

  /** By edge, in the words of `edgeText`; those on which something was, or is. */
  edges(): Record<string, ShownEdge> {
    const shown = [...this.#rows].map(([id, row]): [string, ShownEdge] => {
      const name = this.#names.get(id);
      if (!name) throw new Error(`edge ${id} was never defined`);
      const [moving = 0, idle = 0, closing = 0, waiting = 0, , opened = 0, refused = 0, unanswered = 0] = row.slice(2);
      return [textOf(name), { opened, refused, unanswered, open: moving + idle, closing, waiting }];
    });
    return Object.fromEntries(shown.filter(([, edge]) => Object.values(edge).some((value) => value > 0)));
  }

  close(): void {
    this.#socket.close();
  }
}

function textOf({ client, servicePort, backend, podUid }: EdgeName): string {
  const address = backend.slice(backend.indexOf('|') + 1);
  return `${client.id} > ${servicePort || 'direct'} > ${address}${podUid === undefined ? '' : ` (${podUid})`}`;
}
