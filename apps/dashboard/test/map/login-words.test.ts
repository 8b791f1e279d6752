import { REFUSALS } from '@kubecity/protocol';
import { expect, it } from 'vitest';
import { SESSION_ENDS } from '../../server/auth/session.ts';
import { localPath } from '../../server/http-answer.ts';
import { whyWords } from '../../src/ui/login/why-words.ts';

it('the login page has words for every end of a session, and for what the gate refuses', () => {
  const gate = ['unauthenticated', 'forbidden', 'rate-limited', 'api-unavailable'] as const;
  expect(REFUSALS).toEqual(expect.arrayContaining([...gate]));
  const words = [...SESSION_ENDS, ...gate].map(whyWords);
  expect(words.every((text) => text !== undefined && text.length > 10)).toBe(true);
  expect([whyWords(null), whyWords('<script>'), whyWords('constructor')]).toEqual([undefined, undefined, undefined]);
});

it.each([
  ['/?lens=nodes&selected=pod~x', '/?lens=nodes&selected=pod~x'],
  ['/a/../b', '/b'],
  [null, '/'],
  ['', '/'],
  ['map', '/'],
  ['//evil.example/x', '/'],
  ['/\\evil.example', '/'],
  ['/\t/evil.example', '/'],
  ['https://evil.example', '/'],
  ['javascript:alert(1)', '/'],
])('after signing in, %j leads to %s', (to, path) => {
  expect(localPath(to)).toBe(path);
});
