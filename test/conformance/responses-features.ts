import type { Feature } from './chat-features.ts';

const user = { role: 'user', content: 'Hello.' };
const weather = {
  type: 'function',
  name: 'weather',
  description: 'Tells the weather.',
  parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
  strict: false,
};
const clock = { type: 'function', name: 'clock', parameters: { type: 'object', properties: {} }, strict: false };
const sql = {
  type: 'custom',
  name: 'sql',
  description: 'Runs SQL.',
  format: { type: 'grammar', syntax: 'regex', definition: 'SELECT .+' },
};
/** A picture of one pixel. */
const pixel = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const calls = [
  { type: 'function_call', call_id: 'call_1', name: 'weather', arguments: '{"city":"Bern"}' },
  { type: 'function_call', call_id: 'call_2', name: 'clock', arguments: '{}' },
];
const results = [
  { type: 'function_call_output', call_id: 'call_1', output: 'Sunny.' },
  { type: 'function_call_output', call_id: 'call_2', output: [{ type: 'input_text', text: 'Noon.' }] },
];
const said = (...content: readonly object[]): object => ({ input: [{ role: 'user', content }] });

/** The grid of OpenAI Responses, in the order of the compatibility table. */
export const responsesFeatures: readonly Feature[] = [
  feature('plain input', { input: 'Hello.' }),
  feature('instructions', { instructions: 'Be brief.' }),
  feature('developer messages', { input: [{ role: 'developer', content: 'Be brief.' }, user] }),
  feature('several turns', {
    input: [user, { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'Hi.' }] }, user],
  }),
  feature('maximum of output tokens', { max_output_tokens: 500 }),
  feature('temperature', { temperature: 0.5 }),
  feature('top_p', { top_p: 0.9 }),
  feature('log probabilities', { top_logprobs: 2, include: ['message.output_text.logprobs'] }),
  feature('tools', { tools: [weather, clock] }),
  feature('strict tools', { tools: [{ ...weather, strict: true }] }),
  feature('text tools (custom)', { tools: [sql] }),
  feature('tools in namespaces', { tools: [{ type: 'namespace', name: 'n', description: 'N', tools: [weather] }] }),
  feature('hosted tools (web search)', { tools: [{ type: 'web_search' }], max_tool_calls: 1 }),
  feature('tool choice: none', { tools: [weather], tool_choice: 'none' }),
  feature('tool choice: required', { tools: [weather], tool_choice: 'required' }),
  feature('tool choice: one tool', { tools: [weather, clock], tool_choice: { type: 'function', name: 'clock' } }),
  feature('tool choice: some tools', {
    tools: [weather, clock],
    tool_choice: { type: 'allowed_tools', mode: 'auto', tools: [{ type: 'function', name: 'clock' }] },
  }),
  feature('no parallel tool calls', { tools: [weather, clock], parallel_tool_calls: false }),
  feature('results of parallel tool calls', { tools: [weather, clock], input: [user, ...calls, ...results] }),
  feature('results of text tools', {
    tools: [sql],
    input: [
      user,
      { type: 'custom_tool_call', call_id: 'call_3', name: 'sql', input: 'SELECT 1' },
      { type: 'custom_tool_call_output', call_id: 'call_3', output: '1' },
    ],
  }),
  feature('JSON mode', { text: { format: { type: 'json_object' } } }),
  feature('JSON schema', {
    text: {
      format: {
        type: 'json_schema',
        name: 'city',
        strict: true,
        schema: { type: 'object', properties: { name: { type: 'string' } }, required: ['name'], additionalProperties: false },
      },
    },
  }),
  feature('verbosity', { text: { verbosity: 'low' } }),
  feature(
    'image, inline',
    said({ type: 'input_text', text: 'What is it?' }, { type: 'input_image', image_url: `data:image/png;base64,${pixel}` }),
  ),
  feature('image, by URL', said({ type: 'input_image', image_url: 'https://127.0.0.1/pixel.png', detail: 'low' })),
  feature('PDF, inline', said({ type: 'input_file', filename: 'a.pdf', file_data: 'data:application/pdf;base64,JVBERi0xLjQKJSVFT0YK' })),
  feature('reasoning effort', { reasoning: { effort: 'high' }, max_output_tokens: 8000 }),
  feature('reasoning summary', { reasoning: { effort: 'low', summary: 'auto' } }),
  feature('reasoning, encrypted', { include: ['reasoning.encrypted_content'], store: false }),
  feature('earlier response', { previous_response_id: 'resp_0' }),
  feature('conversation', { conversation: 'conv_0' }),
  feature('stored prompt', { prompt: { id: 'pmpt_0' } }),
  feature('to be stored', { store: true }),
  feature('truncation', { truncation: 'auto' }),
  feature('end user', { user: 'user-7' }),
  feature('metadata', { metadata: { job: 'nightly' } }),
  feature('service tier', { service_tier: 'flex' }),
  feature('prompt cache key', { prompt_cache_key: 'k' }),
  { ...feature('usage in a stream', {}), answer: { stream: true, shows: /"type":"response.completed"[^\n]*"output_tokens":2/ } },
  { ...feature('finish reasons', {}), answer: { cut: true, shows: /"incomplete_details":\{"reason":"max_output_tokens"\}/ } },
];

function feature(name: string, body: object): Feature {
  return { name, body: { input: [user], ...body } };
}
