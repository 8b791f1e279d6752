/**
 * A connection to the hub as any client may have it: Engine.IO 4 by plain requests, namespace `/map` of
 * `docs/protocol.md`. Packets are those of Socket.IO behind the namespace: `0["ask",…]`, `["city",…]`.
 */
export class HubSession {
  readonly #address: string;
  readonly #waiting: string[] = [];

  private constructor(address: string) {
    this.#address = address;
  }

  /** @param url of the dashboard, without a path */
  static async open(url: string): Promise<HubSession> {
    const base = `${url}/socket.io/?EIO=4&transport=polling`;
    const [opened = ''] = await packetsAt(base);
    const { sid } = JSON.parse(opened.slice(1)) as { sid: string };
    const session = new HubSession(`${base}&sid=${sid}`);
    await session.#post('40/map,');
    return session;
  }

  emit(packet: string): Promise<void> {
    return this.#post(`42/map,${packet}`);
  }

  /** The next packet: `event` with `["city",…]`, `answer` with `0[…]`. Rejects when the hub refuses or ends it. */
  async next(): Promise<{ readonly kind: 'event' | 'answer'; readonly body: string }> {
    for (;;) {
      const packet = this.#waiting.shift();
      if (packet === undefined) this.#waiting.push(...(await packetsAt(this.#address)));
      else if (packet === '2') await this.#post('3');
      else if (packet.startsWith('44/map,')) throw new Error(`the hub refuses: ${packet.slice('44/map,'.length)}`);
      else if (packet === '1' || packet.startsWith('41')) throw new Error('the hub has ended the connection');
      else if (packet.startsWith('42/map,')) return { kind: 'event', body: packet.slice('42/map,'.length) };
      else if (packet.startsWith('43/map,')) return { kind: 'answer', body: packet.slice('43/map,'.length) };
    }
  }

  close(): Promise<void> {
    return this.#post('1');
  }

  async #post(body: string): Promise<void> {
    const answer = await fetch(this.#address, { method: 'POST', body });
    await answer.text();
  }
}

async function packetsAt(address: string): Promise<readonly string[]> {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`${address}: ${answer.status} ${await answer.text()}`);
  return (await answer.text()).split('\u001e');
}
