import { parseArgs } from 'node:util';
import { aligned } from '../aligned.ts';
import { inFreshNamespace } from '../namespace.ts';
import type { Cost, IsolationAnswer } from './run.ts';
import type { Size } from './world.ts';

const HELP = `npm run bench isolation -- [options]

  --policies LIST  numbers of policies, default 1000,5000
  --pods N         in the cluster, default 10000
  --local N        of them on the node that is measured, at most 250 (the default)
  --repeat N       of each change, default 7; the median counts
  --json           the figures for programs
  --help

Every policy selects pods of the node. Times in ms, as "objects to text + text to kernel (processor time of both)", the
processes of ipset and iptables included, in a network namespace of its own.
  first       everything from nothing
  local pod   one of the node's pods gone, or back; remote pod: one of another node
  label       a remote pod changes a label that selectors ask for
  policy      one policy changes its ports
  namespace   one namespace changes a label that no selector asks for
  rules       that the first packet of a connection is compared with: to an address that no policy knows, to a closed pod
              that refuses it (median and most of all)
  counters    of all gates, read once; refused: the memory of that many refused pairs, read once (processor time)
`;

const { values } = parseArgs({
  options: {
    policies: { type: 'string', default: '1000,5000' },
    pods: { type: 'string', default: '10000' },
    local: { type: 'string', default: '250' },
    repeat: { type: 'string', default: '7' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) process.stdout.write(HELP);
else await run();

async function run(): Promise<void> {
  const repeat = positive('repeat', values.repeat);
  const localPods = positive('local', values.local);
  if (localPods > 250) throw new RangeError('--local: at most 250, which is what the range of one node holds');
  const results: { readonly size: Size; readonly answer: IsolationAnswer }[] = [];
  for (const policies of values.policies.split(',').map((text) => positive('policies', text))) {
    const size = { policies, pods: positive('pods', values.pods), localPods };
    const script = new URL('run.ts', import.meta.url).pathname;
    const { answer } = await inFreshNamespace<IsolationAnswer>(script, { size, repeat });
    results.push({ size, answer });
  }
  process.stdout.write(`${values.json ? JSON.stringify(results) : table(results)}\n`);
}

function table(results: readonly { readonly size: Size; readonly answer: IsolationAnswer }[]): string {
  const head = ['policies', '', 'chains', 'rules', 'sets', 'members', 'first'];
  const changes = Object.keys(results[0]?.answer.changes ?? {});
  const rows = results.map(({ size, answer }) => [
    String(size.policies),
    '',
    ...[answer.chains, answer.rules, answer.sets, answer.members].map(String),
    cost(answer.first),
    ...changes.map((name) => cost(answer.changes[name] as Cost)),
    `${answer.passed.open}, ${answer.passed.median} (${answer.passed.most})`,
    answer.readings.counters.toFixed(0),
    `${answer.readings.refused.toFixed(1)} (${answer.readings.remembered})`,
    `${Math.round(answer.memory / 2 ** 20)} MiB`,
  ]);
  return aligned([[...head, ...changes, 'rules passed', 'counters', 'refused', 'memory'], ...rows]);
}

function cost({ decide, kernel, processor }: Cost): string {
  return `${decide.toFixed(decide < 10 ? 1 : 0)} + ${kernel.toFixed(kernel < 10 ? 1 : 0)} (${processor.toFixed(0)})`;
}

function positive(name: string, text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1) throw new RangeError(`--${name} ${text}: a whole number from 1 on`);
  return number;
}
