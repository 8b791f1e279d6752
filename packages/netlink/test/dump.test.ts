import { constants } from 'node:os';
import type { DumpFilter } from '@kubecity/conntrack';
import { describe, expect, test } from 'vitest';
import { dumpFiltered } from '../src/dump.ts';
import { conntrackErrors } from '../src/errors.ts';

const { EINVAL, EOPNOTSUPP, EPERM } = constants.errno;
const status = { value: 0x20, mask: 0x20 };

/** A kernel that refuses all filters but the family's with an errno, and remembers what it was asked. */
function kernel(errno: number) {
  const asked: DumpFilter[] = [];
  const run = async (filter: DumpFilter) => {
    asked.push(filter);
    const { family: _, ...rest } = filter;
    if (Object.keys(rest).length > 0) throw conntrackErrors.errno('dump', errno);
    return { interrupted: true };
  };
  return { asked, run };
}

describe('a filter that the kernel refuses', () => {
  test.each([EINVAL, EOPNOTSUPP])('is left out, but for the family: errno %i', async (errno) => {
    const { asked, run } = kernel(errno);
    expect(await dumpFiltered({ family: 6, status }, run)).toEqual({ interrupted: true });
    expect(asked).toEqual([{ family: 6, status }, { family: 6 }]);
  });

  test('is a failure when it was refused for another reason', async () => {
    const { asked, run } = kernel(EPERM);
    await expect(dumpFiltered({ status }, run)).rejects.toMatchObject({ code: 'permission' });
    expect(asked).toEqual([{ status }]);
  });

  test('is a failure when there was none', async () => {
    const failure = conntrackErrors.errno('dump', EINVAL);
    const asked: DumpFilter[] = [];
    const run = async (filter: DumpFilter) => {
      asked.push(filter);
      throw failure;
    };
    await expect(dumpFiltered({ family: 4 }, run)).rejects.toBe(failure);
    await expect(dumpFiltered({ family: 4, zone: undefined }, run)).rejects.toBe(failure);
    expect(asked).toHaveLength(2);
    await expect(dumpFiltered({ status }, run), 'refused even without').rejects.toBe(failure);
    expect(asked).toHaveLength(4);
  });
});
