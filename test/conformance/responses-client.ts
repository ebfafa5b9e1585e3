import OpenAI from 'openai';
import type { ConformanceClient } from './chat-client.ts';
import { type Draft, draft, finished, type Reading } from './reading.ts';

export const responsesClient: ConformanceClient = {
  dialect: 'responses',
  async ask(gateway, model, stream, tools) {
    const client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: gateway.key, maxRetries: 0 });
    const request = {
      model,
      input: 'Go on.',
      tools: tools.map(
        ({ name, custom }): OpenAI.Responses.Tool =>
          custom ? { type: 'custom', name } : { type: 'function', name, parameters: { type: 'object', properties: {} }, strict: false },
      ),
    };
    return read(stream ? await client.responses.stream(request).finalResponse() : await client.responses.create(request));
  },
};

function read(response: OpenAI.Responses.Response): Reading {
  const all = draft();
  for (const item of response.output) readItem(all, item);
  const cut = response.incomplete_details?.reason;
  const refused = response.output.some((item) => item.type === 'message' && item.content.some(({ type }) => type === 'refusal'));
  const whole = all.calls.length > 0 ? 'tool_calls' : refused ? 'content_filter' : 'stop';
  all.finish = cut === 'max_output_tokens' ? 'length' : cut === 'content_filter' ? 'content_filter' : whole;
  all.input = response.usage?.input_tokens ?? 0;
  all.output = response.usage?.output_tokens ?? 0;
  all.cached = response.usage?.input_tokens_details.cached_tokens ?? 0;
  all.thought = response.usage?.output_tokens_details.reasoning_tokens ?? 0;
  return finished(all);
}

function readItem(all: Draft, item: OpenAI.Responses.ResponseOutputItem): void {
  if (item.type === 'message') for (const part of item.content) all.text += part.type === 'refusal' ? part.refusal : part.text;
  else if (item.type === 'reasoning') for (const part of item.summary) all.reasoning += part.text;
  else if (item.type === 'function_call') all.calls.push({ id: item.call_id, name: item.name, json: item.arguments });
  else if (item.type === 'custom_tool_call') all.calls.push({ id: item.call_id, name: item.name, json: item.input, custom: true });
}
