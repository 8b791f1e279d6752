import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';
import { Command, Option } from 'commander';

/** Clusters that are made to be thrown away. */
const DISPOSABLE = /^(kind|k3d|minikube)(-|$)/;

const command = new Command('npm run test:cluster --')
  .description(
    'Tries manifests, roles, definitions, admission policies and watches against a real API server. Nothing is installed: it makes a\n' +
      'namespace kubecity-test-…, roles and policies of the same name, and the definitions of overrides where they are not there\n' +
      'yet; at the end it removes all of it. The policies are about that namespace, but for a minute a ClusterRoutingOverride\n' +
      'without a reason is refused in the whole cluster.\n\n' +
      '  kind create cluster && npm run test:cluster',
  )
  .addOption(
    new Option('--kubeconfig <file>', 'cluster to use').env('KUBECONFIG').default(join(homedir(), '.kube/config')),
  )
  .option('--context <name>', 'of the kubeconfig; its current one when absent')
  .option('--yes', 'also on a cluster that is not called kind-…, k3d-… or minikube', false)
  .argument('[words...]', 'only the files whose names have one of these')
  .parse();
const { context, yes, ...given } = command.opts<{ kubeconfig: string; context?: string; yes: boolean }>();
/** The variable may name several; they are not joined here. */
const [kubeconfig = ''] = given.kubeconfig.split(delimiter);

const config = new KubeConfig();
try {
  config.loadFromFile(kubeconfig);
} catch (error) {
  command.error(`error: ${kubeconfig}: ${(error as Error).message}; give one with --kubeconfig`);
}
const name = context ?? config.getCurrentContext();
if (!config.getContextObject(name))
  command.error(`error: ${kubeconfig} has no context ${name}; give one with --context`);
if (!DISPOSABLE.test(name) && !yes) {
  command.error(
    `error: the context ${name} may be a cluster that somebody needs; say --yes if it is not, or choose one with --context`,
  );
}

process.stdout.write(`Trying ${name} (${config.getCurrentCluster()?.server ?? kubeconfig})\n`);
const words = command.args.length > 0 ? command.args.map((word) => `cluster/${word}`) : ['cluster/'];
// one file after the other: the definitions are the cluster's, and whoever made them removes them
const child = spawn('vitest', ['run', '--dir', 'deploy', '--no-file-parallelism', ...words], {
  stdio: 'inherit',
  cwd: join(import.meta.dirname, '..'),
  env: { ...process.env, KUBECITY_TEST_KUBECONFIG: kubeconfig, KUBECITY_TEST_CONTEXT: name },
});
const [code] = await once(child, 'exit');
process.exitCode = code ?? 1;
