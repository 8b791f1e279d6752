import { once } from 'node:events';
import { expect, it } from 'vitest';
import { HeardSocket } from '../../src/live/early-socket.ts';
import { ASK_FOR_MAP, type EarlyLink } from '../../src/live/early-start.ts';

/** What the browser's socket is to the class: states, what is sent, and handlers that the test calls. */
class Wire {
  readonly OPEN = 1;
  readonly sent: string[] = [];
  readyState = 1;
  closed = false;
  onopen?: () => void;
  onmessage?: (event: { data: string }) => void;
  onclose?: (event: unknown) => void;
  send(data: string): void {
    this.sent.push(data);
  }
  close(): void {
    this.closed = true;
  }
}

function bench(early: { readonly heard?: readonly string[]; readonly asked?: boolean; readonly state?: number }) {
  const wire = new Wire();
  wire.readyState = early.state ?? wire.OPEN;
  const link: EarlyLink = {
    socket: wire as unknown as WebSocket,
    heard: [...(early.heard ?? [])],
    asked: early.asked ?? false,
  };
  const socket = new HeardSocket(link);
  const told: string[] = [];
  socket.onopen = () => told.push('open');
  socket.onmessage = ({ data }) => told.push(String(data));
  socket.onclose = () => told.push('close');
  return { wire, socket, told };
}

/** Later than what stands in the queue of a message channel now. */
async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i += 1) {
    const { port1, port2 } = new MessageChannel();
    const heard = once(port1 as never, 'message');
    port2.postMessage(undefined);
    await heard;
    port1.close();
  }
}

it('says again what was heard, after it has opened and before what comes from now on', async () => {
  const { wire, told } = bench({ heard: ['0{}', '40/map,{}', '42/map,["city"]'], asked: true });
  wire.onmessage?.({ data: 'later' });
  expect(told).toEqual([]);
  await expect.poll(() => told).toEqual(['open', '0{}', '40/map,{}', '42/map,["city"]', 'later']);
  wire.onmessage?.({ data: 'now' });
  expect(told.at(-1)).toBe('now');
});

it('asks for the map once, whoever has asked', () => {
  const asked = bench({ heard: ['0{}'], asked: true });
  for (const data of [ASK_FOR_MAP, '2', ASK_FOR_MAP]) asked.socket.send(data);
  // The second one is another try.
  expect(asked.wire.sent).toEqual(['2', ASK_FOR_MAP]);
  const silent = bench({ state: 0 });
  silent.socket.send(ASK_FOR_MAP);
  expect(silent.wire.sent).toEqual([ASK_FOR_MAP]);
});

it('opens when the early one does', async () => {
  const { wire, told } = bench({ state: 0 });
  await turns(2);
  expect(told).toEqual([]);
  wire.onopen?.();
  wire.onmessage?.({ data: '0{}' });
  wire.onclose?.({});
  expect(told).toEqual(['open', '0{}', 'close']);
});

it('says nothing more when it was closed', async () => {
  const { wire, socket, told } = bench({ heard: ['0{}', 'x'], asked: true });
  socket.close();
  await turns(4);
  expect(wire.closed).toBe(true);
  expect(told).toEqual([]);
});
