import { flawsOf, measuringOf } from './coverage.ts';
import type { Selection } from './find.ts';
import { age, percent, plural, rate } from './format.ts';
import { signOfBackend } from './services.ts';
import type { Survey } from './survey.ts';
import { refusedShare } from './traffic.ts';

/** Something a person should look at, in words that fit on one line. */
export interface Trouble {
  readonly words: string;
  /** The more, the worse. */
  readonly gravity: number;
  /** `wrong` needs a hand; `told` is known to one: an operator's own doing. */
  readonly tone: 'wrong' | 'told';
  readonly selection: Selection;
}

/** Less is a client that gave up here and there. */
const REFUSED_SHARE = 0.01;

/** What is wrong in the city, the worst first: nobody answers, refusals, silent agents, flaws of the measuring, unreadable objects, drains. */
export function troublesOf(survey: Survey, now: number): readonly Trouble[] {
  const { city } = survey;
  const services = [...city.service.keys()].flatMap((id) => troublesOfService(survey, id));
  const nodes = [...city.node.values()].flatMap((node): Trouble[] => {
    const selection = { kind: 'node', id: node.name } as const;
    const { state, lastFrameAt } = node.agent;
    if (!node.ready) return [{ words: `${node.name} is not ready`, gravity: 60, tone: 'wrong', selection }];
    if (state !== 'live') {
      const since = lastFrameAt === undefined ? 'has no agent' : `is silent for ${age(now - lastFrameAt)}`;
      return [{ words: `${node.name} ${since}`, gravity: 50, tone: 'wrong', selection }];
    }
    const [worst] = flawsOf(measuringOf(node));
    return worst === undefined ? [] : [{ words: `${node.name}: ${worst}`, gravity: 20, tone: 'wrong', selection }];
  });
  const policies = [...city.policy].flatMap(([id, { problems = [] }]): Trouble[] => {
    if (problems.length === 0) return [];
    const words = `policy ${id}: ${plural(problems.length, 'problem')} in its object`;
    return [{ words, gravity: 30, tone: 'wrong', selection: { kind: 'policy', id } }];
  });
  return [...services, ...nodes, ...policies].sort((a, b) => b.gravity - a.gravity || (a.words < b.words ? -1 : 1));
}

function troublesOfService({ city, backends, sums }: Survey, id: string): readonly Trouble[] {
  const selection = { kind: 'service', id } as const;
  const own = backends.get(id) ?? [];
  const traffic = sums.byService.get(id);
  const troubles: Trouble[] = [];
  const taking = own.filter(({ usable, weight }) => usable && weight > 0);
  if (taking.length === 0 && (own.length > 0 || (traffic?.openedPerSecond ?? 0) > 0)) {
    troubles.push({ words: `${id}: no backend takes new connections`, gravity: 100, tone: 'wrong', selection });
  }
  const share = traffic ? refusedShare(traffic) : 0;
  if (traffic && share >= REFUSED_SHARE) {
    const words = `${id} refuses ${rate(traffic.refusedPerSecond)}/s, ${percent(share)}`;
    troubles.push({ words, gravity: 70 + 20 * share, tone: 'wrong', selection });
  }
  const problems = city.service.get(id)?.problems.length ?? 0;
  if (problems > 0) {
    troubles.push({
      words: `${id}: ${plural(problems, 'problem')} in its object`,
      gravity: 30,
      tone: 'wrong',
      selection,
    });
  }
  const draining = own.filter((backend) => signOfBackend(backend) === 'draining').length;
  if (draining > 0) {
    troubles.push({ words: `${id}: ${plural(draining, 'backend')} draining`, gravity: 10, tone: 'told', selection });
  }
  return troubles;
}
