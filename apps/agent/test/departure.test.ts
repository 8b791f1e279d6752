import { KubeError, type KubeErrorCode } from '@kubecity/kube';
import { describe, expect, test } from 'vitest';
import type { AgentConfig } from '../src/config/agent-config.ts';
import { Departure } from '../src/departure.ts';

type Answer = 'there' | 'deleting' | KubeErrorCode;
const daemonSet = { namespace: 'kubecity', name: 'kubecity-agent' };
const log = { info: () => {}, warn: () => {} };

/** An agent that is told `first` at its start and `last` as it stops. */
async function stopped(first: Answer, last: Answer, mode: string, kubeProxy: boolean | Error): Promise<string> {
  const answers = [first, last];
  const asked: string[] = [];
  const client = {
    get: async (resource: { plural: string }, { namespace, name }: { namespace?: string; name: string }) => {
      asked.push(`${resource.plural} ${namespace}/${name}`);
      const answer = answers.shift();
      if (answer === 'there') return { metadata: {} } as never;
      if (answer === 'deleting') return { metadata: { deletionTimestamp: '2026-11-23T12:00:00Z' } } as never;
      throw new KubeError(answer ?? 'unknown', 'get', 'refused by the test');
    },
  };
  const departure = new Departure({ client, daemonSet, log });
  await departure.begin();
  const end = await departure.end(mode as AgentConfig['mode'], async () => {
    if (kubeProxy instanceof Error) throw kubeProxy;
    return kubeProxy;
  });
  expect(asked).toEqual(Array(2).fill('daemonsets kubecity/kubecity-agent'));
  return end;
}

describe('rules stay when the agent is to come back, and go with its DaemonSet', () => {
  test.each<[first: Answer, last: Answer, mode: string, kubeProxy: boolean | Error, end: string]>([
    ['there', 'there', 'steer', true, 'back'],
    ['there', 'not-found', 'steer', true, 'gone'],
    ['there', 'deleting', 'steer', true, 'gone'],
    // the rights may go before it
    ['there', 'forbidden', 'steer', true, 'gone'],
    ['there', 'unauthorized', 'observe', true, 'gone'],
    // who may never read it learns nothing from a refusal
    ['forbidden', 'forbidden', 'steer', true, 'back'],
    ['unreachable', 'not-found', 'steer', true, 'gone'],
    // an API server that is away says nothing of the DaemonSet
    ['there', 'unreachable', 'steer', true, 'back'],
    ['there', 'unknown', 'steer', true, 'back'],
    // a node is not left without anybody who routes
    ['there', 'not-found', 'replace', true, 'gone'],
    ['there', 'not-found', 'replace', false, 'back'],
    ['there', 'not-found', 'replace', new Error('no tool'), 'back'],
  ])('at the start %s, at the end %s, %s, kube-proxy %s: %s', async (first, last, mode, kubeProxy, end) => {
    expect(await stopped(first, last, mode, kubeProxy)).toBe(end);
  });
});

test('without a DaemonSet nobody is asked, and nobody is expected', async () => {
  const client = { get: () => Promise.reject(new Error('asked')) };
  const departure = new Departure({ client, daemonSet: undefined, log });
  await departure.begin();
  expect(await departure.end('replace', async () => true)).toBe('alone');
});
