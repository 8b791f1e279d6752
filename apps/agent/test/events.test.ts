import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, EventRecorder, resources } from '@kubecity/kube';
import { startMiniApiServer } from '@kubecity/mini-apiserver';
import { expect, it } from 'vitest';
import { agentEvents, EVENT_CONTROLLER } from '../src/events.ts';

it('the API takes every event, beside its Service or in default', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'kubecity-agent-events-'));
  const socketPath = join(folder, 'api.sock');
  const server = await startMiniApiServer({ socketPath });
  const client = connect({ socketPath });
  await client.create(resources.namespaces, { metadata: { name: 'shop' } });
  const failures: string[] = [];
  const recorder = new EventRecorder({
    client,
    controller: EVENT_CONTROLLER,
    instance: 'node-a',
    failed: ({ message }) => failures.push(message),
  });
  const error = new Error('EADDRINUSE');
  recorder.record(agentEvents.starting('node-a', '0.1.0', 'replace'));
  recorder.record(agentEvents.serviceHealthcheckFailed('node-a', 'shop/cart', 30_100, error));
  recorder.record(agentEvents.healthListenerFailed('node-a', error));
  recorder.record(agentEvents.metricsListenerFailed('node-a', error));
  recorder.record(agentEvents.serviceNotProgrammed('node-a', 'shop/cart', 'line 7 failed'));
  recorder.record(agentEvents.kernelDrift('node-a', 'nat CITY-SERVICES is gone'));
  await recorder.flush();
  const { items } = await client.list<{ metadata: { namespace: string }; type: string; reason: string }>(
    resources.events,
  );
  expect(failures).toEqual([]);
  expect(items.map(({ metadata, type, reason }) => `${metadata.namespace} ${type} ${reason}`).sort()).toEqual([
    'default Normal Starting',
    'default Warning FailedToStartMetricServer',
    'default Warning FailedToStartProxierHealthcheck',
    'default Warning KernelDrift',
    'shop Warning FailedToProgramService',
    'shop Warning FailedToStartServiceHealthcheck',
  ]);
  await client.close();
  await server.close();
  rmSync(folder, { recursive: true });
});
