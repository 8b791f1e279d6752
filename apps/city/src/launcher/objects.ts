import { ensureCrd, type KubeClient, resources } from '@kubecity/kube';
import type { CityPlan } from '../plan/city-plan.ts';
import {
  clientManifest,
  deploymentManifests,
  namespaceManifests,
  nodeManifest,
  serviceManifest,
} from '../plan/manifests.ts';
import { policyManifests } from '../plan/policies.ts';

/**
 * Writes the plan into an empty API server: policies before the pods that they close, and Services one after another, so
 * that the same city has the same cluster IPs.
 */
export async function createObjects(client: KubeClient, plan: CityPlan): Promise<void> {
  await Promise.all([
    ensureCrd(client),
    ...plan.nodes.map((node) => client.create(resources.nodes, nodeManifest(node))),
    ...namespaceManifests(plan).map((namespace) => client.create(resources.namespaces, namespace)),
  ]);
  await Promise.all(policyManifests(plan).map((policy) => client.create(resources.networkPolicies, policy)));
  for (const service of plan.services) {
    await client.create(resources.services, serviceManifest(service));
    for (const deployment of deploymentManifests(service)) await client.create(resources.deployments, deployment);
  }
  for (const one of plan.clients) await client.create(resources.deployments, clientManifest(one));
}
