import { IsolationCompiler, IsolationTracker } from '@kubecity/isolation';
import { type Ipset, inTime, type Netfilter, type RestoreText } from '@kubecity/netfilter';
import { FakeIpset, FakeNetfilter } from '@kubecity/netfilter/testing';
import { changesOf, diff, EMPTY_KERNEL, parseSaveAll, stateOf } from '@kubecity/ruleset';
import { describe, expect, it } from 'vitest';
import { IsolationSync } from '../../src/isolation/isolation-sync.ts';
import { writeIsolation } from '../../src/isolation/isolation-writer.ts';

/** A kernel that says in `log` when what comes to it; `fill` answers for the second text that the set tool is given. */
class Doors {
  readonly log: string[] = [];
  readonly kernel = new FakeNetfilter();
  readonly sets = new FakeIpset();
  fill: () => Promise<unknown> = async () => {};
  #texts = 0;

  readonly ipset: Ipset = {
    list: () => this.sets.list(),
    save: () => this.sets.save(),
    holding: (asked) => this.sets.holding(asked),
    restore: async (text) => {
      const isFill = ++this.#texts === 2;
      this.log.push(isFill ? 'fill begins' : `sets ${this.#texts}`);
      if (isFill) await this.fill();
      const done = await this.sets.restore(text);
      this.log.push(isFill ? 'filled' : 'done');
      return done;
    },
  };

  readonly netfilter: Netfilter = {
    save: (table) => this.kernel.save(table),
    list: (table, chains) => this.kernel.list(table, chains),
    listCounted: (table, chains) => this.kernel.listCounted(table, chains),
    restore: async (text) => {
      let commits = 0;
      let portion = '';
      for await (const piece of inTime(text)) {
        for (const line of piece.split(/(?<=\n)/)) {
          portion += line;
          if (line !== 'COMMIT\n') continue;
          this.log.push(/^-I /m.test(portion) ? 'jumps' : 'rules');
          commits += await this.kernel.restore(portion);
          portion = '';
        }
      }
      return commits;
    },
  };

  async jumps(): Promise<readonly string[]> {
    return parseSaveAll(await this.kernel.save()).jumps.filter;
  }
}

/** `pods` of this node, each of which lets one other in. */
function city(pods: number) {
  const tracker = new IsolationTracker('here');
  const compiler = new IsolationCompiler({ family: 'IPv4', refusal: 'drop', closedRanges: ['10.244.1.0/24'] });
  const pod = (name: string, app: string, node: string, podIP: string) =>
    tracker.setPod({
      metadata: { name, labels: { app } },
      spec: { nodeName: node },
      status: { phase: 'Running', podIP },
    });
  for (let i = 1; i <= pods; i++) {
    pod(`to-${i}`, `to-${i}`, 'here', `10.244.1.${i}`);
    pod(`from-${i}`, `from-${i}`, 'there', `10.244.2.${i}`);
    tracker.setPolicy({
      metadata: { name: `policy-${i}` },
      spec: {
        podSelector: { matchLabels: { app: `to-${i}` } },
        ingress: [{ from: [{ podSelector: { matchLabels: { app: `from-${i}` } } }] }],
      },
    });
  }
  return { tracker, compiler };
}

/** A promise, and who fulfils it. */
const held = () => Promise.withResolvers<void>();

describe('what is written first', () => {
  it('is rules while sets are filled, and the jumps when all of them are full', async () => {
    const doors = new Doors();
    const { tracker, compiler } = city(3);
    const { promise, resolve } = held();
    doors.fill = () => promise;
    const { sets } = compiler.update(tracker.take());
    const { ruleset } = compiler;
    const rules = diff(EMPTY_KERNEL, stateOf(ruleset));
    const written = writeIsolation({ rules, sets, ruleset }, doors.ipset, (render) =>
      doors.netfilter.restore(render(rules)),
    );
    await expect.poll(() => doors.log).toContain('rules');
    // As long as that takes: whatever could go on has gone on.
    for (let turn = 0; turn < 50; turn++) await new Promise(setImmediate);
    expect(doors.log).toEqual(['sets 1', 'done', 'fill begins', 'rules']);
    expect(await doors.jumps()).toEqual([]);
    resolve();
    expect(await written).toBe(2);
    expect(doors.log.slice(-2)).toEqual(['filled', 'jumps']);
    expect(await doors.jumps()).toEqual(['FORWARD -j CITY-ISOLATION']);
    expect((await doors.sets.save()).match(/^add /gm)).toHaveLength(6);
  });

  it('leaves no jump where a set cannot be filled, says why, and blames no gate; the next sync mends it', async () => {
    const doors = new Doors();
    const { tracker, compiler } = city(3);
    doors.fill = () => doors.sets.restore('add CITY-NOWHERE 10.244.2.1\n');
    const sync = new IsolationSync({ compiler, netfilter: doors.netfilter, ipset: doors.ipset, now: () => 0 });
    sync.take(tracker.take());
    const run = () => sync.sync(() => doors.sets.save());
    await expect(run()).rejects.toMatchObject({ line: 'add CITY-NOWHERE 10.244.2.1' });
    expect(doors.log).toEqual(['sets 1', 'done', 'fill begins', 'rules']);
    expect(await doors.jumps()).toEqual([]);
    const result = await run();
    expect([result.closed, await doors.jumps()]).toEqual([undefined, ['FORWARD -j CITY-ISOLATION']]);
    expect((await doors.sets.save()).match(/^add /gm)).toHaveLength(6);
  });

  it('is filled sets where our jumps stand already', async () => {
    const doors = new Doors();
    const { tracker, compiler } = city(1);
    const write = async (started: boolean) => {
      const { sets, chains } = compiler.update(tracker.take());
      const { ruleset } = compiler;
      const rules = started ? changesOf(ruleset, chains) : diff(EMPTY_KERNEL, stateOf(ruleset));
      const restore = (text: RestoreText) => doors.netfilter.restore(text);
      await writeIsolation({ rules, sets, ruleset }, doors.ipset, (render) => restore(render(rules)));
    };
    await write(false);
    tracker.setPolicy({
      metadata: { name: 'more' },
      spec: {
        podSelector: { matchLabels: { app: 'to-1' } },
        ingress: [{ from: [{ podSelector: { matchLabels: { app: 'to-1' } } }] }],
      },
    });
    doors.log.length = 0;
    await write(true);
    expect(doors.log).toEqual(['sets 3', 'done', 'rules']);
  });
});
