import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { Failure } from './failure.ts';

const kubeconfigFile = z.object({
  'current-context': z.string().nullish(),
  contexts: z
    .array(z.object({ name: z.string(), context: z.object({ namespace: z.string().nullish() }).nullish() }))
    .nullish(),
});

/** The namespace that a context of a kubeconfig prefers; undefined where it says none. @throws Failure */
export function preferredNamespace(file: string, context: string | undefined): string | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new Failure('failure', `The kubeconfig ${file} cannot be read: ${(cause as Error).message}`, cause);
  }
  const parsed = kubeconfigFile.safeParse(parsedYaml(file, text));
  if (!parsed.success) throw new Failure('failure', `${file} is no kubeconfig: ${z.prettifyError(parsed.error)}`);
  const { 'current-context': current, contexts } = parsed.data;
  const chosen = context ?? current;
  return contexts?.find(({ name }) => name === chosen)?.context?.namespace ?? undefined;
}

function parsedYaml(file: string, text: string): unknown {
  try {
    return parse(text);
  } catch (cause) {
    throw new Failure('failure', `${file} is no YAML: ${(cause as Error).message}`, cause);
  }
}

/** As `kubectl` would take it. @throws Failure where KUBECONFIG names several, which are not merged here */
export function environmentKubeconfig(env: Readonly<Record<string, string | undefined>>): string | undefined {
  const files = (env.KUBECONFIG ?? '').split(':').filter((file) => file !== '');
  if (files.length > 1) {
    throw new Failure(
      'usage',
      `KUBECONFIG names ${files.length} files, which are not merged here. Choose one with --kubeconfig.`,
    );
  }
  return files[0];
}

export function homeKubeconfig(): string | undefined {
  const file = join(homedir(), '.kube', 'config');
  return existsSync(file) ? file : undefined;
}

/** Of the pod that this runs in, as its ServiceAccount says. @throws Failure outside a pod */
export function podNamespace(): string {
  const file = '/var/run/secrets/kubernetes.io/serviceaccount/namespace';
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (cause) {
    throw new Failure('usage', `This runs in no pod: ${file} is not there. Give --namespace.`, cause);
  }
}
