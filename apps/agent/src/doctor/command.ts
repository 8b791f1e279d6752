import type { KubeClient } from '@kubecity/kube';
import { iptables } from '@kubecity/netfilter';
import { doctorExitCode, type Finding, findingLines, found } from '@kubecity/protocol';
import type { LoadedConfig } from '../config/load.ts';
import { familiesHere } from '../host/families.ts';
import { openSysctls } from '../host/sysctl.ts';
import { examine } from './examine.ts';

export type DoctorOutput = 'table' | 'json';

/** Whom to look at: the machine that this runs on, with an agent of this configuration. */
export interface DoctorOrder {
  readonly loaded: LoadedConfig;
  /** What is wrong with the configuration; the rest is looked at with the defaults then. */
  readonly faults: readonly string[];
  readonly output: DoctorOutput;
}

/** The command `doctor`: says what is amiss on this node and what to do about it. @returns the exit code */
export async function doctor({ loaded, faults, output }: DoctorOrder, client: KubeClient): Promise<number> {
  const { config, settings } = loaded;
  const sysctls = openSysctls();
  // the family that is left out is told by none of the checks, so by words
  const log = { warn: (_: unknown, words?: string) => void process.stderr.write(`${words}\n`) };
  const families = await familiesHere(sysctls, iptables({ family: 'IPv6' }), log);
  const findings = [
    ...refusedConfig(faults),
    ...(await examine({
      mode: config.mode,
      takeOver: config.takeOver,
      flavour: config.iptablesFlavour,
      families,
      hub: config.hub,
      hubTokenFile: settings.hubTokenFile,
      welcomed: undefined,
      routes: config.routes,
      routesReport: undefined,
      isolation: config.isolation,
      isolationReport: undefined,
      client,
      sysctls,
      now: Date.now,
    })),
  ];
  const text = output === 'json' ? JSON.stringify(findings, undefined, 2) : findingLines(findings).join('\n');
  process.stdout.write(`${text}\n`);
  return doctorExitCode(findings);
}

function refusedConfig(faults: readonly string[]): Finding[] {
  if (faults.length === 0) return [];
  return [
    found('error', 'config.refused', {
      what: `the configuration is refused: ${faults.join('; ')}`,
      why: 'The agent does not start with it. The other findings are about an agent with the defaults.',
      doThis: 'Mend what is named; kubecity-agent check-config shows what holds and where each value is from.',
    }),
  ];
}
