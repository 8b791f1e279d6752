import type { AgentAnswer, AgentQuestion, FlowDetail, MapAnswer, MapQuestion, Refusal } from '@kubecity/protocol';
import packageJson from '../package.json' with { type: 'json' };
import { type AskAgent, refused } from './agent-questions.ts';
import type { CityModel } from './city-model.ts';
import type { History } from './history/history.ts';
import { askedAt } from './packet-source.ts';

export type AnswerMap = (question: MapQuestion) => Promise<MapAnswer>;

export interface MapQuestionsOptions {
  readonly model: CityModel;
  readonly ask: AskAgent;
  readonly history: History;
}

/** Single connections that one answer names, the busiest of all nodes. */
const MOST_FLOWS = 500;
/** Rules in one answer, of all nodes together. */
const MOST_RULES = 20_000;
/** Questions to agents that the hub has open for all browsers together. */
const MOST_OPEN = 8;

/** Answers what browsers ask: rules, flows and packets by asking the agents, the past from the history and the audit trail. Never rejects. */
export function mapQuestions({ model, ask, history }: MapQuestionsOptions): AnswerMap {
  let open = 0;

  async function relayed(answer: () => Promise<MapAnswer>): Promise<MapAnswer> {
    if (open >= MOST_OPEN) return refusal('rate-limited', 'The agents are being asked by others. Try again soon.');
    open += 1;
    try {
      return await answer();
    } finally {
      open -= 1;
    }
  }

  async function rules({ service, node }: Extract<MapQuestion, { kind: 'rules' }>): Promise<MapAnswer> {
    const answers = await ofNodes(node, { kind: 'rules', service });
    return 'code' in answers ? answers : { kind: 'rules', nodes: withinBounds(answers.nodes) };
  }

  async function diagnose({ node }: Extract<MapQuestion, { kind: 'diagnose' }>): Promise<MapAnswer> {
    const answers = await ofNodes(node, { kind: 'diagnose' });
    return 'code' in answers ? answers : { kind: 'diagnose', version: packageJson.version, nodes: answers.nodes };
  }

  /** One node's agent, or every node's: also of those that have none, whose answer says so. */
  async function ofNodes(node: string | undefined, question: AgentQuestion) {
    const known = [...model.objects('nodes').keys()].sort();
    if (node !== undefined && !known.includes(node)) return refusal('not-found', `There is no node ${node}.`);
    const nodes = node === undefined ? known : [node];
    return { nodes: await Promise.all(nodes.map(async (node) => ({ node, answer: await ask(node, question) }))) };
  }

  async function flows({ servicePort, backend }: Extract<MapQuestion, { kind: 'flows' }>): Promise<MapAnswer> {
    const nodes = model.traffic.nodesOf(servicePort, backend).sort();
    const silent: string[] = [];
    const found: (FlowDetail & { node: string })[] = [];
    let total = 0;
    const question = { kind: 'flows', servicePort, backend, limit: MOST_FLOWS } as const;
    await Promise.all(
      nodes.map(async (node) => {
        const answer = await ask(node, question);
        if (answer.kind !== 'flows') silent.push(node);
        else {
          total += answer.total;
          for (const flow of answer.flows) found.push({ ...flow, node });
        }
      }),
    );
    found.sort((a, b) => bytesOf(b) - bytesOf(a));
    return { kind: 'flows', total, flows: found.slice(0, MOST_FLOWS), silent: silent.sort() };
  }

  async function explain(question: Extract<MapQuestion, { kind: 'explain' }>): Promise<MapAnswer> {
    const asked = askedAt(question, model.objects.bind(model));
    if ('code' in asked) return refusal(asked.code, asked.message);
    return { kind: 'explain', node: asked.node, answer: await ask(asked.node, asked.question) };
  }

  return async (question) => {
    switch (question.kind) {
      case 'explain':
        return relayed(() => explain(question));
      case 'rules':
        return relayed(() => rules(question));
      case 'diagnose':
        return relayed(() => diagnose(question));
      case 'flows':
        return relayed(() => flows(question));
      case 'history':
      case 'moment':
      case 'seen':
      case 'audit':
        return history.ask(question);
    }
  };
}

/** Past the bound a node's answer says so instead: asked for alone it is told. */
function withinBounds(answers: readonly { readonly node: string; readonly answer: AgentAnswer }[]) {
  let rules = 0;
  return answers.map(({ node, answer }) => {
    if (answer.kind === 'rules') rules += answer.chains.reduce((sum, chain) => sum + chain.rules.length, 0);
    const told = answer.kind !== 'rules' || rules <= MOST_RULES || answers.length === 1;
    return { node, answer: told ? answer : refused('busy', 'too much for one answer: ask for this node alone') };
  });
}

const bytesOf = ({ bytesToBackend, bytesToClient }: FlowDetail) => bytesToBackend + bytesToClient;

export function refusal(code: Refusal, message: string): Extract<MapAnswer, { kind: 'refused' }> {
  return { kind: 'refused', code, message };
}
