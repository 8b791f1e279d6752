import { type KubeClient, resources } from '@kubecity/kube';
import type { Connection } from './connection.ts';
import { EXIT } from './failure.ts';
import { type Format, tellData } from './output.ts';
import type { Terminal } from './terminal.ts';

interface Identity {
  readonly user: string;
  readonly groups: readonly string[];
  /** By which way: of a dashboard, how it knows. */
  readonly how: string;
  /** Namespaces in which this person may steer; `all` includes objects of the whole cluster. */
  readonly maySteer: 'all' | readonly string[];
}

export async function whoAmI(connection: Connection, format: Format, terminal: Terminal): Promise<number> {
  const identity = connection.steersThroughDashboard
    ? await (await connection.dashboard()).session()
    : await ofCluster(connection.client, connection.namespace);
  const { user, groups, maySteer } = identity;
  if (format === 'json' || format === 'yaml') tellData(identity, format, terminal);
  else if (format === 'name') terminal.out(`user/${user}`);
  else {
    const places = maySteer === 'all' ? 'everywhere' : maySteer.length === 0 ? 'nowhere' : maySteer.join(', ');
    terminal.out(`User        ${user}\nGroups      ${groups.join(', ') || 'none'}\nMay steer   ${places}`);
  }
  return EXIT.done;
}

async function ofCluster(client: KubeClient, namespace: string): Promise<Identity> {
  const may = async (resource: { group: string; plural: string }, namespace?: string) => {
    const answers = await Promise.all(
      ['create', 'update', 'delete'].map((verb) =>
        client.selfAccess({ verb, group: resource.group, resource: resource.plural, namespace }),
      ),
    );
    return answers.every(({ allowed }) => allowed);
  };
  const { routingOverrides, clusterRoutingOverrides } = resources;
  const [{ user, groups }, everywhere, ofCluster, here] = await Promise.all([
    client.whoAmI(),
    may(routingOverrides),
    may(clusterRoutingOverrides),
    may(routingOverrides, namespace),
  ]);
  return { user, groups, how: 'kubernetes', maySteer: everywhere && ofCluster ? 'all' : here ? [namespace] : [] };
}
