import { constants } from 'node:os';
import { expect, test } from 'vitest';
import { causedError, errnoError } from '../src/errors.ts';

const { EPERM, EINVAL, ENOBUFS } = constants.errno;

test.each([
  [EPERM, 'permission'],
  [EINVAL, 'unsupported'],
  [ENOBUFS, 'system'],
])('errno %i is %s', (errno, code) => {
  expect(errnoError('dump', errno)).toMatchObject({ operation: 'dump', code, errno });
});

test('the message names the operation and the reason', () => {
  expect(errnoError('dump', EPERM).message).toBe('conntrack dump: operation not permitted (EPERM)');
});

test('a thrown errno is kept, as is the cause; anything else is a system error', () => {
  const denied = Object.assign(new Error('recvmsg failed'), { errno: EPERM });
  expect(causedError('open', denied)).toMatchObject({ code: 'permission', errno: EPERM, cause: denied });
  expect(causedError('open', 'odd')).toMatchObject({ code: 'system', errno: undefined, cause: 'odd' });
});
