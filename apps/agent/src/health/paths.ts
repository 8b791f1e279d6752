import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';

export type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** Answers by path, without the query. */
export type Paths = Readonly<Record<string, Answer>>;

/** Serves the paths that there are at the time of the request. */
export function answering(paths: () => Paths): RequestListener {
  return (request, response) => {
    // What a caller sends along is read by few, and must not hold up the connection.
    request.resume();
    const answer = new Map(Object.entries(paths())).get((request.url ?? '').split('?', 1)[0] ?? '');
    if (answer) answer(request, response);
    else sendText(response, 404, '404 page not found');
  };
}

export function sendText(response: ServerResponse, code: number, text: string): void {
  send(response, code, 'text/plain; charset=utf-8', `${text}\n`);
}

export function send(response: ServerResponse, code: number, contentType: string, body: string): void {
  response.writeHead(code, { 'content-type': contentType, 'x-content-type-options': 'nosniff' }).end(body);
}
