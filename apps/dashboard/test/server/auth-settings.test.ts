import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AuthFlags, authSettings } from '../../server/auth/auth-settings.ts';
import { parseWays } from '../../server/options.ts';

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'kubecity-settings-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

const file = (name: string, text: string) => {
  const path = join(directory, name);
  writeFileSync(path, text);
  return path;
};
const FLAGS: AuthFlags = {
  auth: ['token'],
  sessionIdleHours: 8,
  sessionHours: 24,
  oidcScopes: 'openid',
  oidcActsAs: 'token',
  oidcUsernameClaim: 'sub',
  oidcUsernamePrefix: '',
  oidcGroupsClaim: 'groups',
  oidcGroupsPrefix: '',
};
const OIDC: Partial<AuthFlags> = {
  auth: ['oidc'],
  publicUrl: new URL('https://kubecity.example'),
  oidcIssuer: new URL('https://issuer.example'),
  oidcClientId: 'kubecity',
};
const settings = (flags: Partial<AuthFlags>, host = '0.0.0.0', kubeSocket?: string) =>
  authSettings({ ...FLAGS, ...flags }, { host, kubeSocket });

test('without sign-in it listens beyond this machine only where its container is published on loopback', () => {
  const flags: AuthFlags = { ...FLAGS, auth: ['local'] };
  expect(() => authSettings(flags, { host: '0.0.0.0' })).toThrow('--auth local asks nobody');
  expect(authSettings(flags, { host: '0.0.0.0', publishedOnLoopback: true }).ways).toEqual(['local']);
});

test('with sign-in it may listen beyond this machine, without it may not', () => {
  expect(settings({}).ways).toEqual(['token']);
  expect(settings({ auth: ['local'] }, '127.0.0.1').ways).toEqual(['local']);
  for (const host of ['0.0.0.0', '::', '127.evil.example']) {
    expect(() => settings({ auth: ['local'] }, host)).toThrow(/other machines.*--auth token, oidc or proxy/);
  }
});

test.each<[string, Partial<AuthFlags>, string | undefined, RegExp]>([
  ['local beside another way', { auth: ['local', 'token'] }, undefined, /--auth local lets everybody in/],
  ['a token over a Unix socket', {}, '/run/api.sock', /no token proves anything/],
  ['an ID token over a Unix socket', OIDC, '/run/api.sock', /no token proves anything/],
  ['OIDC without an address', { ...OIDC, publicUrl: undefined }, undefined, /--public-url/],
  ['OIDC without an issuer', { ...OIDC, oidcIssuer: undefined }, undefined, /--oidc-issuer/],
  ['a proxy without a secret', { auth: ['proxy'] }, undefined, /--proxy-secret-file/],
])('%s is refused, and it says which flag', (_what, flags, kubeSocket, words) => {
  expect(() => settings(flags, '127.0.0.1', kubeSocket)).toThrow(words);
});

test('secrets come from files, long enough', () => {
  const proxySecretFile = file('proxy', `${'s'.repeat(32)}\n`);
  expect(settings({ auth: ['proxy', 'token'], proxySecretFile }).proxySecret).toBe('s'.repeat(32));
  expect(() => settings({ auth: ['proxy'], proxySecretFile: file('short', 'secret') })).toThrow(/at least 32/);
  const oidcClientSecretFile = file('client', 'x\n');
  expect(settings({ ...OIDC, oidcClientSecretFile }).oidc).toMatchObject({ clientSecret: 'x', actsAs: 'token' });
  expect(settings({ ...OIDC, oidcActsAs: 'impersonate' }, '::', '/run/api.sock').oidc?.clientSecret).toBeUndefined();
});

test('ways are a list of known names', () => {
  expect(parseWays('token, oidc,token')).toEqual(['token', 'oidc']);
  for (const bad of ['', 'password', 'token,']) expect(() => parseWays(bad)).toThrow(/local, token, oidc, proxy/);
});
