import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, isKubeError, resources, watchResource } from '@kubecity/kube';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { type Grounds, kinds, openGrounds } from './grounds.ts';

interface Named {
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly labels?: Record<string, string> };
}

let grounds: Grounds;
let folder: string;
beforeAll(async () => {
  grounds = await openGrounds();
  folder = mkdtempSync(join(tmpdir(), 'kubecity-watches-'));
});
afterAll(async () => {
  await grounds.close();
  rmSync(folder, { recursive: true });
});

const make = (name: string, labels: Record<string, string> = { case: 'watches' }) =>
  grounds.admin.create(kinds.configMaps, { metadata: { namespace: grounds.namespace, name, labels } });

/** ConfigMaps of these cases as a watch has them, for as long as the test runs. */
function followed(options: { onTestFinished: (end: () => void) => void }) {
  const stop = new AbortController();
  options.onTestFinished(() => stop.abort());
  const held = new Set<string>();
  const errors: string[] = [];
  watchResource<Named>(grounds.admin, {
    resource: kinds.configMaps,
    namespace: grounds.namespace,
    labelSelector: 'case=watches',
    set: ({ metadata }) => void held.add(metadata.name),
    delete: ({ metadata }) => void held.delete(metadata.name),
    synced: () => {},
    state: (_state, error) => error && errors.push(isKubeError(error, 'gone') ? 'gone' : error.message),
    signal: stop.signal,
  });
  return { names: () => [...held].sort(), errors };
}
const soon = <T>(read: () => T) => expect.poll(read, { timeout: 60_000, interval: 20 });

test('pages make the same list as one answer', async () => {
  for (let n = 0; n < 7; n++) await make(`page-${n}`, { case: 'pages' });
  const options = { namespace: grounds.namespace, labelSelector: 'case=pages' };
  const [paged, whole] = [
    await grounds.admin.list<Named>(kinds.configMaps, { ...options, limit: 3 }),
    await grounds.admin.list<Named>(kinds.configMaps, options),
  ];
  const names = ({ items }: { items: Named[] }) => items.map(({ metadata }) => metadata.name).sort();
  expect(names(paged)).toEqual(names(whole));
  expect(names(whole)).toHaveLength(7);
});

test('a version that the server has forgotten is gone, not silence', async ({ skip }) => {
  const { admin, namespace, mini } = grounds;
  await make('forgotten');
  mini?.forget();
  const from = async () => {
    const watch = await admin.watch<Named>(kinds.configMaps, { namespace, resourceVersion: '1', timeoutSeconds: 1 });
    for await (const _event of watch) return 'an event';
    return 'an end';
  };
  const end = await from().catch((error: unknown) => (isKubeError(error, 'gone') ? 'gone' : error));
  // a server that is young may remember everything
  if (end === 'an event' && !mini) return skip('this server still knows its first version');
  expect(end).toBe('gone');
});

test('a watch goes on over broken connections and forgotten versions, and misses nothing', async ({
  skip,
  onTestFinished,
}) => {
  const { mini, admin, namespace } = grounds;
  if (!mini) return skip('connections of a whole server are cut only where nobody else is');
  const { names, errors } = followed({ onTestFinished });
  await make('first');
  await soon(names).toEqual(['first', 'forgotten']);
  mini.cut();
  await make('second').catch(() => make('second'));
  await soon(names).toEqual(['first', 'forgotten', 'second']);
  await admin.delete(kinds.configMaps, { namespace, name: 'first' });
  mini.forget();
  mini.cut();
  await soon(names).toEqual(['forgotten', 'second']);
  expect(errors.length).toBeGreaterThan(1);
});

test('a token that another one takes the place of in its file is used without a restart', async () => {
  const { cluster, namespace } = {
    cluster: [{ apiGroups: [''], resources: ['pods'], verbs: ['list'] }],
    namespace: [],
  };
  await grounds.become({ cluster, namespace });
  const account = `${grounds.namespace}-1`;
  // biome-ignore lint/suspicious/noExplicitAny: a kubeconfig
  const config: any = parse(readFileSync(grounds.kubeconfig, 'utf8'));
  const current = grounds.context ?? config['current-context'];
  const { context } = config.contexts.find(({ name }: { name: string }) => name === current);
  const tokenFile = join(folder, 'token');
  config.users = [{ name: 'rotating', user: { tokenFile } }];
  config.contexts = [{ name: 'rotating', context: { cluster: context.cluster, user: 'rotating' } }];
  config['current-context'] = 'rotating';
  const kubeconfig = join(folder, 'kubeconfig');
  writeFileSync(kubeconfig, stringify(config), { mode: 0o600 });
  writeFileSync(tokenFile, 'a token that was good once');
  const client = connect({ kubeconfig });
  await expect(client.list(resources.pods, { limit: 1 })).rejects.toMatchObject({ code: 'unauthorized' });
  writeFileSync(tokenFile, await grounds.token(account));
  await client.list(resources.pods, { limit: 1 });
  writeFileSync(tokenFile, await grounds.token(account));
  expect((await client.whoAmI()).user).toBe(`system:serviceaccount:${grounds.namespace}:${account}`);
  await client.close();
});
