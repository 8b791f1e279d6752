import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type KubeProxyConfiguration, KubeProxyProcess, RULES_ONLY } from '../../testing/kube-proxy-process.ts';
import { NODE, POD_RANGE } from './city.ts';

const RECORD = fileURLToPath(new URL('../../testdata/kube-proxy.rules', import.meta.url));
const run = promisify(execFile);

/** The Service proxy whose place we take and give back. */
export interface KubeProxy {
  /** It is a process: it answers health checks of load balancers, and may delete connections. */
  readonly isReal: boolean;
  /** Its rules are in the kernel. */
  start(): Promise<void>;
  /** The process ends; rules stay. */
  stop(): Promise<void>;
  /** What `kube-proxy --cleanup` does. */
  cleanUp(): Promise<void>;
}

/** Plays back, in kube-proxy's order, what a real one wrote for the city: `testdata/kube-proxy.rules`. */
export class RecordedKubeProxy implements KubeProxy {
  readonly isReal = false;
  readonly #tables = parse(readFileSync(RECORD, 'utf8'));

  /** First empty chains with a jump at the head of each hook, one command each; then all rules in one restore. */
  async start(): Promise<void> {
    writeFileSync('/proc/sys/net/ipv4/conf/all/route_localnet', '1');
    for (const { name, chains, jumps } of this.#tables) {
      for (const chain of chains) await run('iptables', ['-t', name, '-N', chain]).catch(ifThere);
      for (const jump of jumps.toReversed()) {
        const [, hook = '', rule = ''] = /^-A (\S+) (.*)$/.exec(jump) ?? [];
        const isThere = await run('iptables', ['-t', name, '-C', hook, ...words(rule)]).then(
          () => true,
          () => false,
        );
        if (!isThere) await run('iptables', ['-t', name, '-I', hook, ...words(rule)]);
      }
    }
    await restore(this.#tables.map(({ name, chains, rules }) => table(name, chains, rules)).join(''));
  }

  async stop(): Promise<void> {}

  /** First the jumps, one command each; then the chains table by table. KUBE-FIREWALL and what leads to it stay. */
  async cleanUp(): Promise<void> {
    const goes = (text: string) => !/KUBE-(FIREWALL|PROXY-CANARY)\b/.test(text);
    for (const { name, jumps } of this.#tables) {
      for (const jump of jumps.filter(goes)) {
        const [, hook = '', rule = ''] = /^-A (\S+) (.*)$/.exec(jump) ?? [];
        await run('iptables', ['-t', name, '-D', hook, ...words(rule)]);
      }
    }
    for (const { name, chains } of this.#tables.toReversed()) {
      const gone = chains.filter(goes);
      await restore(
        table(
          name,
          gone,
          gone.map((chain) => `-X ${chain}`),
        ),
      );
    }
  }
}

/** The real thing, from the binary that `KUBECITY_KUBE_PROXY` names. */
export class RealKubeProxy implements KubeProxy {
  readonly isReal = true;
  readonly #binary: string;
  readonly #kubeconfig: string;
  #process: KubeProxyProcess | undefined;

  constructor(binary: string, kubeconfig: string) {
    this.#binary = binary;
    this.#kubeconfig = kubeconfig;
  }

  async start(): Promise<void> {
    this.#process = new KubeProxyProcess(this.#binary, CONFIGURATION, this.#kubeconfig);
    await this.#process.settled();
  }

  async stop(): Promise<void> {
    await this.#process?.stop();
  }

  async cleanUp(): Promise<void> {
    await run(this.#binary, ['--cleanup']);
  }
}

const CONFIGURATION: KubeProxyConfiguration = {
  ...RULES_ONLY,
  hostnameOverride: NODE,
  clusterCIDR: POD_RANGE,
  metricsBindAddress: '127.0.0.1:11249',
  healthzBindAddress: '127.0.0.1:11256',
};

interface RecordedTable {
  readonly name: string;
  /** Its own. */
  readonly chains: readonly string[];
  /** From chains of the kernel. */
  readonly jumps: readonly string[];
  readonly rules: readonly string[];
}

function parse(saved: string): RecordedTable[] {
  return [...saved.matchAll(/^\*(\S+)\n([\s\S]*?)^COMMIT$/gm)].map(([, name = '', body = '']) => {
    const lines = body.split('\n');
    const chains = lines.flatMap((line) => /^:(KUBE-\S+) /.exec(line)?.[1] ?? []);
    const [jumps, rules] = [
      lines.filter((line) => /^-A (?!KUBE-)/.test(line)),
      lines.filter((line) => /^-A KUBE-/.test(line)),
    ];
    return { name, chains, jumps, rules };
  });
}

function table(name: string, chains: readonly string[], rules: readonly string[]): string {
  return [`*${name}`, ...chains.map((chain) => `:${chain} - [0:0]`), ...rules, 'COMMIT', ''].join('\n');
}

/** The client goes on calling meanwhile, so nothing may block. */
async function restore(text: string): Promise<void> {
  const child = spawn('iptables-restore', ['--noflush'], { stdio: ['pipe', 'ignore', 'inherit'] });
  child.stdin.end(text);
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error(`iptables-restore ended with ${code} on:\n${text}`);
}

/** Words of a rule as a shell would pass them. */
function words(rule: string): string[] {
  return [...rule.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');
}

function ifThere(error: Error): void {
  if (!/Chain already exists/.test(error.message)) throw error;
}
