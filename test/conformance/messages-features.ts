import type { Feature } from './chat-features.ts';

const user = { role: 'user', content: 'Hello.' };
const weather = {
  name: 'weather',
  description: 'Tells the weather.',
  input_schema: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
};
const clock = { name: 'clock', input_schema: { type: 'object', properties: {} } };
/** A picture of one pixel. */
const pixel = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const calls = [
  { type: 'tool_use', id: 'toolu_1', name: 'weather', input: { city: 'Bern' } },
  { type: 'tool_use', id: 'toolu_2', name: 'clock', input: {} },
];
const results = [
  { type: 'tool_result', tool_use_id: 'toolu_1', content: 'Sunny.' },
  { type: 'tool_result', tool_use_id: 'toolu_2', is_error: true, content: [{ type: 'text', text: 'Broken.' }] },
];
const said = (...content: readonly object[]): object => ({ messages: [{ role: 'user', content }] });
const turn = (content: readonly object[], after: readonly object[]): object => ({
  tools: [weather, clock],
  messages: [user, { role: 'assistant', content }, { role: 'user', content: after }],
});
const marked = { cache_control: { type: 'ephemeral' } };

/** The grid of Anthropic Messages, in the order of the compatibility table. */
export const messagesFeatures: readonly Feature[] = [
  feature('system prompt', { system: 'Be brief.' }),
  feature('system blocks', {
    system: [
      { type: 'text', text: 'Be brief.' },
      { type: 'text', text: 'Be kind.' },
    ],
  }),
  feature('several turns', { messages: [user, { role: 'assistant', content: 'Hi.' }, user] }),
  feature('beginning of the answer given', { messages: [user, { role: 'assistant', content: 'Well,' }] }),
  feature('temperature', { temperature: 0.5 }),
  feature('top_p', { top_p: 0.9 }),
  feature('top_k', { top_k: 40 }),
  feature('stop sequences', { stop_sequences: ['END', 'STOP'] }),
  feature('tools', { tools: [weather, clock] }),
  feature('strict tools', { tools: [{ ...weather, strict: true }] }),
  feature('tools of the vendor (bash, text editor)', { tools: [{ type: 'bash_20250124', name: 'bash' }] }),
  feature('server tools (web search)', { tools: [{ type: 'web_search_20250305', name: 'web_search', max_uses: 1 }] }),
  feature('tool choice: none', { tools: [weather], tool_choice: { type: 'none' } }),
  feature('tool choice: any', { tools: [weather], tool_choice: { type: 'any' } }),
  feature('tool choice: one tool', { tools: [weather, clock], tool_choice: { type: 'tool', name: 'clock' } }),
  feature('no parallel tool calls', { tools: [weather, clock], tool_choice: { type: 'auto', disable_parallel_tool_use: true } }),
  feature('results of parallel tool calls', turn(calls, results)),
  feature(
    'images in tool results',
    turn(calls.slice(0, 1), [
      {
        type: 'tool_result',
        tool_use_id: 'toolu_1',
        content: [{ type: 'image', source: { type: 'base64', media_type: 'image/png', data: pixel } }],
      },
    ]),
  ),
  feature('JSON schema', {
    output_config: {
      format: {
        type: 'json_schema',
        schema: { type: 'object', properties: { name: { type: 'string' } }, required: ['name'], additionalProperties: false },
      },
    },
  }),
  feature(
    'image, inline',
    said({ type: 'text', text: 'What is it?' }, { type: 'image', source: { type: 'base64', media_type: 'image/png', data: pixel } }),
  ),
  feature('image, by URL', said({ type: 'image', source: { type: 'url', url: 'https://127.0.0.1/pixel.png' } })),
  feature(
    'PDF, inline',
    said({ type: 'document', title: 'a.pdf', source: { type: 'base64', media_type: 'application/pdf', data: 'JVBERi0xLjQKJSVFT0YK' } }),
  ),
  feature('text document', said({ type: 'document', title: 'Notes', source: { type: 'text', media_type: 'text/plain', data: 'Facts.' } })),
  feature(
    'citations',
    said({
      type: 'document',
      title: 'a.pdf',
      citations: { enabled: true },
      source: { type: 'base64', media_type: 'application/pdf', data: 'JVBERi0xLjQKJSVFT0YK' },
    }),
  ),
  feature(
    'search results',
    said({ type: 'search_result', title: 'Facts', source: 'https://example.com', content: [{ type: 'text', text: 'Water is wet.' }] }),
  ),
  feature('thinking, adaptive', { thinking: { type: 'adaptive' }, output_config: { effort: 'high' }, max_tokens: 8000 }),
  feature('thinking, with a budget', { thinking: { type: 'enabled', budget_tokens: 2048 }, max_tokens: 8000 }),
  feature(
    'thinking, sent back',
    turn([{ type: 'thinking', thinking: 'They ask.', signature: 'c2lnbmF0dXJl' }, ...calls.slice(0, 1)], results.slice(0, 1)),
  ),
  feature('marks for the prompt cache', {
    system: [{ type: 'text', text: 'Be brief.', cache_control: { type: 'ephemeral', ttl: '1h' } }],
    ...said({ type: 'text', text: 'Hello.', ...marked }),
  }),
  feature('marks for the prompt cache on tools', { tools: [{ ...weather, ...marked }] }),
  feature('end user', { metadata: { user_id: 'user-7' } }),
  feature('context management', { context_management: { edits: [{ type: 'clear_tool_uses_20250919' }] } }),
  feature('fast mode', { speed: 'fast' }),
  feature('MCP servers', { mcp_servers: [{ type: 'url', name: 'x', url: 'https://example.com/mcp' }] }),
  { ...feature('usage in a stream', {}), answer: { stream: true, shows: /"type":"message_delta"[^\n]*"output_tokens":2/ } },
  { ...feature('finish reasons', {}), answer: { cut: true, shows: /"stop_reason":"max_tokens"/ } },
];

function feature(name: string, body: object): Feature {
  return { name, body: { max_tokens: 500, messages: [user], ...body } };
}
