/** One instruction with its words after continuation lines are joined and variables are filled in. */
export type Step =
  | {
      readonly kind: 'COPY';
      readonly line: number;
      readonly from?: string;
      readonly sources: string[];
      readonly to: string;
    }
  | { readonly kind: 'RUN'; readonly line: number; readonly command: string }
  | { readonly kind: 'WORKDIR' | 'USER'; readonly line: number; readonly value: string }
  | { readonly kind: 'ENV' | 'LABEL'; readonly line: number; readonly values: Readonly<Record<string, string>> }
  | { readonly kind: 'ENTRYPOINT' | 'HEALTHCHECK'; readonly line: number; readonly command: readonly string[] };

export interface Stage {
  /** An image, or a stage before. */
  readonly from: string;
  readonly name: string | undefined;
  readonly steps: readonly Step[];
}

/** What is not understood is refused with its line: a step that is passed over would be tried by nobody. */
export class DockerfileError extends Error {
  override readonly name = 'DockerfileError';
  constructor(line: number, message: string) {
    super(`line ${line}: ${message}`);
  }
}

/** Reads the part of the language that our Dockerfiles use. @throws DockerfileError */
export function readDockerfile(text: string): Stage[] {
  const global = new Map<string, string>();
  const stages: { from: string; name: string | undefined; steps: Step[]; variables: Map<string, string> }[] = [];
  for (const { line, word, rest } of instructions(text)) {
    const stage = stages.at(-1);
    const variables = stage?.variables ?? global;
    if (word === 'ARG') {
      const [, name = '', value] = /^(\w+)(?:=(.*))?$/.exec(rest) ?? [];
      if (name === '') throw new DockerfileError(line, `ARG ${rest}`);
      variables.set(name, value ?? global.get(name) ?? '');
    } else if (word === 'FROM') {
      const [, image = '', name] = /^(\S+)(?: AS (\S+))?$/.exec(filled(rest, global, line)) ?? [];
      if (image === '') throw new DockerfileError(line, `FROM ${rest}`);
      stages.push({ from: image, name, steps: [], variables: new Map() });
    } else if (stage) {
      stage.steps.push(stepOf(word, rest, line, variables));
    } else throw new DockerfileError(line, `${word} before the first FROM`);
  }
  return stages.map(({ from, name, steps }) => ({ from, name, steps }));
}

function* instructions(text: string): Generator<{ line: number; word: string; rest: string }> {
  let begun: { line: number; text: string } | undefined;
  for (const [i, raw] of text.split('\n').entries()) {
    const trimmed = raw.trim();
    if (trimmed.startsWith('#') || (trimmed === '' && !begun)) continue;
    begun ??= { line: i + 1, text: '' };
    begun.text += trimmed.replace(/\\$/, ' ');
    if (trimmed.endsWith('\\')) continue;
    const [, word = '', rest = ''] = /^([A-Z]+)\s+(.*)$/.exec(begun.text) ?? [];
    if (word === '') throw new DockerfileError(begun.line, `no instruction: ${begun.text}`);
    yield { line: begun.line, word, rest: rest.trim() };
    begun = undefined;
  }
  if (begun) throw new DockerfileError(begun.line, 'it does not end');
}

function stepOf(kind: string, rest: string, line: number, variables: ReadonlyMap<string, string>): Step {
  switch (kind) {
    case 'COPY': {
      const words = filled(rest, variables, line).split(/\s+/);
      const from = words[0]?.startsWith('--from=') ? words.shift()?.slice('--from='.length) : undefined;
      const to = words.pop();
      if (to === undefined || words.length === 0) throw new DockerfileError(line, 'COPY needs source and target');
      const option = words.find((word) => word.startsWith('--'));
      if (option) throw new DockerfileError(line, `COPY ${option} is not known here`);
      if (words.length > 1 && !to.endsWith('/')) throw new DockerfileError(line, `${to}: a folder ends with /`);
      return { kind, line, from, sources: words, to };
    }
    case 'RUN':
      if (rest.startsWith('[') || rest.startsWith('--')) throw new DockerfileError(line, `RUN ${rest}`);
      // its variables are the shell's
      return { kind, line, command: rest };
    case 'WORKDIR':
    case 'USER':
      return { kind, line, value: filled(rest, variables, line) };
    case 'ENV':
    case 'LABEL':
      return { kind, line, values: pairs(filled(rest, variables, line), line) };
    case 'ENTRYPOINT':
      return { kind, line, command: words(rest, line) };
    case 'HEALTHCHECK': {
      const [, command = ''] = /\bCMD (\[.*\])$/.exec(rest) ?? [];
      return { kind, line, command: words(command, line) };
    }
    default:
      throw new DockerfileError(line, `${kind} is not known here`);
  }
}

function filled(text: string, variables: ReadonlyMap<string, string>, line: number): string {
  return text.replace(/\$\{(\w+)\}/g, (_, name: string) => {
    const value = variables.get(name);
    if (value === undefined) throw new DockerfileError(line, `there is no ARG ${name} before`);
    return value;
  });
}

function pairs(text: string, line: number): Record<string, string> {
  const found = [...text.matchAll(/([\w.-]+)=(?:"([^"]*)"|(\S*))/g)];
  if (found.length === 0) throw new DockerfileError(line, `no name=value: ${text}`);
  return Object.fromEntries(found.map(([, name, quoted, plain]) => [name, quoted ?? plain]));
}

function words(text: string, line: number): string[] {
  try {
    const parsed: unknown = JSON.parse(text);
    if (Array.isArray(parsed) && parsed.every((one) => typeof one === 'string')) return parsed;
  } catch {
    // told below, with the line
  }
  throw new DockerfileError(line, `not a list of words in JSON: ${text}`);
}
