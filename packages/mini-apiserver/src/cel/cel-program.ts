import type { Environment } from '@marcbachmann/cel-js';

/** Evaluates an expression; the context has what it names. */
export type Program = (context: Readonly<Record<string, unknown>>) => unknown;

/** A program and the names it uses, or why there is none. */
export type Compiled = { readonly program: Program; readonly names: ReadonlySet<string> } | { readonly fault: string };

/** Compiles an expression whose value must be a `wanted`, or may be anything; `name` is what a message calls it. */
export function compile(
  scope: Environment,
  text: string,
  name: string,
  wanted: 'bool' | 'string' | undefined,
): Compiled {
  if (text.trim() === '') return { fault: `${name} is not specified` };
  try {
    const program = scope.parse(text);
    const { names, presences } = readTree(program.ast);
    const { error, type } = program.check();
    const fault = error ?? scope.check(asReads(text, presences)).error;
    if (fault !== undefined) return { fault: compilationError(text, fault) };
    if (wanted !== undefined && type !== wanted && type !== 'dyn') return { fault: `must evaluate to a ${wanted}` };
    return { program, names };
  } catch (error) {
    return { fault: compilationError(text, error) };
  }
}

/** Names that an expression uses, and where its calls of `has` begin. */
function readTree(root: unknown): { names: Set<string>; presences: number[] } {
  const names = new Set<string>();
  const presences: number[] = [];
  const visit = (node: unknown) => {
    if (Array.isArray(node)) node.forEach(visit);
    if (typeof node !== 'object' || node === null || !('op' in node && 'args' in node && 'start' in node)) return;
    if (node.op === 'id') names.add(String(node.args));
    if (node.op === 'call' && Array.isArray(node.args) && node.args[0] === 'has') presences.push(Number(node.start));
    visit(node.args);
  };
  visit(root);
  return { names, presences };
}

/**
 * The library lets `has` ask for fields that the schema does not have; kube-apiserver refuses them. `dyn(…)`, as long as
 * `has(…)`, reads the field instead, so the type check looks at it.
 */
function asReads(text: string, presences: readonly number[]): string {
  return presences.reduce((read, at) => `${read.slice(0, at)}dyn${read.slice(at + 3)}`, text);
}

function compilationError(text: string, error: unknown): string {
  const start = rangeOf(error);
  const before = text.slice(0, start).split('\n');
  const place = `<input>:${before.length}:${(before.at(-1)?.length ?? 0) + 1}`;
  const words = wordsOf(error)
    .replace(/^No such key: (.*)$/, "undefined field '$1'")
    .replace(/^Unknown variable: (.*)$/, "undeclared reference to '$1' (in container '')");
  return `compilation failed: ERROR: ${place}: ${words}`;
}

function rangeOf(error: unknown): number {
  const range = typeof error === 'object' && error !== null && 'range' in error ? error.range : undefined;
  return typeof range === 'object' && range !== null && 'start' in range ? Number(range.start) : 0;
}

/** What an error of the library says; its messages go on with a drawing of the expression. */
export function wordsOf(error: unknown): string {
  if (typeof error === 'object' && error !== null && 'summary' in error && error.summary) return String(error.summary);
  return error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
}
