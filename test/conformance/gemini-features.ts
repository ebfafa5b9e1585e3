import type { Feature } from './chat-features.ts';

const user = { role: 'user', parts: [{ text: 'Hello.' }] };
const weather = {
  name: 'weather',
  description: 'Tells the weather.',
  parameters: { type: 'OBJECT', properties: { city: { type: 'STRING' } }, required: ['city'] },
};
const clock = { name: 'clock', parametersJsonSchema: { type: 'object', properties: {} } };
const tools = [{ functionDeclarations: [weather, clock] }];
const calls = [{ functionCall: { name: 'weather', args: { city: 'Bern' } } }, { functionCall: { name: 'clock', args: {} } }];
const results = [
  { functionResponse: { name: 'weather', response: { output: 'Sunny.' } } },
  { functionResponse: { name: 'clock', response: { output: 'Noon.' } } },
];
/** A picture of one pixel. */
const pixel = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

const said = (...parts: readonly object[]): object => ({ contents: [{ role: 'user', parts }] });
const config = (generationConfig: object): object => ({ generationConfig });
const choosing = (functionCallingConfig: object): object => ({ tools, toolConfig: { functionCallingConfig } });

/** The grid of `generateContent`, in the order of the compatibility table. */
export const geminiFeatures: readonly Feature[] = [
  feature('system prompt', { systemInstruction: { parts: [{ text: 'Be brief.' }] } }),
  feature('several turns', { contents: [user, { role: 'model', parts: [{ text: 'Hi.' }] }, user] }),
  feature('maximum of output tokens', config({ maxOutputTokens: 500 })),
  feature('temperature', config({ temperature: 0.5 })),
  feature('topP', config({ topP: 0.9 })),
  feature('topK', config({ topK: 40 })),
  feature('stop sequences', config({ stopSequences: ['END', 'STOP'] })),
  feature('seed', config({ seed: 7 })),
  feature('frequency and presence penalties', config({ frequencyPenalty: 0.5, presencePenalty: 0.25 })),
  feature('several candidates', config({ candidateCount: 2 })),
  feature('log probabilities', config({ responseLogprobs: true, logprobs: 2 })),
  feature('tools', { tools }),
  feature('tool choice: none', choosing({ mode: 'NONE' })),
  feature('tool choice: any', choosing({ mode: 'ANY' })),
  feature('tool choice: one tool', choosing({ mode: 'ANY', allowedFunctionNames: ['clock'] })),
  feature('results of parallel tool calls', {
    tools,
    contents: [user, { role: 'model', parts: calls }, { role: 'user', parts: results }],
  }),
  feature('JSON mode', config({ responseMimeType: 'application/json' })),
  feature(
    'JSON schema',
    config({
      responseMimeType: 'application/json',
      responseJsonSchema: { type: 'object', properties: { name: { type: 'string' } }, required: ['name'], additionalProperties: false },
    }),
  ),
  feature(
    "JSON schema in Google's words",
    config({
      responseMimeType: 'application/json',
      responseSchema: { type: 'OBJECT', properties: { name: { type: 'STRING' } }, required: ['name'] },
    }),
  ),
  feature('image, inline', said({ text: 'What is it?' }, { inlineData: { mimeType: 'image/png', data: pixel } })),
  feature('image, by URL', said({ fileData: { mimeType: 'image/png', fileUri: 'https://127.0.0.1/pixel.png' } })),
  feature('PDF, inline', said({ inlineData: { mimeType: 'application/pdf', data: 'JVBERi0xLjQKJSVFT0YK' } })),
  feature('audio, inline', said({ inlineData: { mimeType: 'audio/wav', data: 'UklGRg==' } })),
  feature('thinking, by level', config({ thinkingConfig: { thinkingLevel: 'HIGH', includeThoughts: true }, maxOutputTokens: 8000 })),
  feature('thinking, with a budget', config({ thinkingConfig: { thinkingBudget: 2048, includeThoughts: true }, maxOutputTokens: 8000 })),
  feature('thoughts, sent back', {
    tools,
    contents: [
      user,
      {
        role: 'model',
        parts: [
          { text: 'They ask.', thought: true },
          { ...calls[0], thoughtSignature: 'c2lnbmF0dXJl' },
        ],
      },
      { role: 'user', parts: results.slice(0, 1) },
    ],
  }),
  feature('safety settings', { safetySettings: [{ category: 'HARM_CATEGORY_HARASSMENT', threshold: 'BLOCK_NONE' }] }),
  feature('Google search', { tools: [{ googleSearch: {} }] }),
  feature('code execution', { tools: [{ codeExecution: {} }] }),
  feature('cached content', { cachedContent: 'cachedContents/1' }),
  {
    ...feature('usage in a stream', {}),
    answer: { stream: true, shows: /"usageMetadata":\{[^}]*"candidatesTokenCount":2/ },
  },
  { ...feature('finish reasons', {}), answer: { cut: true, shows: /"finishReason":"MAX_TOKENS"/ } },
];

function feature(name: string, body: object): Feature {
  return { name, body: { contents: [user], ...body } };
}
