import { type KubeClient, KubeError } from '@kubecity/kube';
import { type Finding, found, ok } from '@kubecity/protocol';
import type { Connection } from '../connection.ts';
import { Failure } from '../failure.ts';
import { checkComponentRights, checkCrds, checkKubeProxyConfig, checkOwnRights, judgeVersion } from './cluster.ts';
import { checkDuties, type Duties, dutiesOnMap } from './duties.ts';
import { judgeVersions, type NodeReport, nodeReport } from './nodes.ts';
import { checkRanges } from './ranges.ts';
import { checkWorkloads } from './workloads.ts';

export interface ClusterReport {
  readonly cluster: readonly Finding[];
  readonly nodes: readonly NodeReport[];
}

/** Looks at the cluster through its API and at the nodes through a dashboard, as far as either is known. */
export async function examine(connection: Connection, node: string | undefined): Promise<ClusterReport> {
  const { findings, nodes, duties } = connection.hasDashboard
    ? await throughDashboard(connection, node)
    : { findings: [noDashboard], nodes: [], duties: {} };
  const ofApi = connection.hasCluster ? await throughApi(connection.client, duties) : [noCluster];
  return { cluster: [...ofApi, ...findings], nodes };
}

async function throughApi(client: KubeClient, duties: Duties): Promise<Finding[]> {
  try {
    const { version } = await client.server();
    const { installed, findings } = await checkWorkloads(client);
    return [
      judgeVersion(version),
      ...(await checkCrds(client)),
      await checkOwnRights(client),
      ...findings,
      // elsewhere they have other names, or no ServiceAccount at all
      ...(installed
        ? [await checkComponentRights(client, 'agent'), await checkComponentRights(client, 'dashboard')]
        : []),
      ...(await checkKubeProxyConfig(client)),
      ...(await checkDuties(client, version, duties)),
      await checkRanges(client),
    ];
  } catch (error) {
    if (!(error instanceof KubeError)) throw error;
    return [
      found('error', 'cluster.reachable', {
        what: error.message,
        why: 'The cluster cannot be looked at; the nodes route on as they were.',
        doThis: 'Look at the kubeconfig, and whether kubectl get nodes answers.',
      }),
    ];
  }
}

async function throughDashboard(connection: Connection, node: string | undefined) {
  try {
    const map = (await connection.dashboard()).map();
    const { version, nodes: answers } = await map.ask({ kind: 'diagnose', node });
    const nodes = answers.map(nodeReport);
    const findings = [
      ok('cluster.map', 'the dashboard answers'),
      judgeVersions(
        version,
        nodes.map((one) => one.version),
      ),
    ];
    return { findings, nodes, duties: dutiesOnMap(map) };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const finding = found('error', 'cluster.map', {
      what: error.message,
      why: 'There is no map, and the nodes cannot be asked.',
      doThis:
        'Look whether it runs, and whether the way to it is open: kubectl -n kubecity port-forward deployment/kubecity-dashboard 8080.',
    });
    return { findings: [finding], nodes: [], duties: {} };
  }
}

const noCluster = found('note', 'cluster.reachable', {
  what: 'no cluster is known',
  why: 'Only what the dashboard says is looked at.',
  doThis: 'Give --kubeconfig, or set KUBECONFIG.',
});

const noDashboard = found('note', 'cluster.map', {
  what: 'no dashboard is known',
  why: 'The nodes are not looked at.',
  doThis:
    'Give --dashboard URL: kubectl -n kubecity port-forward deployment/kubecity-dashboard 8080 makes it http://127.0.0.1:8080. Or look at one node: kubectl -n kubecity exec POD -- kubecity-agent doctor.',
});
