import { doctorExitCode, type Finding, findingLines } from '@kubecity/protocol';
import type { Connection } from './connection.ts';
import { examine } from './doctor/examine.ts';
import { type Format, tellData } from './output.ts';
import type { Terminal } from './terminal.ts';

export interface DoctorFlags {
  readonly node?: string;
  readonly output: Format;
}

/** What is amiss in the cluster and on its nodes, and what to do about it. @returns 0, 1 with warnings, 2 with errors */
export async function doctor(
  { node, output }: DoctorFlags,
  connection: Connection,
  terminal: Terminal,
): Promise<number> {
  const report = await examine(connection, node);
  const all = [...report.cluster, ...report.nodes.flatMap(({ findings }) => findings)];
  if (output === 'json' || output === 'yaml') tellData(report, output, terminal);
  else if (output === 'name') for (const { id, severity } of all) terminal.out(`${severity}/${id}`);
  else {
    tellPart('cluster', report.cluster, output, terminal);
    for (const { node, version, findings } of report.nodes) {
      tellPart(`node ${node}${version === undefined ? '' : `, agent ${version}`}`, findings, output, terminal);
    }
  }
  return doctorExitCode(all);
}

/** What is as it should be is counted; `-o wide` tells it. */
function tellPart(title: string, findings: readonly Finding[], output: Format, terminal: Terminal): void {
  const shown = output === 'wide' ? findings : findings.filter(({ severity }) => severity !== 'ok');
  const sound = findings.length - shown.length;
  terminal.out(terminal.paint('bold', `# ${title}`));
  for (const line of findingLines(shown)) {
    if (line.startsWith('error')) terminal.out(terminal.paint('red', line));
    else terminal.out(line.startsWith('warning') ? terminal.paint('yellow', line) : line);
  }
  if (sound > 0)
    terminal.out(terminal.paint('dim', `${sound} more ${sound === 1 ? 'is as it' : 'are as they'} should be`));
}
