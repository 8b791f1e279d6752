import type { AgentAnswer } from '@kubecity/protocol';
import type { Connection } from './connection.ts';
import { EXIT, Failure } from './failure.ts';
import { type Format, tellData } from './output.ts';
import type { Terminal } from './terminal.ts';

export interface RulesFlags {
  readonly node?: string;
  readonly output: Format;
}

/** The rules of one Service as the kernels hold them now. @returns the exit code: a node that does not answer is a failure */
export async function rules(
  text: string,
  flags: RulesFlags,
  connection: Connection,
  terminal: Terminal,
): Promise<number> {
  const service = serviceOf(text, connection.namespace);
  const map = (await connection.dashboard()).map();
  const { nodes } = await map.ask({ kind: 'rules', service, node: flags.node });
  if (flags.output === 'json' || flags.output === 'yaml') tellData(nodes, flags.output, terminal);
  else for (const { node, answer } of nodes) tellNode(node, answer, terminal);
  return nodes.some(({ answer }) => answer.kind !== 'rules') ? EXIT.failure : EXIT.done;
}

/** `namespace/name` of `service/cart`, `cart` or `shop/cart`. @throws Failure `usage` */
export function serviceOf(text: string, namespace: string): string {
  const [first = '', second, more] = text.split('/');
  if (more !== undefined || first === '' || second === '') {
    throw new Failure('usage', `${JSON.stringify(text)} is no Service. Give service/NAME.`);
  }
  if (second === undefined) return `${namespace}/${first}`;
  return ['service', 'services', 'svc'].includes(first) ? `${namespace}/${second}` : text;
}

function tellNode(node: string, answer: AgentAnswer, terminal: Terminal): void {
  if (answer.kind !== 'rules') {
    const why = answer.kind === 'refused' ? answer.message : 'it answered something else';
    terminal.say(terminal.paint('red', `node ${node}: ${why}`, 'words'));
    return;
  }
  terminal.out(terminal.paint('bold', `# node ${node}`));
  for (const { family, table, chain, rules, wished } of answer.chains) {
    terminal.out(terminal.paint('dim', `# ${family} ${table} ${chain}`));
    for (const { rule, packets, bytes } of rules) terminal.out(`[${packets}:${bytes}] ${rule}`);
    const held = new Set(rules.map(({ rule }) => rule));
    for (const rule of wished ?? [])
      if (!held.has(rule)) terminal.out(terminal.paint('yellow', `# wished, and not there: ${rule}`));
  }
  if (answer.truncated) terminal.out('# there are more chains than one answer tells');
}
