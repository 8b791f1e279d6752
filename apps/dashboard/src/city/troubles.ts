import { flawsOf, measuringOf } from './coverage.ts';
import type { Selection } from './find.ts';
import { age, percent, plural, rate, socket } from './format.ts';
import { routesNothing } from './policy.ts';
import { type Backend, signOfBackend } from './services.ts';
import type { Survey } from './survey.ts';
import { refusedShare, type Traffic } from './traffic.ts';

/** Something a person should look at, in words that fit on one line. */
export interface Trouble {
  /** The same trouble has the same key while its figures change. */
  readonly key: string;
  readonly words: string;
  /** The more, the worse. */
  readonly gravity: number;
  /** `wrong` needs a hand; `told` is known to one: an operator's own doing. */
  readonly tone: 'wrong' | 'told';
  readonly selection: Selection;
}

/** Less is a client that gave up here and there. */
const REFUSED_SHARE = 0.01;

/** A backend that refuses such a part of what it gets is named. */
const CULPRIT_SHARE = 0.05;

/**
 * What is wrong in the city, the worst first: nobody answers, refusals and who it is that refuses, silent agents, Services
 * without backends, flaws of the measuring, unreadable objects, drains.
 */
export function troublesOf(survey: Survey, now: number): readonly Trouble[] {
  const { city } = survey;
  const services = [...city.service.keys()].flatMap((id) => troublesOfService(survey, id));
  const nodes = [...city.node.values()].flatMap((node): Trouble[] => {
    const selection = { kind: 'node', id: node.name } as const;
    const { state, lastFrameAt } = node.agent;
    const told = (sort: string, words: string, gravity: number): Trouble[] => [
      { key: `${sort}:${node.name}`, words, gravity, tone: 'wrong', selection },
    ];
    if (!node.ready) return told('unready', `${node.name} is not ready`, 60);
    if (state !== 'live') {
      const since = lastFrameAt === undefined ? 'has no agent' : `is silent for ${age(now - lastFrameAt)}`;
      return told('silent', `${node.name} ${since}`, 50);
    }
    const [worst] = flawsOf(measuringOf(node));
    return worst === undefined ? [] : told('measuring', `${node.name}: ${worst}`, 20);
  });
  const policies = [...city.policy].flatMap(([id, { problems = [] }]): Trouble[] => {
    if (problems.length === 0) return [];
    const words = `policy ${id}: ${plural(problems.length, 'problem')} in its object`;
    return [{ key: `object:${id}`, words, gravity: 30, tone: 'wrong', selection: { kind: 'policy', id } }];
  });
  return [...services, ...nodes, ...policies].sort((a, b) => b.gravity - a.gravity || (a.words < b.words ? -1 : 1));
}

function troublesOfService({ city, backends, sums }: Survey, id: string): readonly Trouble[] {
  const own = backends.get(id) ?? [];
  const traffic = sums.byService.get(id);
  const service = city.service.get(id);
  const troubles: Trouble[] = [];
  const add = (sort: string, words: string, gravity: number, tone: Trouble['tone'] = 'wrong') =>
    troubles.push({ key: `${sort}:${id}`, words, gravity, tone, selection: { kind: 'service', id } });
  const asked = (traffic?.openedPerSecond ?? 0) > 0;
  if (!own.some(({ usable, weight }) => usable && weight > 0) && (own.length > 0 || asked)) {
    add('unserved', `${id}: no backend takes new connections`, 100);
  } else if (own.length === 0 && service && routesNothing(service) === undefined) {
    // The kernel refuses at once who asks, and keeps no trace of it.
    add('empty', `${id} has no backends: it refuses whoever asks`, 40);
  }
  const share = traffic ? refusedShare(traffic) : 0;
  if (traffic && share >= REFUSED_SHARE) {
    const words = `${id} refuses ${rate(traffic.refusedPerSecond)}/s, ${percent(share)}`;
    add('refuses', `${words}${culpritWords(own, sums.byBackend)}`, 70 + 20 * share);
  }
  const problems = service?.problems.length ?? 0;
  if (problems > 0) add('object', `${id}: ${plural(problems, 'problem')} in its object`, 30);
  const draining = own.filter((backend) => signOfBackend(backend) === 'draining').length;
  if (draining > 0) add('draining', `${id}: ${plural(draining, 'backend')} draining`, 10, 'told');
  return troubles;
}

/** Of a backend, 0..1: the part of its new connections that it refuses, when that is more than clients that gave up. */
export function refuses(traffic: Traffic | undefined): number | undefined {
  const share = traffic ? refusedShare(traffic) : 0;
  return share >= CULPRIT_SHARE ? share : undefined;
}

/** One backend refuses and others do not: then it is that one. */
function culpritWords(own: readonly Backend[], byBackend: ReadonlyMap<string, Traffic>): string {
  const culprits = own.filter(({ id }) => refuses(byBackend.get(id)) !== undefined);
  const [first] = culprits;
  if (!first || culprits.length === own.length) return '';
  if (culprits.length > 1) return `: ${culprits.length} of its ${own.length} backends`;
  return `: ${first.podName ?? socket(first)} alone, ${percent(refuses(byBackend.get(first.id)) ?? 0)} of what it gets`;
}
