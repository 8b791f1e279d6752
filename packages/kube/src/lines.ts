/** An API server stores objects of at most 1.5 MiB, JSON escapes included a few times that. */
const MAX_LINE_CHARACTERS = 16 * 1024 * 1024;

/**
 * The JSON values of a stream that carries one a line, in whatever pieces it arrives. A last line without an end is
 * dropped: the connection broke inside it. Throws a SyntaxError on a line that is not JSON, a RangeError on one
 * that is too long to be an object.
 */
export async function* jsonLines(
  chunks: AsyncIterable<Uint8Array>,
  maxCharacters = MAX_LINE_CHARACTERS,
): AsyncGenerator<unknown> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of chunks) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > maxCharacters) throw new RangeError(`a line has more than ${maxCharacters} characters`);
    for (const line of lines) if (line.trim() !== '') yield JSON.parse(line);
  }
}
