import type { IncomingMessage } from 'node:http';
import { expect, test } from 'vitest';
import { LOCAL } from '../../server/auth/auth-settings.ts';
import { Caller } from '../../server/auth/caller.ts';

const proxySecret = 's'.repeat(32);
const shown = { 'x-kubecity-proxy-secret': proxySecret };
const caller = (socket: object, headers: object = {}, publicUrl?: URL) =>
  new Caller({ socket, headers } as unknown as IncomingMessage, {
    ...LOCAL,
    ways: ['token', 'proxy'],
    publicUrl,
    proxySecret,
  });
const far = { remoteAddress: '::ffff:192.0.2.7' };

test('in the clear nobody signs in from another machine', () => {
  expect(() => caller(far).requireSecure()).toThrow(/over https only/);
  for (const remoteAddress of ['127.0.0.1', '::1', '::ffff:127.0.0.1']) caller({ remoteAddress }).requireSecure();
  caller({ ...far, encrypted: true }).requireSecure();
  caller(far, {}, new URL('https://kubecity.example')).requireSecure();
  expect(() => caller(far, {}, new URL('http://kubecity.example')).requireSecure()).toThrow(/https/);
});

test('what a proxy says of the way to it counts when it proves itself', () => {
  const says = { 'x-forwarded-proto': 'https', 'x-forwarded-for': '203.0.113.1, 198.51.100.2' };
  expect(caller(far, says)).toMatchObject({ secure: false, address: '192.0.2.7' });
  // the last address is the proxy's own word; those before it came with the request
  expect(caller(far, { ...says, ...shown })).toMatchObject({ secure: true, address: '198.51.100.2' });
  expect(caller(far, { ...says, 'x-kubecity-proxy-secret': 'x' })).toMatchObject({
    secure: false,
    address: '192.0.2.7',
  });
});
