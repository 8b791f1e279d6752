import type { SteerAnswer, SteerRequest } from '@kubecity/protocol';
import { describe, expect, it } from 'vitest';
import { Previewing, type PreviewState } from '../../src/live/previewing.ts';

/** A hub that answers when the test says so; undefined: the connection is lost before. */
function bench() {
  const asked: SteerRequest[] = [];
  const states: PreviewState[] = [];
  const answers: ((answer: SteerAnswer | undefined) => void)[] = [];
  const previewing = new Previewing(
    (request) => {
      asked.push(request);
      return new Promise((answer) => answers.push(answer));
    },
    (state) => states.push(state),
  );
  return {
    previewing,
    asked: () => asked.map((request) => ('change' in request ? request.change : undefined)),
    dry: () => asked.every(({ dryRun }) => dryRun),
    /** Answers the oldest open question, and lets it be heard. */
    async answer(of: SteerAnswer | undefined) {
      answers.shift()?.(of);
      await new Promise((done) => setImmediate(done));
    },
    last: () => states.at(-1),
  };
}

const wish = (name: string) => ({ key: name, request: { action: 'undo' as const, change: name } });
const yes = (message: string): SteerAnswer => ({ ok: true, message, remarks: [], seen: '' });

describe('a preview', () => {
  it('is asked as a dry run, and once for each request', async () => {
    const hub = bench();
    hub.previewing.want(wish('a'));
    void hub.previewing.begin();
    await hub.answer(yes('a'));
    expect(hub.last()).toEqual({ asking: false, answer: yes('a'), of: 'a' });
    void hub.previewing.begin();
    expect(hub.asked()).toEqual(['a']);
    expect(hub.dry()).toBe(true);
  });

  it('waits for the one under way, and only the newest waits; its rest over, it is not asked a second time', async () => {
    const hub = bench();
    hub.previewing.want(wish('a'));
    void hub.previewing.begin();
    hub.previewing.want(wish('b'));
    hub.previewing.want(wish('c'));
    void hub.previewing.begin();
    expect(hub.asked()).toEqual(['a']);
    await hub.answer(yes('a'));
    await hub.answer(yes('c'));
    void hub.previewing.begin();
    expect(hub.asked()).toEqual(['a', 'c']);
    expect(hub.last()).toEqual({ asking: false, answer: yes('c'), of: 'c' });
  });

  it('that was lost with the connection is no answer, and is asked anew with the next', async () => {
    const hub = bench();
    hub.previewing.want(wish('a'));
    void hub.previewing.begin();
    hub.previewing.forget();
    await hub.answer(undefined);
    expect(hub.last()).toEqual({ asking: false });
    hub.previewing.want(wish('a'));
    void hub.previewing.begin();
    await hub.answer(yes('again'));
    expect(hub.asked()).toEqual(['a', 'a']);
    expect(hub.last()).toEqual({ asking: false, answer: yes('again'), of: 'a' });
  });

  it('answered over a connection that is gone is shown as old, and asked anew', async () => {
    const hub = bench();
    hub.previewing.want(wish('a'));
    void hub.previewing.begin();
    await hub.answer(yes('before'));
    hub.previewing.forget();
    expect(hub.last()).toEqual({ asking: false, answer: yes('before'), of: undefined });
    void hub.previewing.begin();
    expect(hub.asked()).toEqual(['a']);
    hub.previewing.want(wish('a'));
    void hub.previewing.begin();
    expect(hub.asked()).toEqual(['a', 'a']);
  });
});
