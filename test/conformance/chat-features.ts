/** Something a request can ask for, as one small request that asks for it. */
export interface Feature {
  readonly name: string;
  readonly body: Readonly<Record<string, unknown>>;
  /** Where the answer has to show something as well: what is asked for, and what it must hold. */
  readonly answer?: { readonly stream?: boolean; readonly cut?: boolean; readonly shows: RegExp };
}

const user = { role: 'user', content: 'Hello.' };
const weather = {
  type: 'function',
  function: {
    name: 'weather',
    description: 'Tells the weather.',
    parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
  },
};
const clock = { type: 'function', function: { name: 'clock', parameters: { type: 'object', properties: {} } } };
/** A picture of one pixel. */
const pixel = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const pdf = 'JVBERi0xLjQKJSVFT0YK';
const calls = [
  { id: 'call_1', type: 'function', function: { name: 'weather', arguments: '{"city":"Bern"}' } },
  { id: 'call_2', type: 'function', function: { name: 'clock', arguments: '{}' } },
];
const results = [
  { role: 'tool', tool_call_id: 'call_1', content: 'Sunny.' },
  { role: 'tool', tool_call_id: 'call_2', content: [{ type: 'text', text: 'Noon.' }] },
];
const thought = [{ type: 'reasoning.text', text: 'They greet me.', signature: 'c2lnbmF0dXJl', format: 'anthropic-claude-v1', index: 0 }];

const said = (...parts: readonly object[]): object => ({ messages: [{ role: 'user', content: parts }] });

/** The grid of chat completions, in the order of the compatibility table. */
export const chatFeatures: readonly Feature[] = [
  feature('system prompt', { messages: [{ role: 'system', content: 'Be brief.' }, user] }),
  feature('instructions in the middle', { messages: [user, { role: 'developer', content: 'Be brief.' }, user] }),
  feature('several turns', { messages: [user, { role: 'assistant', content: 'Hi.' }, user] }),
  feature('maximum of output tokens', { max_completion_tokens: 500 }),
  feature('temperature', { temperature: 0.5 }),
  feature('top_p', { top_p: 0.9 }),
  feature('top_k', { top_k: 40 }),
  feature('stop sequences', { stop: ['END', 'STOP'] }),
  feature('seed', { seed: 7 }),
  feature('frequency and presence penalties', { frequency_penalty: 0.5, presence_penalty: 0.25 }),
  feature('several choices (n)', { n: 2 }),
  feature('log probabilities', { logprobs: true, top_logprobs: 2 }),
  feature('logit bias', { logit_bias: { '50256': -100 } }),
  feature('tools', { tools: [weather, clock] }),
  feature('strict tools', { tools: [{ ...weather, function: { ...weather.function, strict: true } }] }),
  feature('text tools (custom)', { tools: [{ type: 'custom', custom: { name: 'sql', description: 'Runs SQL.' } }] }),
  feature('tool choice: none', { tools: [weather], tool_choice: 'none' }),
  feature('tool choice: required', { tools: [weather], tool_choice: 'required' }),
  feature('tool choice: one tool', { tools: [weather, clock], tool_choice: { type: 'function', function: { name: 'clock' } } }),
  feature('tool choice: some tools', {
    tools: [weather, clock],
    tool_choice: { type: 'allowed_tools', allowed_tools: { mode: 'auto', tools: [{ type: 'function', function: { name: 'clock' } }] } },
  }),
  feature('no parallel tool calls', { tools: [weather, clock], parallel_tool_calls: false }),
  feature('results of parallel tool calls', {
    tools: [weather, clock],
    messages: [user, { role: 'assistant', content: null, tool_calls: calls }, ...results],
  }),
  feature('JSON mode', { response_format: { type: 'json_object' } }),
  feature('JSON schema', {
    response_format: {
      type: 'json_schema',
      json_schema: {
        name: 'city',
        strict: true,
        schema: { type: 'object', properties: { name: { type: 'string' } }, required: ['name'], additionalProperties: false },
      },
    },
  }),
  feature(
    'image, inline',
    said({ type: 'text', text: 'What is it?' }, { type: 'image_url', image_url: { url: `data:image/png;base64,${pixel}` } }),
  ),
  feature('image, by URL', said({ type: 'image_url', image_url: { url: 'https://127.0.0.1/pixel.png', detail: 'low' } })),
  feature('PDF, inline', said({ type: 'file', file: { filename: 'a.pdf', file_data: `data:application/pdf;base64,${pdf}` } })),
  feature('audio, inline', said({ type: 'input_audio', input_audio: { data: 'UklGRg==', format: 'wav' } })),
  feature('reasoning effort', { reasoning_effort: 'high', max_completion_tokens: 8000 }),
  feature('reasoning budget', { reasoning: { max_tokens: 2048 }, max_completion_tokens: 8000 }),
  feature('reasoning, sent back', {
    reasoning_effort: 'low',
    tools: [weather],
    messages: [
      user,
      { role: 'assistant', content: 'Hi.', reasoning_details: thought, tool_calls: calls.slice(0, 1) },
      ...results.slice(0, 1),
    ],
  }),
  feature('marks for the prompt cache', {
    messages: [{ role: 'system', content: [{ type: 'text', text: 'Be brief.', cache_control: { type: 'ephemeral', ttl: '1h' } }] }, user],
    tools: [{ ...weather, cache_control: { type: 'ephemeral' } }],
  }),
  feature('end user', { user: 'user-7' }),
  feature('metadata', { metadata: { job: 'nightly' } }),
  feature('service tier', { service_tier: 'flex' }),
  feature('verbosity', { verbosity: 'low' }),
  {
    ...feature('usage in a stream', { stream_options: { include_usage: true } }),
    answer: { stream: true, shows: /"usage":\{"prompt_tokens":3,"completion_tokens":2/ },
  },
  { ...feature('finish reasons', {}), answer: { cut: true, shows: /"finish_reason":"length"/ } },
];

function feature(name: string, body: object): Feature {
  return { name, body: { messages: [user], ...body } };
}
