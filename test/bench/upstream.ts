import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * The provider of the benchmark: answers at once, so that whatever time a call takes is the gateway's. The model name says how:
 * `json`, `json-<bytes>` with so much of this project's documentation as its text, or `stream-<chunks>`. Each chunk of a stream is
 * flushed by itself, as a model's tokens are. Requests to `/messages` are answered as Anthropic does.
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

const documents = readdirSync('docs')
  .filter((name) => name.endsWith('.md') && name !== 'benchmarks.md')
  .map((name) => readFileSync(`docs/${name}`, 'utf8'))
  .join('\n');

/** An answer whose body has some `bytes`. */
function longAnswer(bytes: number): string {
  const content = (length: number): string => JSON.stringify({ ...JSON.parse(answer), choices: [{ ...choice, message: said(length) }] });
  const said = (length: number) => ({ role: 'assistant', content: documents.slice(0, length) });
  const choice = { index: 0, finish_reason: 'stop' };
  // Line breaks and quotes take two characters in JSON.
  const first = content(bytes);
  return content(Math.floor((bytes * bytes) / Buffer.byteLength(first)));
}

const event = (type: string, fields: object): string => `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`;
const message = {
  id: 'msg_bench',
  type: 'message',
  role: 'assistant',
  model: 'stream',
  content: [],
  stop_reason: null,
  stop_sequence: null,
};
/** How a stream begins, what it repeats, and how it ends, in each of the two APIs. */
const streams = {
  chat: { opening: '', chunk, ending: `${piece('', 'stop')}${usage}data: [DONE]\n\n` },
  messages: {
    opening:
      event('message_start', { message: { ...message, usage: { input_tokens: 20, output_tokens: 1 } } }) +
      event('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }),
    chunk: event('content_block_delta', { index: 0, delta: { type: 'text_delta', text: ' token' } }),
    ending:
      event('content_block_stop', { index: 0 }) +
      event('message_delta', { delta: { stop_reason: 'end_turn', stop_sequence: null }, usage: { output_tokens: 60 } }) +
      event('message_stop', {}),
  },
};

function sendStream(response: ServerResponse, { opening, chunk: repeated, ending }: (typeof streams)['chat'], chunks: number): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  if (opening !== '') response.write(opening);
  let left = chunks;
  const next = (): void => {
    if (left === 0) {
      response.end(ending);
      return;
    }
    left -= 1;
    response.write(repeated);
    setImmediate(next);
  };
  next();
}

const server = createServer((request, response) => {
  let body = '';
  request.setEncoding('utf8').on('data', (text: string) => {
    body += text;
  });
  request.on('end', () => {
    const chunks = /"model":"stream-(\d+)"/.exec(body)?.[1];
    if (chunks !== undefined) {
      sendStream(response, request.url?.endsWith('/messages') ? streams.messages : streams.chat, Number(chunks));
      return;
    }
    const bytes = /"model":"json-(\d+)"/.exec(body)?.[1];
    const text = bytes === undefined ? answer : longAnswer(Number(bytes));
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }).end(text);
  });
});
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  process.stdout.write(`ready ${port}\n`);
});
