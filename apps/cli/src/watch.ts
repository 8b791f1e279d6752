import type { Connection } from './connection.ts';
import { chosenEdges, type Edge, edgeOf, edgeView } from './edges.ts';
import { EXIT } from './failure.ts';
import { type Format, tell, tellData } from './output.ts';
import { tableLines } from './table.ts';
import type { Terminal } from './terminal.ts';

export interface WatchFlags {
  readonly allNamespaces?: boolean;
  /** Rows that a terminal shows. */
  readonly rows?: number;
  readonly output: Format;
}

const ROWS = 30;
const CLEAR = '\u001b[H\u001b[J';

/** Live traffic until Ctrl-C: a table that is drawn again each second, or with `-o json` a line each. */
export async function watch(
  names: readonly string[],
  flags: WatchFlags,
  connection: Connection,
  terminal: Terminal,
): Promise<number> {
  const namespace = flags.allNamespaces ? undefined : connection.namespace;
  const map = (await connection.dashboard()).map();
  await map.whole();
  if (namespace !== undefined && names.length > 0) map.look({ services: names.map((name) => `${namespace}/${name}`) });
  const show = (at: number) => {
    const edges = chosenEdges(
      map.edges().map(([name, row]) => edgeOf(name, row)),
      { namespace, names },
    );
    if (flags.output === 'json') terminal.out(JSON.stringify({ at, edges }));
    else if (flags.output === 'yaml') tellData([{ at, edges }], 'yaml', terminal);
    else if (flags.output === 'name') tell(edges, edgeView('No traffic.'), 'name', terminal);
    else terminal.out(picture(edges, at, flags, terminal));
  };
  show(terminal.now());
  const leave = map.follow(show);
  const { stopped } = terminal;
  const end = new Promise((resolve) => stopped.addEventListener('abort', resolve, { once: true }));
  if (!stopped.aborted) await Promise.race([end, map.over()]);
  leave();
  return EXIT.done;
}

function picture(edges: readonly Edge[], at: number, { rows = ROWS, output }: WatchFlags, terminal: Terminal): string {
  const shown = edges.slice(0, rows);
  const [head = '', ...lines] = tableLines(edgeView('').columns, shown, output === 'wide');
  const time = `${new Date(at).toISOString().slice(11, 19)} UTC, rates are means of 10 s`;
  const rest = edges.length > shown.length ? [terminal.paint('dim', `and ${edges.length - shown.length} more`)] : [];
  const clear = terminal.live ? CLEAR : '';
  return [`${clear}${terminal.paint('dim', time)}`, terminal.paint('bold', head), ...lines, ...rest].join('\n');
}
