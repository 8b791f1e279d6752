import { ensureCrd, type KubeClient, resources } from '@kubecity/kube';
import type { CityPlan } from '../plan/city-plan.ts';
import { deploymentManifests, namespaceManifests, nodeManifest, serviceManifest } from '../plan/manifests.ts';

/** Writes the plan into an empty API server. Services one after another: so the same city has the same cluster IPs. */
export async function createObjects(client: KubeClient, plan: CityPlan): Promise<void> {
  await Promise.all([
    ensureCrd(client),
    ...plan.nodes.map((node) => client.create(resources.nodes, nodeManifest(node))),
    ...namespaceManifests(plan).map((namespace) => client.create(resources.namespaces, namespace)),
  ]);
  for (const service of plan.services) {
    await client.create(resources.services, serviceManifest(service));
    for (const deployment of deploymentManifests(service)) await client.create(resources.deployments, deployment);
  }
}
