import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Attributes } from '../src/auth/attributes.ts';
import { missingRules, type PolicyRule, ruleAllows } from '../src/auth/policy-rule.ts';

const some = (...values: string[]) => fc.subarray(values, { minLength: 1 });
const none = { apiGroups: [], resources: [], resourceNames: [], nonResourceURLs: [] };

const policyRule: fc.Arbitrary<PolicyRule> = fc.oneof(
  fc
    .record({
      verbs: some('*', 'get', 'list'),
      apiGroups: some('*', '', 'apps'),
      resources: some('*', 'pods', 'pods/status', '*/status', 'nodes'),
      resourceNames: fc.subarray(['a', 'b']),
    })
    .map((rule) => ({ ...none, ...rule })),
  fc
    .record({ verbs: some('*', 'get'), nonResourceURLs: some('*', '/apis', '/apis/*') })
    .map((rule) => ({ ...none, ...rule })),
);

/** Every request that the words above can tell apart. */
const requests: Attributes[] = [
  ...['get', 'list', 'delete'].flatMap((verb) =>
    ['', 'apps', 'other'].flatMap((group) =>
      [
        { resource: 'pods' },
        { resource: 'pods', subresource: 'status' },
        { resource: 'pods', subresource: 'log' },
        { resource: 'nodes' },
        { resource: 'nodes', subresource: 'status' },
        { resource: 'other' },
      ].flatMap((what) => [undefined, 'a', 'b', 'c'].map((name) => ({ verb, group, ...what, name }))),
    ),
  ),
  ...['get', 'post'].flatMap((verb) => ['/apis', '/apis/apps', '/logs'].map((path) => ({ verb, path }))),
];

const allowed = (rules: readonly PolicyRule[], request: Attributes) => rules.some((rule) => ruleAllows(rule, request));

test('what is not missing is held: no request passes by the wanted rules alone', () => {
  fc.assert(
    fc.property(fc.array(policyRule, { maxLength: 3 }), fc.array(policyRule, { maxLength: 3 }), (held, wanted) => {
      const missing = missingRules(held, wanted);
      for (const request of requests) {
        if (allowed(wanted, request) && !allowed(held, request))
          expect([request, allowed(missing, request)]).toEqual([request, true]);
      }
      expect(missingRules([...held, ...missing], wanted)).toEqual([]);
    }),
    { seed: 6, numRuns: 400 },
  );
});

test('whoever holds a rule misses nothing of it', () => {
  fc.assert(
    fc.property(fc.array(policyRule, { minLength: 1, maxLength: 4 }), (rules) => {
      expect(missingRules(rules, rules)).toEqual([]);
      expect(missingRules([], rules)).not.toEqual([]);
    }),
    { seed: 6 },
  );
});
