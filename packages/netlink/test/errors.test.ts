import { constants } from 'node:os';
import { expect, test } from 'vitest';
import { conntrackErrors as errors, nftablesErrors } from '../src/errors.ts';

const { EPERM, EINVAL, ENOBUFS } = constants.errno;

test.each([
  [EPERM, 'permission'],
  [EINVAL, 'unsupported'],
  [ENOBUFS, 'system'],
])('errno %i is %s', (errno, code) => {
  expect(errors.errno('dump', errno)).toMatchObject({ operation: 'dump', code, errno });
});

test('the message names subject, operation and the reason', () => {
  expect(errors.errno('dump', EPERM).message).toBe('conntrack dump: operation not permitted (EPERM)');
  expect(nftablesErrors.closed('read').message).toBe('nf_tables read: it is closed');
});

test('a thrown errno is kept, as is the cause; anything else is a system error', () => {
  const denied = Object.assign(new Error('recvmsg failed'), { errno: EPERM });
  expect(errors.caused('open', denied)).toMatchObject({ code: 'permission', errno: EPERM, cause: denied });
  expect(errors.caused('open', 'odd')).toMatchObject({ code: 'system', errno: undefined, cause: 'odd' });
});
