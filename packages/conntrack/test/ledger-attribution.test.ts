import { describe, expect, test } from 'vitest';
import { STATUS } from '../src/index.ts';
import { podChange, podGone, serviceGone } from './city.ts';
import { flow } from './flows.ts';
import { CART, CART_CHANGE, carried, city, DNS, pod, settledCity } from './ledger-city.ts';

describe('attribution', () => {
  test('counts flows to Services and to pods, each family and protocol by itself', () => {
    const { dump } = settledCity();
    const edges = dump([
      flow(),
      flow({ source: 'fd00:1::2' }),
      flow({ id: 2, zone: 7 }),
      flow({ protocol: 17, destinationPort: 53, replySourcePort: 53 }),
      flow({ status: STATUS.confirmed, destination: '10.2.0.5', destinationPort: 8080 }),
    ]);
    expect(
      edges.map(({ client, servicePort, backend, pod, opened }) => [client, servicePort, backend, pod?.uid, opened]),
    ).toEqual([
      [pod('web-1'), CART, '10.2.0.5:8080', 'cart-1', 2],
      [pod('web-1'), CART, '[fd00:2::5]:8080', 'cart-1', 1],
      [pod('web-1'), DNS, '10.2.0.5:53', 'cart-1', 1],
      [pod('web-1'), '', '10.2.0.5:8080', 'cart-1', 1],
    ]);
  });

  test('says what is counted elsewhere, and what nobody explains', () => {
    const { dump, ledger } = settledCity();
    const rows = [
      flow({ status: 0xe, destination: '198.51.100.7', replySource: '198.51.100.7' }),
      flow({ id: 2, replySource: '198.51.100.7', destinationPort: 81 }),
    ];
    for (let n = 0; n < 4; n += 1) dump(rows);
    expect(ledger.figures).toMatchObject({ elsewhere: 2, unexplained: 1 });
    dump([]);
    expect(ledger.figures).toMatchObject({ elsewhere: 0, unexplained: 0 });
  });

  test('client, service port and backend are those of the first sight', () => {
    const { apply, one, dump } = settledCity();
    one([flow(carried(1, 100, 1, 100))]);
    apply(serviceGone(CART), podChange('other', 'node-a', ['10.1.0.2']), podChange('cart-2', 'node-b', ['10.2.0.5']));
    expect(one([flow(carried(2, 200, 1, 100))])).toMatchObject({
      client: pod('web-1'),
      pod: { uid: 'cart-1' },
      bytesToBackend: 200,
    });
    apply(CART_CHANGE);
    const edges = dump([flow(carried(2, 200, 1, 100)), flow({ id: 2, ...carried(1, 10, 1, 10) })]);
    expect(edges.map(({ client, pod }) => [client, pod?.uid])).toEqual([
      [pod('web-1'), 'cart-1'],
      [pod('other'), 'cart-2'],
    ]);
  });

  test('a flow that began before its address passed on is the former pod’s', () => {
    const { apply, dump, one } = settledCity();
    apply(podGone('web-1'));
    dump([], { after: 20_000 });
    apply(podChange('other', 'node-a', ['10.1.0.2']));
    expect(one([flow({ startedAt: 1_000_500 })])).toMatchObject({ client: pod('web-1') });
  });

  test('a service port learnt late gets what its flows carried since the ledger began', () => {
    const { apply, dump, one } = city();
    apply(serviceGone(CART), podGone('cart-1'));
    const older = flow({ replySource: '198.51.100.7', ...carried(5, 500, 4, 400) });
    const newer = flow({ id: 2, sourcePort: 2, replySource: '198.51.100.7', ...carried(1, 30, 1, 10) });
    expect(dump([older])).toEqual([]);
    expect(dump([older, newer], { after: 60_000 })).toEqual([]);
    apply(CART_CHANGE);
    expect(one([{ ...older, ...carried(7, 700, 4, 400) }, newer])).toMatchObject({ opened: 1, bytesToBackend: 230 });
  });

  test('and then belongs to the pod that had the client’s address at the first sight', () => {
    const { apply, dump, one } = settledCity();
    apply(serviceGone(CART));
    const row = flow({ replySource: '198.51.100.7' });
    dump([row]);
    dump([row]);
    apply(podChange('other', 'node-a', ['10.1.0.2']));
    dump([row], { after: 20_000 });
    apply(CART_CHANGE);
    expect(one([row])).toMatchObject({ client: pod('web-1') });
  });

  test('a client that may be a pod unheard of is waited for, then taken for what it seems', () => {
    const { apply, dump } = settledCity();
    const early = flow({ source: '10.1.0.77', ...carried(1, 100, 1, 100) });
    const stranger = flow({ id: 2, source: '10.1.0.78', ...carried(1, 100, 1, 100) });
    const outside = flow({ id: 3, source: '203.0.113.9', ...carried(1, 100, 1, 100) });
    expect(dump([early, stranger, outside]).map(({ client }) => client)).toEqual([
      { kind: 'outside', network: '203.0.113.0/24' },
    ]);
    apply(podChange('early', 'node-a', ['10.1.0.77']));
    expect(dump([early, stranger, outside]).map(({ client }) => client)).toEqual([
      { kind: 'outside', network: '203.0.113.0/24' },
      pod('early'),
    ]);
    expect(dump([early, stranger, outside], { after: 2000 }).at(-1)).toMatchObject({
      client: { kind: 'outside', network: '10.1.0.0/24' },
      opened: 1,
      bytesToBackend: 100,
    });
  });

  test('what is gone while it was waited for counts as what it seemed, without its bytes', () => {
    const { dump, ledger } = settledCity();
    dump([flow({ source: '10.1.0.78', ...carried(1, 100, 1, 100) })], { after: 100 });
    dump([], { after: 100 });
    expect(dump([], { after: 100 })).toMatchObject([
      { client: { kind: 'outside', network: '10.1.0.0/24' }, opened: 1, bytesToBackend: 0, flows: 0 },
    ]);
    expect(ledger.figures.endedUnseen).toBe(1);
  });

  test('addresses of flows that are gone are let go', () => {
    const { dump, directory } = settledCity();
    const before = directory.addresses.size;
    dump([1, 2, 3].map((id) => flow({ id, source: `203.0.113.${id}`, replySource: `198.51.100.${id}` })));
    expect(directory.addresses.size).toBe(before + 6);
    dump([]);
    dump([]);
    // Edges keep their backends.
    expect(directory.addresses.size).toBe(before + 3);
    dump([], { after: 400_000 });
    expect(directory.addresses.size).toBe(before);
  });
});
