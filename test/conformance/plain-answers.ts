import type { ServerResponse } from 'node:http';
import { answerJson, type ReceivedRequest, type UpstreamBehaviour } from '../support/upstream.ts';
import { sendRecording } from './recorded-upstream.ts';
import type { Family } from './recordings.ts';

/** The shortest sound answer of each provider format: "Hi.", of three tokens in and two out. */
interface PlainAnswer {
  readonly path: RegExp;
  /** Undefined where there are no streams. */
  readonly family?: Family;
  readonly body: object;
  readonly events?: readonly object[];
}

/** The shortest sound answer of the format that a path belongs to, as a stream where one is asked for. */
export const plainAnswer: UpstreamBehaviour = async (request, response) => {
  await answerPlainly(request, response, (text) => text);
};

/** The same, cut off because it was long enough. */
export const cutAnswer: UpstreamBehaviour = async (request, response) => {
  await answerPlainly(request, response, (text) =>
    text
      .replace('"finish_reason":"stop"', '"finish_reason":"length"')
      .replace(/"(stop_reason|stopReason)":"end_turn"/, '"$1":"max_tokens"')
      .replace('"finishReason":"STOP"', '"finishReason":"MAX_TOKENS"')
      .replace('"type":"response.completed"', '"type":"response.incomplete"')
      .replace(
        '"status":"completed","incomplete_details":null',
        '"status":"incomplete","incomplete_details":{"reason":"max_output_tokens"}',
      ),
  );
};

/** How a plain answer goes wrong. */
export interface PlainTrouble {
  /** A stream breaks off after so many events. */
  readonly breaksAfter?: number | undefined;
  /** It is not the connection that breaks, but nothing more comes. */
  readonly stalls?: boolean;
  /** Between two events of a stream. */
  readonly pauseMs?: number;
}

/** A plain answer with its words changed. */
export async function answerPlainly(
  request: ReceivedRequest,
  response: ServerResponse,
  edit: (text: string) => string,
  trouble: PlainTrouble = {},
): Promise<void> {
  const answer = answers.find(({ path }) => path.test(request.path));
  if (answer === undefined || answer.events === undefined || answer.family === undefined || !wantsStream(request)) {
    await answerJson(200, JSON.parse(edit(JSON.stringify(answer?.body ?? {}))))(request, response);
    return;
  }
  const events = answer.events.map((event) => edit(JSON.stringify(event)));
  await sendRecording({ family: answer.family, name: 'plain', body: undefined, events }, response, trouble);
}

/** The provider format a request is to be answered in, and whether as a stream. */
export function familyOf(request: ReceivedRequest): { readonly family: Family | undefined; readonly streams: boolean } {
  return { family: answers.find(({ path }) => path.test(request.path))?.family, streams: wantsStream(request) };
}

function wantsStream({ path, body }: ReceivedRequest): boolean {
  return path.includes('stream') || /"stream":true/.test(body);
}

const message = { id: 'msg_1', type: 'message', role: 'assistant', model: 'm', stop_sequence: null };
const gemini = {
  candidates: [{ content: { role: 'model', parts: [{ text: 'Hi.' }] }, finishReason: 'STOP', index: 0 }],
  usageMetadata: { promptTokenCount: 3, candidatesTokenCount: 2, totalTokenCount: 5 },
};
const converseUsage = { usage: { inputTokens: 3, outputTokens: 2, totalTokens: 5 }, metrics: { latencyMs: 1 } };
const item = {
  type: 'message',
  id: 'msg_1',
  role: 'assistant',
  status: 'completed',
  content: [{ type: 'output_text', text: 'Hi.', annotations: [], logprobs: [] }],
};
const response = { id: 'resp_1', object: 'response', created_at: 1, model: 'm', error: null };
const whole = {
  ...response,
  status: 'completed',
  incomplete_details: null,
  output: [item],
  usage: {
    input_tokens: 3,
    output_tokens: 2,
    total_tokens: 5,
    input_tokens_details: { cached_tokens: 0 },
    output_tokens_details: { reasoning_tokens: 0 },
  },
};
const chatUsage = { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 };
const chunk = { id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model: 'm' };

const answers: readonly PlainAnswer[] = [
  {
    path: /\/messages(\?|$)/,
    family: 'anthropic-messages',
    body: {
      ...message,
      content: [{ type: 'text', text: 'Hi.' }],
      stop_reason: 'end_turn',
      usage: { input_tokens: 3, output_tokens: 2 },
    },
    events: [
      { type: 'message_start', message: { ...message, content: [], stop_reason: null, usage: { input_tokens: 3, output_tokens: 1 } } },
      { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
      { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Hi.' } },
      { type: 'content_block_stop', index: 0 },
      { type: 'message_delta', delta: { stop_reason: 'end_turn', stop_sequence: null }, usage: { output_tokens: 2 } },
      { type: 'message_stop' },
    ],
  },
  { path: /:(stream)?generateContent/i, family: 'google-generate-content', body: gemini, events: [gemini] },
  {
    path: /\/converse(-stream)?$/,
    family: 'bedrock-converse',
    body: { output: { message: { role: 'assistant', content: [{ text: 'Hi.' }] } }, stopReason: 'end_turn', ...converseUsage },
    events: [
      { messageStart: { role: 'assistant' } },
      { contentBlockDelta: { contentBlockIndex: 0, delta: { text: 'Hi.' } } },
      { contentBlockStop: { contentBlockIndex: 0 } },
      { messageStop: { stopReason: 'end_turn' } },
      { metadata: converseUsage },
    ],
  },
  {
    path: /\/responses$/,
    family: 'openai-responses',
    body: whole,
    events: [
      { type: 'response.created', sequence_number: 0, response: { ...response, status: 'in_progress', output: [] } },
      { type: 'response.output_item.added', sequence_number: 1, output_index: 0, item: { ...item, status: 'in_progress', content: [] } },
      {
        type: 'response.output_text.delta',
        sequence_number: 2,
        item_id: 'msg_1',
        output_index: 0,
        content_index: 0,
        delta: 'Hi.',
        logprobs: [],
      },
      { type: 'response.output_item.done', sequence_number: 3, output_index: 0, item },
      { type: 'response.completed', sequence_number: 4, response: whole },
    ],
  },
  {
    path: /\/chat\/completions$/,
    family: 'openai-chat',
    body: {
      id: 'chatcmpl-1',
      object: 'chat.completion',
      created: 1,
      model: 'm',
      choices: [{ index: 0, message: { role: 'assistant', content: 'Hi.' }, finish_reason: 'stop' }],
      usage: chatUsage,
    },
    events: [
      { ...chunk, choices: [{ index: 0, delta: { role: 'assistant', content: 'Hi.' }, finish_reason: null }] },
      { ...chunk, choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] },
      { ...chunk, choices: [], usage: chatUsage },
    ],
  },
  {
    path: /\/embeddings$/,
    body: {
      object: 'list',
      model: 'm',
      data: [{ object: 'embedding', index: 0, embedding: [0.5] }],
      usage: { prompt_tokens: 3, total_tokens: 3 },
    },
  },
  { path: /:embedContent$/, body: { embedding: { values: [0.5] } } },
  { path: /:batchEmbedContents$/, body: { embeddings: [{ values: [0.5] }, { values: [0.5] }] } },
  { path: /\/images\/generations$/, body: { created: 1, data: [{ b64_json: 'iVBORw0KGgo=' }] } },
  { path: /\/audio\/transcriptions$/, body: { text: 'Hi.' } },
  { path: /\/moderations$/, body: { id: 'modr-1', model: 'm', results: [{ flagged: false, categories: {}, category_scores: {} }] } },
];
