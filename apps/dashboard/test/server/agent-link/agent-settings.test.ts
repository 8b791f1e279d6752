import { Command, Option } from 'commander';
import { describe, expect, it } from 'vitest';
import { type AgentFlags, agentOptions, agentSettings } from '../../../server/agent-link/agent-settings.ts';
import { parsePlace } from '../../../server/options.ts';

function settings(...argv: string[]) {
  const command = new Command().exitOverride().configureOutput({ writeErr: () => {} });
  for (const one of agentOptions((flags, help) => new Option(flags, help), parsePlace)) command.addOption(one);
  return agentSettings(command.parse(argv, { from: 'user' }).opts<AgentFlags>());
}

describe('how agents come in', () => {
  it('with a secret, where browsers are or at a socket', () => {
    expect(settings('--agent-token-file', 't')).toEqual({
      door: { kind: 'browsers' },
      proof: { kind: 'secret', file: 't' },
    });
    expect(settings('--agent-token-file', 't', '--agent-socket', '/s').door).toEqual({ kind: 'socket', path: '/s' });
  });

  it('in a cluster with nothing but an address: a certificate of our own, told where the manifests say', () => {
    const { door, proof } = settings('--agent-auth', 'serviceaccount', '--agent-listen', '0.0.0.0:8443');
    expect(door).toMatchObject({
      kind: 'tls',
      listen: { host: '0.0.0.0', port: 8443 },
      names: expect.arrayContaining(['kubecity-dashboard.kubecity.svc']),
      place: { namespace: 'kubecity', name: 'kubecity-dashboard-ca' },
    });
    expect(proof).toEqual({
      kind: 'account',
      audience: 'kubecity-dashboard',
      account: { namespace: 'kubecity', name: 'kubecity-agent' },
    });
  });

  it('with a certificate of somebody’s own authority', () => {
    const files = ['--agent-tls-cert-file', 'c', '--agent-tls-key-file', 'k'];
    expect(settings('--agent-token-file', 't', '--agent-listen', '[::]:8443', ...files).door).toMatchObject({
      files: { cert: 'c', key: 'k' },
    });
  });

  it.each([
    [[], '--agent-auth token needs --agent-token-file'],
    [['--agent-auth', 'serviceaccount'], '--agent-auth serviceaccount needs --agent-listen'],
    [['--agent-auth', 'serviceaccount', '--agent-token-file', 't'], '--agent-token-file is of --agent-auth token'],
    [['--agent-token-file', 't', '--agent-tls-cert-file', 'c'], '--agent-tls-cert-file goes with --agent-listen'],
    [['--agent-token-file', 't', '--agent-listen', 'h:1', '--agent-tls-key-file', 'k'], 'go together'],
    [['--agent-token-file', 't', '--agent-listen', 'h:1', '--agent-socket', '/s'], 'give one'],
    [['--agent-service-account', 'one'], 'give it as NAMESPACE/NAME'],
    [['--agent-tls-names', 'a b'], 'give names or addresses'],
  ])('not %j', (argv, message) => {
    expect(() => settings(...argv)).toThrow(message);
  });
});
