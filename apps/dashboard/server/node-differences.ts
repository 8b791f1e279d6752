import { setTimeout } from 'node:timers/promises';
import type { AgentAnswer, AgentQuestion, NodeDifference } from '@kubecity/protocol';
import { asStored, type Write } from '@kubecity/steering';
import type { AskAgent } from './agent-questions.ts';

/** Asked for one dry run, in the order of their names. */
const MOST_NODES = 200;
/** A person waits for it; a node that needs longer is named. */
const PATIENCE_MILLISECONDS = 8000;
/** Lines of all nodes together. */
const MOST_LINES = 20_000;

/** What each node would write into its kernel for these objects, by its own word; nothing is written. Never rejects. */
export async function nodeDifferences(
  writes: readonly Write[],
  nodes: readonly string[],
  ask: AskAgent,
  now: number,
): Promise<NodeDifference[]> {
  const question = questionOf(writes, now);
  if (!question) return [];
  const asked = [...nodes].sort();
  const given = await Promise.all(
    asked.slice(0, MOST_NODES).map(async (node) => differenceOf(node, await within(ask(node, question)))),
  );
  const left = asked.slice(MOST_NODES).map((node) => ({ node, error: `only ${MOST_NODES} nodes are asked` }));
  return withinBounds([...given, ...left]);
}

function questionOf(writes: readonly Write[], now: number): AgentQuestion | undefined {
  if (writes.length === 0) return undefined;
  return {
    kind: 'preview',
    changes: writes.map(({ write: { kind, namespace, name, verb }, object }) => ({
      kind,
      namespace,
      name,
      object: verb === 'delete' ? undefined : asStored(object, now),
    })),
  };
}

async function within(answer: Promise<AgentAnswer>): Promise<AgentAnswer | undefined> {
  const given = new AbortController();
  // the only way to fail is our own abort, once the answer is there
  const late = setTimeout(PATIENCE_MILLISECONDS, undefined, { signal: given.signal }).catch(() => undefined);
  try {
    return await Promise.race([answer, late]);
  } finally {
    given.abort();
  }
}

function differenceOf(node: string, answer: AgentAnswer | undefined): NodeDifference {
  if (!answer) return { node, error: `${node} did not answer within ${PATIENCE_MILLISECONDS / 1000} s` };
  if (answer.kind === 'refused') return { node, error: answer.message };
  if (answer.kind !== 'preview') return { node, error: `${node} answered something else` };
  if (answer.truncated) return { node, chains: answer.chains, error: 'more chains differ than one answer tells' };
  return { node, chains: answer.chains };
}

function withinBounds(differences: readonly NodeDifference[]): NodeDifference[] {
  let lines = 0;
  return differences.map((difference) => {
    for (const { before, after } of difference.chains ?? []) lines += before.length + after.length;
    if (lines <= MOST_LINES || !difference.chains) return difference;
    return { node: difference.node, error: 'too much for one answer' };
  });
}
