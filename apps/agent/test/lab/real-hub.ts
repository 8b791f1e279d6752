import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { CityFrame, CityRecord, SteerAnswer, SteerRequest } from '@kubecity/protocol';
import { io, type Socket } from 'socket.io-client';
import type { TruthCity } from './truth-city.ts';

const HUB = fileURLToPath(new URL('../../../dashboard/testing/hub-process.ts', import.meta.url));
const TOKEN = 'a secret of the tests';

/** The dashboard's hub as a process of its own, behind the one that listens; with a screen that shows its overrides. */
export class RealHub {
  readonly #city: TruthCity;
  #child: ChildProcess | undefined;
  #screen: Socket | undefined;
  #starts = 0;
  readonly #overrides = new Map<string, CityRecord<'override'>>();
  /** Phases of drains that were ever shown, by name. */
  readonly #phases = new Map<string, Set<string>>();
  url = '';

  constructor(city: TruthCity) {
    this.#city = city;
  }

  async start(): Promise<void> {
    // One that was killed leaves its socket behind.
    const behind = this.#city.path(`hub-${++this.#starts}.sock`);
    this.#child = this.#city.net.startHere([process.execPath, HUB, this.#city.path('api.sock'), behind, TOKEN]);
    const [line] = await once(createInterface({ input: this.#child.stdout as NodeJS.ReadableStream }), 'line');
    this.url = String(line);
    this.#city.hub.behind = behind;
    this.#screen = io(`${this.url}/map`, { transports: ['websocket'], forceNew: true });
    this.#screen.on('city', ({ ops }: CityFrame) => {
      for (const op of ops) {
        if (op[0] === 'reset') this.#overrides.clear();
        else if (op[0] === 'set' && op[1] === 'override') this.#show(op[2], op[3]);
        else if (op[0] === 'delete' && op[1] === 'override') this.#overrides.delete(op[2]);
      }
    });
  }

  /** Nothing is known of any override until it is there again. */
  async kill(): Promise<void> {
    this.#screen?.close();
    if (this.#child) await this.#city.net.stop(this.#child, 'SIGKILL');
    this.#overrides.clear();
  }

  /** @throws Error while the screen does not show it */
  override(name: string): CityRecord<'override'> {
    const record = [...this.#overrides.values()].find((each) => each.name === name);
    if (!record) throw new Error(`the hub shows no override ${name}`);
    return record;
  }

  /** Whatever a drain was ever shown to be in. */
  phases(name: string): string[] {
    return [...(this.#phases.get(name) ?? [])];
  }

  async steer(request: SteerRequest): Promise<{ readonly status: number; readonly answer: SteerAnswer }> {
    const session = await fetch(`${this.url}/api/v1/session`);
    const { csrf } = (await session.json()) as { readonly csrf: string };
    const response = await fetch(`${this.url}/api/v1/steer`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-kubecity-csrf': csrf },
      body: JSON.stringify(request),
    });
    return { status: response.status, answer: (await response.json()) as SteerAnswer };
  }

  close(): void {
    this.#screen?.close();
  }

  #show(uid: string, record: CityRecord<'override'>): void {
    this.#overrides.set(uid, record);
    if (record.drain) {
      this.#phases.set(record.name, (this.#phases.get(record.name) ?? new Set()).add(record.drain.phase));
    }
  }
}
