import Anthropic from '@anthropic-ai/sdk';
import type { ConformanceClient } from './chat-client.ts';
import { draft, finished, type Reading } from './reading.ts';

export const messagesClient: ConformanceClient = {
  dialect: 'messages',
  async ask(gateway, model, stream, tools) {
    const client = new Anthropic({ baseURL: gateway.url, apiKey: gateway.key, maxRetries: 0 });
    const request: Anthropic.MessageCreateParamsNonStreaming = {
      model,
      max_tokens: 1000,
      messages: [{ role: 'user', content: 'Go on.' }],
      ...(tools.length > 0 && { tools: tools.map(({ name }) => ({ name, input_schema: { type: 'object' as const } })) }),
    };
    return read(stream ? await client.messages.stream(request).finalMessage() : await client.messages.create(request));
  },
};

function read(message: Anthropic.Message): Reading {
  const all = draft();
  for (const block of message.content) {
    if (block.type === 'text') all.text += block.text;
    else if (block.type === 'thinking') all.reasoning += block.thinking;
    else if (block.type === 'tool_use') all.calls.push({ id: block.id, name: block.name, json: JSON.stringify(block.input) });
  }
  all.finish = finishes[message.stop_reason ?? ''];
  const { usage } = message;
  all.cached = usage.cache_read_input_tokens ?? 0;
  all.input = usage.input_tokens + all.cached + (usage.cache_creation_input_tokens ?? 0);
  all.output = usage.output_tokens;
  all.thought = usage.output_tokens_details?.thinking_tokens ?? 0;
  return finished(all);
}

const finishes: Readonly<Record<string, Reading['finish']>> = {
  end_turn: 'stop',
  stop_sequence: 'stop',
  pause_turn: 'stop',
  max_tokens: 'length',
  model_context_window_exceeded: 'length',
  tool_use: 'tool_calls',
  refusal: 'content_filter',
};
