import { type GenerateContentResponse, type GenerateContentResponseUsageMetadata, GoogleGenAI } from '@google/genai';
import type { ConformanceClient } from './chat-client.ts';
import { draft, finished, type Reading } from './reading.ts';

export const geminiClient: ConformanceClient = {
  dialect: 'gemini',
  async ask(gateway, model, stream, tools) {
    const client = new GoogleGenAI({ apiKey: gateway.key, httpOptions: { baseUrl: gateway.url, retryOptions: { attempts: 1 } } });
    const declarations = tools.map(({ name }) => ({ name, parametersJsonSchema: { type: 'object' } }));
    const request = { model, contents: 'Go on.', config: tools.length > 0 ? { tools: [{ functionDeclarations: declarations }] } : {} };
    // A custom tool is a function with one argument there, its text.
    const custom = new Set(tools.filter((tool) => tool.custom).map(({ name }) => name));
    if (!stream) return read([await client.models.generateContent(request)], custom);
    const pieces: GenerateContentResponse[] = [];
    for await (const piece of await client.models.generateContentStream(request)) pieces.push(piece);
    return read(pieces, custom);
  },
};

function read(pieces: readonly GenerateContentResponse[], custom: ReadonlySet<string>): Reading {
  const all = draft();
  for (const piece of pieces) {
    const candidate = piece.candidates?.find(({ index = 0 }) => index === 0);
    if (piece.promptFeedback?.blockReason !== undefined) all.finish = 'content_filter';
    for (const { text = '', thought, functionCall } of candidate?.content?.parts ?? []) {
      if (thought === true) all.reasoning += text;
      else all.text += text;
      if (functionCall === undefined) continue;
      const { id, name = '', args = {} } = functionCall;
      const own = custom.has(name);
      all.calls.push({ id, name, json: own ? String(args.input) : JSON.stringify(args), custom: own });
    }
    all.finish = finishes[candidate?.finishReason ?? ''] ?? all.finish;
    if (piece.usageMetadata !== undefined) Object.assign(all, counts(piece.usageMetadata));
  }
  // Gemini says STOP where others say that tools are to be called.
  if (all.finish === 'stop' && all.calls.length > 0) all.finish = 'tool_calls';
  return finished(all);
}

function counts(usage: GenerateContentResponseUsageMetadata) {
  const thought = usage.thoughtsTokenCount ?? 0;
  return {
    input: (usage.promptTokenCount ?? 0) + (usage.toolUsePromptTokenCount ?? 0),
    cached: usage.cachedContentTokenCount ?? 0,
    thought,
    output: (usage.candidatesTokenCount ?? 0) + thought,
  };
}

const finishes: Readonly<Record<string, Reading['finish']>> = {
  STOP: 'stop',
  MAX_TOKENS: 'length',
  SAFETY: 'content_filter',
  RECITATION: 'content_filter',
  BLOCKLIST: 'content_filter',
  SPII: 'content_filter',
  IMAGE_SAFETY: 'content_filter',
  PROHIBITED_CONTENT: 'content_filter',
};
