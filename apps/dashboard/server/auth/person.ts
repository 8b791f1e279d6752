import type { KubeClient } from '@kubecity/kube';
import type { Session } from '@kubecity/protocol';

/** Who asks. What `client` does is done as that person: the cluster's own rules decide. */
export interface Person {
  /** As the cluster knows them; `local admin` in a city without sign-in. */
  readonly user: string;
  readonly groups: readonly string[];
  readonly how: Session['how'];
  readonly client: KubeClient;
}
