import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { extname, join, sep } from 'node:path';
import { promisify } from 'node:util';
import { constants, gzip } from 'node:zlib';
import type { PageOptions } from './pages.ts';

const compress = promisify(gzip);

/** What the pages are made of, by its ending. Fonts are compressed already. */
const TYPES: Readonly<Record<string, { readonly type: string; readonly packs: boolean }>> = {
  '.js': { type: 'application/javascript; charset=UTF-8', packs: true },
  '.css': { type: 'text/css; charset=UTF-8', packs: true },
  '.svg': { type: 'image/svg+xml', packs: true },
  '.woff2': { type: 'font/woff2', packs: false },
};

/** The address under which Next.js names these files. A name holds a digest of the file: what it stands for never changes. */
const ADDRESS = '/_next/static/';
const HEADERS = { 'Cache-Control': 'public, max-age=31536000, immutable', Vary: 'Accept-Encoding' };

interface Bodies {
  readonly plain: Buffer;
  readonly packed: Buffer | undefined;
}

/**
 * Answers the files of the built pages from memory, read and compressed when they are first asked for: Next.js compresses them
 * for everybody anew, on the threads that compress the map's first frames. Everything else is rendered.
 * @param folder where Next.js has put them; nothing else of it is ever answered
 */
export function pageFiles(folder: string, render: PageOptions['render']): PageOptions['render'] {
  const names = new Set(
    readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => name.replaceAll(sep, '/')),
  );
  const known = new Map<string, Promise<Bodies>>();
  return async (request, response) => {
    const name = request.url?.startsWith(ADDRESS) ? request.url.slice(ADDRESS.length).split('?', 1)[0] : undefined;
    const kind = name === undefined ? undefined : TYPES[extname(name)];
    if (name === undefined || !kind || !names.has(name) || !isRead(request)) return render(request, response);
    let reading = known.get(name);
    if (!reading) {
      reading = read(join(folder, name), kind.packs);
      known.set(name, reading);
    }
    try {
      send(request, response, kind.type, await reading);
    } catch {
      // Gone or not readable: Next.js meets the same, and says so.
      known.delete(name);
      await render(request, response);
    }
  };
}

const isRead = ({ method }: IncomingMessage): boolean => method === 'GET' || method === 'HEAD';

async function read(file: string, packs: boolean): Promise<Bodies> {
  const plain = await readFile(file);
  return { plain, packed: packs ? await compress(plain, { level: constants.Z_BEST_COMPRESSION }) : undefined };
}

function send(request: IncomingMessage, response: ServerResponse, type: string, { plain, packed }: Bodies): void {
  const takesPacked = /\bgzip\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))/i.test(
    String(request.headers['accept-encoding'] ?? ''),
  );
  const body = takesPacked && packed ? packed : plain;
  response.writeHead(200, {
    ...HEADERS,
    'Content-Type': type,
    'Content-Length': body.length,
    ...(body === packed && { 'Content-Encoding': 'gzip' }),
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}
