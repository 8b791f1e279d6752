import { describe, expect, it } from 'vitest';
import { errorOf } from '../src/error.ts';

const exit = (status: number | null, stderr: string, more = {}) => ({
  operation: 'iptables-restore',
  status,
  stderr,
  input: 'a\nb\nc\n',
  ...more,
});

describe('errorOf', () => {
  it.each([
    ['missing-tool', exit(null, '', { cause: Object.assign(new Error('spawn'), { code: 'ENOENT' }) })],
    ['timeout', exit(null, '')],
    ['busy', exit(4, 'Another app is currently holding the xtables lock; still 3s left')],
    [
      'permission',
      exit(
        4,
        'iptables-restore v1.8.9 (nf_tables): Could not fetch rule set generation id: Permission denied (you must be root)',
      ),
    ],
    ['refused', exit(2, "iptables-restore v1.8.9 (nf_tables): Couldn't load match `lock'\nError occurred at line: 2")],
    ['refused', exit(1, 'iptables-restore: line 2 failed')],
  ])('says %s', (code, given) => {
    expect(errorOf(given)).toMatchObject({ code, operation: 'iptables-restore' });
  });

  it('shows the line that failed', () => {
    expect(errorOf(exit(1, 'iptables-restore: line 2 failed'))).toMatchObject({
      line: 'b',
      message: expect.stringContaining('(at: b)'),
    });
  });
});
