import type { Edge } from '@kubecity/conntrack';
import { expect, it } from 'vitest';
import { type Edges, ServiceTotals } from '../../src/accounting/service-totals.ts';

class FakeEdges implements Edges {
  readonly #edges = new Map<number, Edge>();
  forgotten = 0;
  #lastId = 0;

  get size(): number {
    return this.#edges.size;
  }
  has(id: number): boolean {
    return this.#edges.has(id);
  }
  values(): Iterable<Edge> {
    return this.#edges.values();
  }
  add(servicePort: string, opened: number, moving = 0): Edge {
    this.#lastId += 1;
    const figures = Object.fromEntries(
      'refused unanswered packetsToBackend bytesToBackend packetsToClient bytesToClient idle closing waiting'
        .split(' ')
        .map((name) => [name, 0]),
    );
    const edge = { ...figures, id: this.#lastId, servicePort, opened, moving } as unknown as Edge;
    this.#edges.set(edge.id, edge);
    return edge;
  }
  forget(edge: Edge): void {
    this.#edges.delete(edge.id);
    this.forgotten += 1;
  }
}

const opened = (totals: ServiceTotals) =>
  Object.fromEntries(totals.read().map(({ servicePort, opened, moving }) => [servicePort, [opened, moving]]));

it('sums edges per service port, and keeps the totals of those that are forgotten', () => {
  const edges = new FakeEdges();
  const totals = new ServiceTotals(edges);
  const first = edges.add('shop/cart:http/TCP', 3, 2);
  edges.add('shop/cart:http/TCP', 4, 1);
  edges.add('', 5);
  totals.follow();
  expect(opened(totals)).toEqual({ 'shop/cart:http/TCP': [7, 3], direct: [5, 0] });
  first.opened = 10;
  totals.follow();
  edges.forget(first);
  edges.add('shop/web:http/TCP', 1);
  totals.follow();
  expect(opened(totals)).toEqual({ 'shop/cart:http/TCP': [14, 1], direct: [5, 0], 'shop/web:http/TCP': [1, 0] });
});

it('tells a bounded number of service ports apart; one without edges gives its place away', () => {
  const edges = new FakeEdges();
  const totals = new ServiceTotals(edges, 2);
  const a = edges.add('a', 1);
  edges.add('b', 2);
  const c = edges.add('c', 3);
  edges.add('', 4);
  totals.follow();
  expect(opened(totals)).toEqual({ a: [1, 0], b: [2, 0], other: [3, 0], direct: [4, 0] });
  edges.forget(a);
  totals.follow();
  edges.add('d', 5);
  totals.follow();
  // `c` stays where it was counted first: a total that moves would look like traffic.
  expect(opened(totals)).toEqual({ b: [2, 0], d: [5, 0], other: [3, 0], direct: [4, 0] });
  edges.forget(c);
  totals.follow();
  expect(opened(totals)).toMatchObject({ other: [3, 0] });
});
