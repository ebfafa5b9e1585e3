import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * The provider of the benchmark: answers at once, so that whatever time a call takes is the gateway's. The model name says how:
 * `json`, or `stream-<chunks>`. Each chunk of a stream is flushed by itself, as a model's tokens are.
 */
const answer = JSON.stringify({
  id: 'chatcmpl-bench',
  object: 'chat.completion',
  created: 1,
  model: 'json',
  choices: [
    { index: 0, message: { role: 'assistant', content: 'The quick brown fox jumps over the lazy dog. '.repeat(6) }, finish_reason: 'stop' },
  ],
  usage: { prompt_tokens: 20, completion_tokens: 60, total_tokens: 80 },
});
const piece = (content: string, finish: string | null): string =>
  `data: ${JSON.stringify({ id: 'chatcmpl-bench', object: 'chat.completion.chunk', created: 1, model: 'stream', choices: [{ index: 0, delta: finish === null ? { content } : {}, finish_reason: finish }] })}\n\n`;
const usage = `data: ${JSON.stringify({ id: 'chatcmpl-bench', object: 'chat.completion.chunk', created: 1, model: 'stream', choices: [], usage: { prompt_tokens: 20, completion_tokens: 60, total_tokens: 80 } })}\n\n`;
const chunk = piece(' token', null);

const server = createServer((request, response) => {
  let body = '';
  request.setEncoding('utf8').on('data', (text: string) => {
    body += text;
  });
  request.on('end', () => {
    const chunks = /"model":"stream-(\d+)"/.exec(body)?.[1];
    if (chunks === undefined) {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': answer.length }).end(answer);
      return;
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    let left = Number(chunks);
    const next = (): void => {
      if (left === 0) {
        response.end(`${piece('', 'stop')}${usage}data: [DONE]\n\n`);
        return;
      }
      left -= 1;
      response.write(chunk);
      setImmediate(next);
    };
    next();
  });
});
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  process.stdout.write(`ready ${port}\n`);
});
