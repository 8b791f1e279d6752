import { KubeError, type KubeErrorCode } from '@kubecity/kube';
import { describe, expect, test } from 'vitest';
import type { AgentConfig } from '../src/config/agent-config.ts';
import { Departure } from '../src/departure.ts';

type Answer = 'there' | 'deleting' | KubeErrorCode;
const daemonSet = { namespace: 'kubecity', name: 'kubecity-agent' };
const log = { info: () => {}, warn: () => {} };

/** An agent that is told `first` at its start and `last` as it stops. */
async function stopped(first: Answer, last: Answer, mode: string, kubeProxy: boolean | Error): Promise<boolean> {
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
  const takes = await departure.takesRules(mode as AgentConfig['mode'], async () => {
    if (kubeProxy instanceof Error) throw kubeProxy;
    return kubeProxy;
  });
  expect(asked).toEqual(Array(2).fill('daemonsets kubecity/kubecity-agent'));
  return takes;
}

describe('rules stay when the agent is to come back, and go with its DaemonSet', () => {
  test.each<[first: Answer, last: Answer, mode: string, kubeProxy: boolean | Error, takes: boolean]>([
    ['there', 'there', 'steer', true, false],
    ['there', 'not-found', 'steer', true, true],
    ['there', 'deleting', 'steer', true, true],
    // the rights may go before it
    ['there', 'forbidden', 'steer', true, true],
    ['there', 'unauthorized', 'observe', true, true],
    // who may never read it learns nothing from a refusal
    ['forbidden', 'forbidden', 'steer', true, false],
    ['unreachable', 'not-found', 'steer', true, true],
    // an API server that is away says nothing of the DaemonSet
    ['there', 'unreachable', 'steer', true, false],
    ['there', 'unknown', 'steer', true, false],
    // a node is not left without anybody who routes
    ['there', 'not-found', 'replace', true, true],
    ['there', 'not-found', 'replace', false, false],
    ['there', 'not-found', 'replace', new Error('no tool'), false],
  ])('at the start %s, at the end %s, %s, kube-proxy %s: %s', async (first, last, mode, kubeProxy, takes) => {
    expect(await stopped(first, last, mode, kubeProxy)).toBe(takes);
  });
});

test('without a DaemonSet nobody is asked, and rules stay', async () => {
  const client = { get: () => Promise.reject(new Error('asked')) };
  const departure = new Departure({ client, daemonSet: undefined, log });
  await departure.begin();
  expect(await departure.takesRules('replace', async () => true)).toBe(false);
});
