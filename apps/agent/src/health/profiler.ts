import type { Session } from 'node:inspector/promises';
import { setTimeout } from 'node:timers/promises';

/** `cpu`: where time goes, a .cpuprofile. `heap`: what was allocated meanwhile and is still held, a .heapprofile. */
export type ProfileKind = 'cpu' | 'heap';

/** Takes V8's profiles of this very process, one at a time. */
export class Profiler {
  #busy = false;

  get busy(): boolean {
    return this.#busy;
  }

  /**
   * @returns what Chrome's developer tools open, as an object
   * @throws Error when one is being taken already, when Node has no inspector, or when `signal` aborts
   */
  async take(kind: ProfileKind, milliseconds: number, signal: AbortSignal): Promise<object> {
    if (this.#busy) throw new Error('another profile is being taken');
    this.#busy = true;
    try {
      // Only now, since a Node that was built without the inspector runs the agent all the same.
      const { Session } = await import('node:inspector/promises');
      const session = new Session();
      session.connect();
      try {
        const pause = () => setTimeout(milliseconds, undefined, { signal });
        return await (kind === 'cpu' ? cpuProfile(session, pause) : heapProfile(session, pause));
      } finally {
        session.disconnect();
      }
    } finally {
      this.#busy = false;
    }
  }
}

async function cpuProfile(session: Session, pause: () => Promise<void>): Promise<object> {
  await session.post('Profiler.enable');
  await session.post('Profiler.start');
  await pause();
  return (await session.post('Profiler.stop')).profile;
}

async function heapProfile(session: Session, pause: () => Promise<void>): Promise<object> {
  await session.post('HeapProfiler.enable');
  await session.post('HeapProfiler.startSampling');
  await pause();
  return (await session.post('HeapProfiler.stopSampling')).profile;
}
