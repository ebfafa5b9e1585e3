import { LooseJson } from './loose-json.ts';
import { type Draft, draft, finished, type Reading, type Refusal } from './reading.ts';
import type { Family, Recording } from './recordings.ts';

// A reader of its own for every format, written from the vendors' documents and not from the code under test.

/** What a recorded answer says. */
export function readRecording(recording: Recording): Reading | Refusal {
  if (recording.body !== undefined) {
    const body = LooseJson.parse(recording.body);
    if (body.at('error').exists) return refusal(body.at('error'));
    const all = draft();
    whole[recording.family](all, body);
    return finished(all);
  }
  const events = (recording.events ?? []).map((event) => LooseJson.parse(event));
  const failed = events.find((event) => event.at('type').text === 'response.failed');
  const fault = events.find((event) => event.at('type').text === 'error') ?? failed?.at('response');
  if (fault !== undefined) return refusal(fault.at('error').exists ? fault.at('error') : fault);
  const all = draft();
  for (const event of events) step[recording.family](all, event);
  return finished(all);
}

export function isRefusal(reading: Reading | Refusal): reading is Refusal {
  return 'status' in reading;
}

function refusal(error: LooseJson): Refusal {
  const byType: Readonly<Record<string, number>> = { insufficient_quota: 429, rate_limit_error: 429, overloaded_error: 529 };
  const type = error.at('type').text;
  const status = error.at('code').count || (byType[type] ?? 400);
  return { status, message: error.at('message').text, outOfQuota: type === 'insufficient_quota' };
}

type Step = (all: Draft, json: LooseJson) => void;

const whole: Readonly<Record<Family, Step>> = {
  'anthropic-messages': (all, body) => {
    anthropicBlocks(all, body.at('content').items);
    all.finish = anthropicFinish[body.at('stop_reason').text];
    anthropicUsage(all, body.at('usage'));
  },
  'bedrock-converse': (all, body) => {
    for (const block of body.at('output', 'message', 'content').items) {
      all.text += block.at('text').text;
      all.reasoning += block.at('reasoningContent', 'reasoningText', 'text').text;
      for (const cited of block.at('citationsContent', 'content').items) all.text += cited.at('text').text;
      const use = block.at('toolUse');
      if (use.exists) addCall(all, use.at('toolUseId'), use.at('name'), use.at('input').json);
    }
    all.finish = bedrockFinish[body.at('stopReason').text];
    bedrockUsage(all, body.at('usage'));
  },
  'google-generate-content': (all, body) => step['google-generate-content'](all, body),
  'openai-chat': (all, body) => {
    const choice = body.at('choices').items[0];
    if (choice !== undefined) chatChoice(all, choice.at('message'), choice.at('finish_reason'));
    chatUsage(all, body.at('usage'));
  },
  'openai-responses': (all, body) => {
    for (const item of body.at('output').items) responsesItem(all, item);
    responsesEnd(all, body);
  },
};

const step: Readonly<Record<Family, Step>> = {
  // https://platform.claude.com/docs/en/build-with-claude/streaming
  'anthropic-messages': (all, event) => {
    // A message may begin with blocks that are whole.
    anthropicBlocks(all, event.at('message', 'content').items);
    if (event.at('message', 'stop_reason').exists) all.finish = anthropicFinish[event.at('message', 'stop_reason').text];
    const block = event.at('content_block');
    const delta = event.at('delta');
    const index = event.at('index').count;
    if (block.at('type').text === 'tool_use') addCall(all, block.at('id'), block.at('name'), '', { place: index });
    all.text += delta.at('text').text;
    all.reasoning += delta.at('thinking').text;
    // Tools that the vendor runs itself have input as well; it is nobody else's business.
    const call = all.calls.find(({ place }) => place === index);
    if (call !== undefined) call.json += delta.at('partial_json').text;
    if (delta.at('stop_reason').exists) all.finish = anthropicFinish[delta.at('stop_reason').text];
    anthropicUsage(all, event.at('message', 'usage'));
    anthropicUsage(all, event.at('usage'));
  },
  // https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html
  'bedrock-converse': (all, event) => {
    const use = event.at('contentBlockStart', 'start', 'toolUse');
    if (use.exists) addCall(all, use.at('toolUseId'), use.at('name'), '');
    const delta = event.at('contentBlockDelta', 'delta');
    all.text += delta.at('text').text;
    all.reasoning += delta.at('reasoningContent', 'text').text;
    addJson(all, delta.at('toolUse', 'input').text);
    if (event.at('messageStop').exists) all.finish = bedrockFinish[event.at('messageStop', 'stopReason').text];
    bedrockUsage(all, event.at('metadata', 'usage'));
  },
  // https://ai.google.dev/api/generate-content
  'google-generate-content': (all, event) => {
    const candidate = event.at('candidates').items.find((item) => item.at('index').count === 0) ?? new LooseJson({});
    for (const part of candidate.at('content', 'parts').items) {
      if (part.at('thought').exists) all.reasoning += part.at('text').text;
      else all.text += part.at('text').text;
      const call = part.at('functionCall');
      if (call.exists) addCall(all, call.at('id'), call.at('name'), call.at('args').json);
    }
    if (event.at('promptFeedback', 'blockReason').exists) all.finish = 'content_filter';
    const reason = candidate.at('finishReason');
    if (reason.exists) all.finish = reason.text === 'STOP' && all.calls.length > 0 ? 'tool_calls' : googleFinish[reason.text];
    const usage = event.at('usageMetadata');
    if (!usage.exists) return;
    all.thought = usage.at('thoughtsTokenCount').count;
    all.input = usage.at('promptTokenCount').count + usage.at('toolUsePromptTokenCount').count;
    all.output = usage.at('candidatesTokenCount').count + all.thought;
    all.cached = usage.at('cachedContentTokenCount').count;
  },
  // https://platform.openai.com/docs/api-reference/chat-streaming
  'openai-chat': (all, event) => {
    const choice = event.at('choices').items.find((item) => item.at('index').count === 0);
    if (choice !== undefined) chatChoice(all, choice.at('delta'), choice.at('finish_reason'));
    chatUsage(all, event.at('usage'));
    // Groq's older place for it (https://console.groq.com/docs/api-reference).
    chatUsage(all, event.at('x_groq', 'usage'));
  },
  // https://platform.openai.com/docs/api-reference/responses-streaming
  'openai-responses': (all, event) => {
    const type = event.at('type').text;
    if (type === 'response.output_item.done') responsesItem(all, event.at('item'));
    if (type === 'response.completed' || type === 'response.incomplete') responsesEnd(all, event.at('response'));
  },
};

function anthropicBlocks(all: Draft, blocks: readonly LooseJson[]): void {
  for (const block of blocks) {
    all.text += block.at('text').text;
    all.reasoning += block.at('thinking').text;
    if (block.at('type').text === 'tool_use') addCall(all, block.at('id'), block.at('name'), block.at('input').json);
  }
}

function chatChoice(all: Draft, message: LooseJson, finish: LooseJson): void {
  all.text += message.at('content').text + message.at('refusal').text;
  // Mistral's parts (https://docs.mistral.ai/capabilities/reasoning).
  for (const part of message.at('content').items) {
    all.text += part.at('text').text;
    for (const thought of part.at('thinking').items) all.reasoning += thought.at('text').text;
  }
  all.reasoning += message.at('reasoning_content').text || message.at('reasoning').text;
  for (const call of message.at('tool_calls').items) {
    if (call.at('id').exists) addCall(all, call.at('id'), call.at('function', 'name'), '');
    addJson(all, call.at('function', 'arguments').text);
  }
  // A refusal is an answer that somebody would not give, whatever word its end is told by.
  if (message.at('refusal').text !== '') all.refused = true;
  if (finish.exists) all.finish = all.refused && finish.text === 'stop' ? 'content_filter' : chatFinish[finish.text];
}

function responsesItem(all: Draft, item: LooseJson): void {
  switch (item.at('type').text) {
    case 'message':
      for (const part of item.at('content').items) {
        all.text += part.at('text').text + part.at('refusal').text;
        if (part.at('refusal').exists) all.refused = true;
      }
      break;
    case 'reasoning':
      for (const part of [...item.at('summary').items, ...item.at('content').items]) all.reasoning += part.at('text').text;
      break;
    case 'function_call':
      addCall(all, item.at('call_id'), item.at('name'), item.at('arguments').text);
      break;
    case 'custom_tool_call':
      addCall(all, item.at('call_id'), item.at('name'), item.at('input').text, { custom: true });
      break;
    default:
  }
}

function responsesEnd(all: Draft, response: LooseJson): void {
  const cut = response.at('incomplete_details', 'reason').text;
  const whole = all.calls.length > 0 ? 'tool_calls' : all.refused ? 'content_filter' : 'stop';
  all.finish = cut === '' ? whole : cut === 'content_filter' ? 'content_filter' : 'length';
  const usage = response.at('usage');
  all.input = usage.at('input_tokens').count;
  all.output = usage.at('output_tokens').count;
  all.cached = usage.at('input_tokens_details', 'cached_tokens').count;
  all.thought = usage.at('output_tokens_details', 'reasoning_tokens').count;
}

function chatUsage(all: Draft, usage: LooseJson): void {
  if (!usage.exists) return;
  all.input = usage.at('prompt_tokens').count;
  // Some count their thoughts beside the completion; the total tells.
  all.output = Math.max(usage.at('completion_tokens').count, usage.at('total_tokens').count - all.input);
  const cached = [usage.at('prompt_tokens_details', 'cached_tokens'), usage.at('prompt_cache_hit_tokens'), usage.at('cached_tokens')];
  all.cached = cached.find(({ exists }) => exists)?.count ?? 0;
  all.thought = usage.at('completion_tokens_details', 'reasoning_tokens').count;
}

/** Anthropic counts fresh, cached and written input beside each other. */
function anthropicUsage(all: Draft, usage: LooseJson): void {
  if (usage.at('input_tokens').exists) {
    all.cached = usage.at('cache_read_input_tokens').count;
    all.input = usage.at('input_tokens').count + all.cached + usage.at('cache_creation_input_tokens').count;
  }
  if (usage.at('output_tokens').exists) all.output = usage.at('output_tokens').count;
  if (usage.at('output_tokens_details').exists) all.thought = usage.at('output_tokens_details', 'thinking_tokens').count;
}

function bedrockUsage(all: Draft, usage: LooseJson): void {
  if (!usage.exists) return;
  all.cached = usage.at('cacheReadInputTokens').count;
  all.input = usage.at('inputTokens').count + all.cached + usage.at('cacheWriteInputTokens').count;
  all.output = usage.at('outputTokens').count;
}

interface CallFacts {
  readonly custom?: boolean;
  readonly place?: number;
}

function addCall(all: Draft, id: LooseJson, name: LooseJson, json: string, { custom = false, place }: CallFacts = {}): void {
  all.calls.push({ id: id.exists ? id.text : undefined, name: name.text, json, custom, ...(place !== undefined && { place }) });
}

function addJson(all: Draft, json: string): void {
  const call = all.calls.at(-1);
  if (call !== undefined) call.json += json;
  else if (json !== '') throw new Error('a piece of a tool call came before its start');
}

type Finishes = Readonly<Record<string, Reading['finish']>>;

const anthropicFinish: Finishes = {
  end_turn: 'stop',
  stop_sequence: 'stop',
  pause_turn: 'stop',
  max_tokens: 'length',
  model_context_window_exceeded: 'length',
  tool_use: 'tool_calls',
  refusal: 'content_filter',
};
const bedrockFinish: Finishes = { ...anthropicFinish, content_filtered: 'content_filter', guardrail_intervened: 'content_filter' };
const chatFinish: Finishes = {
  stop: 'stop',
  length: 'length',
  model_length: 'length',
  tool_calls: 'tool_calls',
  content_filter: 'content_filter',
};
const googleFinish: Finishes = {
  STOP: 'stop',
  MAX_TOKENS: 'length',
  SAFETY: 'content_filter',
  RECITATION: 'content_filter',
  BLOCKLIST: 'content_filter',
  PROHIBITED_CONTENT: 'content_filter',
  SPII: 'content_filter',
  IMAGE_SAFETY: 'content_filter',
};
