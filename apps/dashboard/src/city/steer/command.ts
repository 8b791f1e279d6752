import type { SteerTarget } from '@kubecity/protocol';
import type { City } from '../city.ts';
import { durationText, secondsOf } from '../duration.ts';
import { homesOfPods } from '../services.ts';
import { newForm, type SteerForm } from './form.ts';
import { targetWords } from './target.ts';

/** An order as it was typed, understood. */
export interface Command {
  readonly words: string;
  readonly form: SteerForm;
}

const ORDER = /^(drain|weight|share)\b\s*(.*)$/i;
/** `10 %`, `30`, `30 for`, `to 30`. */
const FIGURE = /^(?:to\s+)?(\d{1,4})\s*%?(?=\s|$)\s*(?:for|of|on)?\s*/i;
const OVER = /\s+(?:over|within)\s+(.+)$/i;
/** More of one kind are chosen by typing more. */
const MOST = 4;

/**
 * Orders such as `drain node-b`, `weight 30 for cart-7d9f`, `share 10 % for version=v2 of cart over 5 min`. Each becomes a
 * sheet that is filled in; nothing is sent. Names may be begun only: every place that fits is offered.
 */
export function commandsOf(city: City, text: string): readonly Command[] {
  const [, verb = '', rest = ''] = ORDER.exec(text.trim()) ?? [];
  if (verb === '') return [];
  const effect = verb.toLowerCase() as SteerForm['effect'];
  const [, over] = OVER.exec(rest) ?? [];
  const ramp = over === undefined ? undefined : secondsOf(over);
  const about = ramp === undefined ? rest : rest.replace(OVER, '');
  const figure = effect === 'drain' ? undefined : FIGURE.exec(about);
  if (effect !== 'drain' && !figure) return [];
  const amount = figure?.[1] ?? '';
  const whom = (figure ? about.slice(figure[0].length) : about).trim();
  return targetsFrom(city, whom).map((target) => {
    const filled = {
      ...newForm(target, effect),
      ramp: ramp === undefined || effect === 'drain' ? '' : durationText(ramp),
    };
    const form = effect === 'drain' ? filled : { ...filled, [effect]: amount };
    return { words: orderWords(city, form), form };
  });
}

function orderWords(city: City, { effect, weight, share, ramp, target }: SteerForm): string {
  const whom = targetWords(city, target);
  const over = ramp === '' ? '' : ` over ${ramp}`;
  if (effect === 'weight') return `Weight ${weight} for ${whom}${over}…`;
  if (effect === 'share') return `Share ${share} % for ${whom}${over}…`;
  return `Drain ${whom}…`;
}

/** `version=v2 of cart`, `version=v2`, `node-b`, `zone-a`, `cart`, `shop/cart`, `cart-7d9f`. */
function targetsFrom(city: City, text: string): readonly SteerTarget[] {
  const words = text.replace(/^(?:node|zone|pod|service)[ /]/i, '').toLowerCase();
  if (words === '') return [];
  const [, labels, service] = /^(\S+=\S+(?:[ ,]+\S+=\S+)*)(?:\s+(?:of|in)\s+(\S+))?$/.exec(text.trim()) ?? [];
  if (labels !== undefined) return labelled(city, labels, service?.toLowerCase());
  return [
    ...names([...city.node.keys()], words).map((name): SteerTarget => ({ kind: 'node', name })),
    ...names(zonesOf(city), words).map((name): SteerTarget => ({ kind: 'zone', name })),
    ...servicesCalled(city, words).map((target): SteerTarget => target),
    ...podsCalled(city, words),
  ];
}

const names = (all: readonly string[], words: string): readonly string[] =>
  all
    .filter((name) => name.toLowerCase().startsWith(words))
    .sort()
    .slice(0, MOST);

const zonesOf = ({ node }: City): string[] => [
  ...new Set([...node.values()].flatMap(({ zone }) => (zone === undefined ? [] : [zone]))),
];

function servicesCalled({ service }: City, words: string): { kind: 'service'; namespace: string; name: string }[] {
  return [...service]
    .filter(([id, { name }]) => name.toLowerCase().startsWith(words) || id.toLowerCase() === words)
    .slice(0, MOST)
    .map(([, { namespace, name }]) => ({ kind: 'service', namespace, name }));
}

function podsCalled(city: City, words: string): SteerTarget[] {
  const homes = homesOfPods(city);
  return [...city.pod.values()]
    .filter(({ name, uid }) => name.toLowerCase().startsWith(words) && homes.has(uid))
    .slice(0, MOST)
    .map(({ namespace, name }) => ({ kind: 'pod', namespace, name }));
}

function labelled(city: City, text: string, service: string | undefined): readonly SteerTarget[] {
  const pairs = text.split(/[ ,]+/).map((pair) => pair.split('=') as [string, string]);
  const matchLabels = Object.fromEntries(pairs);
  if (service !== undefined) {
    const called = servicesCalled(city, service);
    const namespaces = [...city.namespace.keys()].filter((name) => name.toLowerCase() === service);
    return [
      ...called.map((target): SteerTarget => ({ ...target, backends: { matchLabels } })),
      ...namespaces.map((namespace): SteerTarget => ({ kind: 'labels', namespace, matchLabels })),
    ];
  }
  return [{ kind: 'labels', matchLabels }];
}
