import { type AgentAnswer, ASK_TIMEOUT_MS, agentQuestion } from '@kubecity/protocol';
import type { AccountingAnswer, AccountingQuestion, OwnAnswer } from './accounting/messages.ts';
import type { PacketQuestion } from './rules/packet-question.ts';
import type { PreviewQuestion } from './rules/preview.ts';

export interface QuestionsOptions {
  /** The rules of a Service, by `namespace/name`. */
  readonly rules: (service: string) => Promise<AgentAnswer>;
  readonly explain: (question: PacketQuestion) => Promise<AgentAnswer>;
  readonly preview: (question: PreviewQuestion) => AgentAnswer;
  readonly diagnose: () => Promise<AgentAnswer>;
  readonly accounting: (question: AccountingQuestion, withinMs: number) => Promise<AccountingAnswer>;
}

/** Questions under way at most; each may read many chains or a table of connections. */
const MAX_OPEN = 8;
/** Ours comes before the hub gives up. */
const WITHIN_MS = ASK_TIMEOUT_MS - 2_000;

/** Answers what the hub asks. Always answers, and never throws. */
export class Questions {
  readonly #options: QuestionsOptions;
  #open = 0;

  constructor(options: QuestionsOptions) {
    this.#options = options;
  }

  async answer(asked: unknown): Promise<AgentAnswer> {
    const parsed = agentQuestion.safeParse(asked);
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      return refused('invalid-request', `${issue?.path.join('.') || 'question'}: ${issue?.message}`);
    }
    if (this.#open >= MAX_OPEN) return refused('busy', `${MAX_OPEN} questions are open already`);
    this.#open += 1;
    try {
      const question = parsed.data;
      if (question.kind === 'rules') return await this.#options.rules(question.service);
      if (question.kind === 'explain') return await this.#options.explain(question);
      if (question.kind === 'preview') return this.#options.preview(question);
      if (question.kind === 'diagnose') return await this.#options.diagnose();
      const answer = await this.#options.accounting(question, WITHIN_MS);
      return isOwn(answer) ? refused('failed', 'another answer than was asked for') : answer;
    } catch (error) {
      return refused('failed', error instanceof Error ? error.message : String(error));
    } finally {
      this.#open -= 1;
    }
  }
}

const isOwn = (answer: AccountingAnswer): answer is OwnAnswer =>
  ['servicePorts', 'attempts', 'endAttempts'].includes(answer.kind);

type RefusalCode = Extract<AgentAnswer, { kind: 'refused' }>['code'];

const refused = (code: RefusalCode, message: string): AgentAnswer => ({
  kind: 'refused',
  code,
  message: message.slice(0, 1024),
});
