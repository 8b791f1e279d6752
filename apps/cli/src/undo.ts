import type { OverrideChange } from '@kubecity/kube';
import type { Connection } from './connection.ts';
import { knownChanges } from './direct.ts';
import { Failure } from './failure.ts';
import { readTrail } from './trail.ts';

/** What is asked of a change to find it. */
type Told = Pick<OverrideChange, 'id' | 'who' | 'namespace' | 'name' | 'of'> & { readonly what: string };

/**
 * The change that is meant: by its own name, as the newest of `override/NAME` or `cluster-override/NAME`, or without a word
 * as the newest of this person. What was taken back already, and what took it back, is passed over.
 * @throws Failure
 */
export async function changeToUndo(text: string | undefined, connection: Connection): Promise<string> {
  const named = /^(override|ro|cluster-override|cro)\/(.+)$/.exec(text ?? '');
  if (text !== undefined && !named) return text;
  const { changes, user } = connection.steersThroughDashboard
    ? await ofDashboard(connection)
    : await ofCluster(connection);
  if (!named) return newest(changes, ({ who }) => who === user, `by ${user}`);
  const [, kind = '', name = ''] = named;
  const home = kind.startsWith('c') ? undefined : connection.namespace;
  return newest(changes, (change) => change.name === name && change.namespace === home, `of ${text}`);
}

async function ofCluster({ client, namespace }: Connection): Promise<{ changes: readonly Told[]; user: string }> {
  const [changes, { user }] = await Promise.all([knownChanges(client, namespace), client.whoAmI()]);
  return { changes, user };
}

async function ofDashboard(connection: Connection): Promise<{ changes: readonly Told[]; user: string }> {
  const dashboard = await connection.dashboard();
  const { entries: changes } = await readTrail(dashboard);
  return { changes, user: (await dashboard.session()).user };
}

const CHANGES: ReadonlySet<string> = new Set(['create', 'replace', 'delete']);

/** @param changes the newest first */
export function newest(changes: readonly Told[], mine: (change: Told) => boolean, whose: string): string {
  const undone = new Set(changes.flatMap(({ what, of }) => (what === 'undo' && of ? [of] : [])));
  const found = changes.find((change) => CHANGES.has(change.what) && !undone.has(change.id) && mine(change));
  if (found) return found.id;
  const why = 'The API forgets events after an hour; a dashboard (--dashboard) remembers longer.';
  throw new Failure('failure', `There is no change ${whose} that could be taken back. ${why}`);
}
