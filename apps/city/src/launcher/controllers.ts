import { type KubeClient, resources, type Watched, watchResource } from '@kubecity/kube';
import type { Logger } from 'pino';
import type { Deployment, Node, Pod } from '../objects.ts';
import { Deployments } from './deployments.ts';
import { Scheduler } from './scheduler.ts';

export interface ControllersOptions {
  readonly client: KubeClient;
  readonly seed: number;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

/** The part of kube-controller-manager and kube-scheduler that a city needs, over one watch for each kind. */
export function runControllers({ client, seed, logger, signal }: ControllersOptions): void {
  const failed = (error: Error) => logger.error({ error: error.message }, 'controller failed');
  const deployments = new Deployments(client, seed, failed);
  const scheduler = new Scheduler(client, failed);

  function follow<T extends Watched>(
    resource: (typeof resources)[keyof typeof resources],
    set: (object: T) => void,
    remove: (object: T) => void,
  ): void {
    watchResource<T>(client, {
      resource,
      set,
      delete: remove,
      synced: () => {},
      state: (_, error) => error && failed(error),
      signal,
    });
  }
  follow<Node>(
    resources.nodes,
    (node) => scheduler.setNode(node),
    (node) => scheduler.deleteNode(node),
  );
  follow<Deployment>(
    resources.deployments,
    (deployment) => deployments.setDeployment(deployment),
    (deployment) => deployments.deleteDeployment(deployment),
  );
  follow<Pod>(
    resources.pods,
    (pod) => {
      scheduler.setPod(pod);
      deployments.setPod(pod);
    },
    (pod) => {
      scheduler.deletePod(pod);
      deployments.deletePod(pod);
    },
  );
}
