/** The dependency direction of docs/architecture.md, section "The house". Run by `npm run deps` inside `npm test`. */
const pure = '^packages/(protocol|routing|steering|ruleset|isolation|conntrack|routes)/src';
module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'pure-imports-pure',
      comment: 'A pure package decides with values: no effects, no app, nothing of node.',
      severity: 'error',
      from: { path: pure },
      to: { path: ['^packages/(netfilter|netlink|kube|mini-apiserver)/', '^apps/'] },
    },
    {
      name: 'pure-has-no-node',
      severity: 'error',
      from: { path: pure },
      to: { dependencyTypes: ['core'] },
    },
    { name: 'packages-import-no-app', severity: 'error', from: { path: '^packages/' }, to: { path: '^apps/' } },
    {
      name: 'apps-stand-alone',
      severity: 'error',
      from: { path: '^apps/([^/]+)/' },
      to: { path: '^apps/([^/]+)/', pathNot: '^apps/$1/' },
    },
    {
      name: 'browser-sees-protocol-only',
      comment: 'Browser code may not pull in server packages.',
      severity: 'error',
      from: { path: '^apps/dashboard/(src|app)/' },
      to: { path: ['^packages/(?!protocol/)', '^apps/dashboard/server/'], dependencyTypes: ['core', 'local'] },
    },
    {
      name: 'browser-has-no-packages-but-protocol',
      severity: 'error',
      from: { path: '^apps/dashboard/(src|app)/' },
      to: { path: '^packages/(?!protocol/)' },
    },
    { name: 'not-to-test', severity: 'error', from: { pathNot: '/test/' }, to: { path: '/test/' } },
    { name: 'not-to-unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    parser: 'swc',
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    exclude: { path: ['\\.next/', 'testdata/', 'node_modules/'] },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default'] },
  },
};
