import { X509Certificate } from 'node:crypto';
import { resources } from '@kubecity/kube';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { withCertificate } from '../../../server/agent-link/ca-bundle.ts';
import { BUNDLE_KEY, publishCertificate } from '../../../server/agent-link/ca-publisher.ts';
import { makeCertificate } from '../../../server/agent-link/own-certificate.ts';
import { AccountCluster, PLACE } from './account-cluster.ts';

const NOW = Date.parse('2026-11-23T12:00:00Z');
const DAY = 86_400_000;
const made = async (at = NOW) => (await makeCertificate(['dash.svc', '127.0.0.1'], at)).cert.trim();
const blocks = (bundle: string) => bundle.split(/(?<=-----END CERTIFICATE-----)\n/).filter((text) => text !== '');

let cluster: AccountCluster;
beforeEach(async () => {
  cluster = new AccountCluster();
  await cluster.start();
});
afterEach(() => cluster.remove());

const stored = async () =>
  (await cluster.client.get<{ data?: Record<string, string> }>(resources.configMaps, PLACE)).data?.[BUNDLE_KEY] ?? '';

test('a certificate is for its names, for servers, for a week, and for nothing else', async () => {
  const { cert, key, renewAt, until } = await makeCertificate(['dash.svc', '127.0.0.1'], NOW);
  const read = new X509Certificate(cert);
  expect(read.subjectAltName).toBe('DNS:dash.svc, IP Address:127.0.0.1');
  expect(read.ca).toBe(false);
  expect(read.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
  expect(read.verify(read.publicKey)).toBe(true);
  expect([read.validFromDate.getTime(), read.validToDate.getTime()]).toEqual([NOW - 3_600_000, until]);
  expect([until - NOW, renewAt - NOW]).toEqual([7 * DAY, 2 * DAY]);
  expect(key).toContain('BEGIN PRIVATE KEY');
  expect(new X509Certificate(await made()).subject).not.toBe(read.subject);
});

test('others stay as long as they are good, ours is first and once', async () => {
  const [own, other, old] = [await made(), await made(NOW - DAY), await made(NOW - 8 * DAY)];
  const nonsense = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----';
  const bundle = withCertificate(`# by hand\n${old}\n${nonsense}\n${other}\n${own}\n${other}\n`, own, NOW);
  expect(blocks(bundle)).toEqual([own, other]);
  expect(withCertificate(bundle, own, NOW)).toBe(bundle);
});

test('of a crowd of dashboards the youngest stay', async () => {
  const ages = Array.from({ length: 25 }, (_, i) => i * 3_600_000);
  const others = await Promise.all(ages.map((age) => made(NOW - age)));
  const own = await made(NOW - 5 * DAY);
  expect(blocks(withCertificate(others.join('\n'), own, NOW))).toEqual([own, ...others.slice(0, 19)]);
});

test('two dashboards stand side by side, and neither writes again for the order', async () => {
  const [a, b] = [await made(), await made()];
  await publishCertificate(cluster.client, PLACE, a, NOW);
  await publishCertificate(cluster.client, PLACE, b, NOW);
  for (const cert of [a, b, a]) await publishCertificate(cluster.client, PLACE, cert, NOW);
  expect(cluster.count('update configmaps')).toBe(2);
  expect(blocks(await stored()).sort()).toEqual([a, b].sort());
});

test('of two that write at the same moment none is lost', async () => {
  const certs = await Promise.all([made(), made(), made(), made()]);
  await Promise.all(certs.map((cert) => publishCertificate(cluster.client, PLACE, cert, NOW)));
  expect(blocks(await stored()).sort()).toEqual(certs.sort());
});

test('a ConfigMap that is not there is named', async () => {
  await cluster.client.delete(resources.configMaps, PLACE);
  await expect(publishCertificate(cluster.client, PLACE, await made(), NOW)).rejects.toThrow(
    'get configmaps kubecity/kubecity-dashboard-ca: configmaps "kubecity-dashboard-ca" not found',
  );
});
