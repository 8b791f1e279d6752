import type { HistoryPoint, MapAnswer, MapQuestion } from '@kubecity/protocol';
import type { ToyCity } from './toy-city.ts';
import { ToyRules } from './toy-rules.ts';

/** What the hub would say about the toy city: seeded by time, so that the same question has the same answer. */
export function answerOf(city: ToyCity, question: MapQuestion, now: number): MapAnswer {
  if (question.kind === 'history') {
    const { from, to, servicePort } = question;
    const edges = city.edges(now).filter(([name]) => servicePort === undefined || name.servicePort === servicePort);
    return historyOf(from, to, edges);
  }
  if (question.kind === 'moment') {
    const step = stepAt(now - question.at);
    const at = Math.floor(question.at / step) * step;
    return { kind: 'moment', at, stepMilliseconds: step, edges: city.edges(at), folded: step > 1000 ? 7 : 0 };
  }
  if (question.kind === 'audit') {
    const { since = 0, until = now, limit } = question;
    const entries = city.audit.filter(({ at }) => at >= since && at <= until).reverse();
    return { kind: 'audit', entries: entries.slice(0, limit), truncated: entries.length > limit };
  }
  if (question.kind === 'rules') return new ToyRules(city.snapshot(now)).of(question.service, now);
  if (question.kind === 'explain') return new ToyRules(city.snapshot(now)).explain(question, now);
  if (question.kind === 'diagnose' || question.kind === 'seen')
    return { kind: 'refused', code: 'not-found', message: 'No machine is behind this city.' };
  return flowsOf(city, question, now);
}

const stepAt = (age: number): number => (age <= 15 * 60_000 ? 1000 : age <= 6 * 3_600_000 ? 10_000 : 60_000);

/** The past went up and down around what the edges do now. */
function historyOf(from: number, to: number, edges: ReturnType<ToyCity['edges']>): MapAnswer {
  const sum = (column: number) => edges.reduce((all, [, row]) => all + (row[column] as number), 0);
  const [rate, refused, open] = [sum(10), sum(11), sum(2) + sum(3)];
  const step = stepAt(to - from);
  const points: HistoryPoint[] = [];
  for (let at = Math.ceil(from / step) * step + step; at <= to; at += step) {
    // The hub was away for a twelfth of the range, a third into it.
    const part = (at - from) / (to - from);
    if (part > 0.3 && part < 0.38) continue;
    const swell = 1 + 0.35 * Math.sin(at / 90_000) + 0.2 * Math.sin(at / 2_700_000) + 0.12 * Math.sin(at / 17_000);
    const opened = Math.round((rate * swell * step) / 1000);
    points.push({
      at,
      opened,
      refused: Math.round((refused * swell * step) / 1000),
      unanswered: 0,
      bytesToBackend: opened * 900,
      bytesToClient: opened * 14_000,
      packets: opened * 14,
      open: Math.round(open * swell),
    });
  }
  return { kind: 'history', stepMilliseconds: step, points };
}

function flowsOf(city: ToyCity, question: MapQuestion & { kind: 'flows' }, now: number): MapAnswer {
  const edges = city
    .edges(now)
    .filter(([name]) => name.servicePort === question.servicePort && name.backend.endsWith(`|${question.backend}`));
  const states = ['moving', 'idle', 'closing', 'waiting'] as const;
  const flows = edges.flatMap(([{ client }], i) =>
    Array.from({ length: 40 }, (_, n) => ({
      node: client.node ?? 'node-a',
      protocol: 'TCP',
      client: detailClient(client),
      source: `10.244.1.${i + 3}:${41_000 + n * 7}`,
      destination: `10.96.41.5:80`,
      backend: question.backend ?? '',
      state: states[(n * 7) % 4] as (typeof states)[number],
      since: now - n * 3700,
      packetsToBackend: n * 12,
      bytesToBackend: n * 900,
      packetsToClient: n * 20,
      bytesToClient: n * 14_000,
      counted: n % 9 !== 0,
    })),
  );
  return { kind: 'flows', total: flows.length + 200, flows, silent: ['node-d'] };
}

function detailClient({ kind, id, label }: { kind: string; id: string; label: string }) {
  const own = id.slice(kind.length + 1);
  if (kind === 'node') return { kind: 'node' as const, name: own };
  if (kind === 'outside') return { kind: 'outside' as const, network: own };
  const [namespace = '', name = ''] = label.split('/');
  return { kind: 'pod' as const, uid: own, namespace, name };
}
