import { beforeEach, describe, expect, it } from 'vitest';
import { latencies, TRIGGER_TIME, TriggerTimes } from '../src/trigger-times.ts';

const START = Date.UTC(2026, 0, 1);
const at = (seconds: number) => START + seconds * 1000;
const slice = (name: string, time?: string, addressType = 'IPv4') => ({
  metadata: { namespace: 'shop', name, ...(time !== undefined && { annotations: { [TRIGGER_TIME]: time } }) },
  addressType,
});
const changed = (seconds: number) => new Date(at(seconds)).toISOString();

let times: TriggerTimes;
beforeEach(() => {
  times = new TriggerTimes(START);
});
const taken = (now: number) => latencies(times.take(), at(now));

describe('trigger times', () => {
  it('give the latency of each change, by family', () => {
    times.set(slice('a', changed(1)));
    times.set(slice('a', changed(3)));
    times.set(slice('b', '2026-01-01T00:00:02.500000001Z', 'IPv6'));
    expect(taken(5)).toEqual([
      { family: 'IPv4', seconds: 4 },
      { family: 'IPv4', seconds: 2 },
      { family: 'IPv6', seconds: 2.5 },
    ]);
    expect(taken(6)).toEqual([]);
  });

  it.each([
    ['before the agent started', slice('a', changed(-1))],
    ['that are not there', slice('a')],
    ['that are no times', slice('a', 'yesterday')],
    ['of host names', slice('a', changed(1), 'FQDN')],
  ])('%s do not count', (_, object) => {
    times.set(object);
    expect(taken(5)).toEqual([]);
  });

  it('count once, although the slice comes by again', () => {
    times.set(slice('a', changed(1)));
    expect(taken(2)).toHaveLength(1);
    times.set(slice('a', changed(1)));
    expect(taken(3)).toEqual([]);
  });

  it('of a deleted slice are forgotten', () => {
    times.set(slice('a', changed(1)));
    times.delete(slice('a'));
    expect(taken(2)).toEqual([]);
  });

  it('wait on when a sync fails', () => {
    times.set(slice('a', changed(1)));
    times.set(slice('gone', changed(1)));
    const failed = times.take();
    times.set(slice('a', changed(2)));
    times.delete(slice('gone'));
    times.giveBack(failed);
    expect(
      taken(4)
        .map(({ seconds }) => seconds)
        .sort(),
    ).toEqual([2, 3]);
  });
});
