import type Anthropic from '@anthropic-ai/sdk';
import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../shared/calls/json.ts';
import { messages, messagesCounting } from '../../shared/dialects/messages.ts';
import { messagesToOptions } from '../../shared/dialects/messages-to-options.ts';

type Beta = Anthropic.Beta.Messages.MessageCreateParamsNonStreaming;
type Block = Anthropic.Beta.Messages.BetaContentBlockParam;
type Request = Partial<Omit<Beta, 'betas'>>;

const data = 'aGVsbG8=';
const said = (content: Block[], role: 'user' | 'assistant' = 'user'): Request => ({
  messages: [
    { role, content },
    { role: 'user', content: 'Go on.' },
  ],
});

/** What any provider can be asked: by name, in the types of the official client. */
const universal: Record<string, Request> = {
  'thinking, adaptive': { thinking: { type: 'adaptive', display: 'summarized' } },
  'thinking, adaptive with updates': { thinking: { type: 'adaptive', display: 'updates', block_binding: null } },
  'thinking between tools': { thinking: { type: 'between_tools' } },
  'thinking with a budget': { thinking: { type: 'enabled', budget_tokens: 1024, display: 'omitted' } },
  'no thinking': { thinking: { type: 'disabled' } },
  'effort and a task budget': { output_config: { effort: 'max', task_budget: { type: 'tokens', total: 50_000, remaining: null } } },
  'a format': { output_config: { format: { type: 'json_schema', schema: { type: 'object' } }, effort: null } },
  'every kind of nothing': {
    cache_control: null,
    compaction: null,
    billing_policy: null,
    container: null,
    context_management: null,
    diagnostics: null,
    fallbacks: null,
    fallback_credit_token: null,
    inference_geo: null,
    output_format: null,
    speed: null,
    thread: null,
  },
  'a system prompt in blocks': {
    system: [{ type: 'text', text: 'Be brief.', cache_control: { type: 'ephemeral', ttl: '1h' }, citations: null }],
  },
  'a system message on the way': {
    messages: [
      { role: 'user', content: 'Hello' },
      { role: 'system', content: 'Be brief.', clear_at: 'next_user_message' },
    ],
  },
  'a system message that only sets the effort': {
    messages: [
      { role: 'user', content: 'Hello' },
      { role: 'system', output_config: { effort: 'low' } },
    ],
  },
  'tools that come and go': {
    tools: [{ name: 'f', input_schema: { type: 'object' }, defer_loading: true, eager_input_streaming: true, allowed_callers: ['direct'] }],
    messages: [
      { role: 'user', content: 'Hello' },
      {
        role: 'system',
        content: [
          { type: 'tool_removal', tool: { type: 'tool_reference', name: 'f' } },
          { type: 'tool_addition', tool: { type: 'tool_definition', definition: { name: 'g', input_schema: { type: 'object' } } } },
        ],
      },
    ],
  },
  'images and documents': said([
    { type: 'image', source: { type: 'base64', media_type: 'image/png', data }, transformations: null },
    { type: 'image', source: { type: 'url', url: 'https://example.com/a.png' } },
    { type: 'document', source: { type: 'base64', media_type: 'application/pdf', data }, title: null, context: null, citations: null },
    { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'Hello' }, citations: { enabled: true } },
    { type: 'document', source: { type: 'content', content: [{ type: 'text', text: 'Hello' }] } },
    { type: 'search_result', source: 'https://example.com', title: 'A', content: [{ type: 'text', text: 'Hello' }] },
  ]),
  'results of tools': {
    messages: [
      { role: 'user', content: 'Hello' },
      {
        role: 'assistant',
        content: [
          { type: 'tool_use', id: 'toolu_1', name: 'find', input: {}, caller: { type: 'direct' } },
          { type: 'tool_use', id: 'toolu_2', name: 'f', input: {} },
        ],
      },
      {
        role: 'user',
        content: [
          { type: 'tool_result', tool_use_id: 'toolu_1', content: [{ type: 'tool_reference', tool_name: 'f' }] },
          { type: 'tool_result', tool_use_id: 'toolu_2' },
        ],
      },
    ],
  },
  'what the provider did before': said(
    [
      { type: 'thinking', thinking: '', signature: 'c2ln' },
      { type: 'redacted_thinking', data },
      { type: 'server_tool_use', id: 'srvtoolu_1', name: 'web_search', input: { query: 'x' } },
      { type: 'web_search_tool_result', tool_use_id: 'srvtoolu_1', content: [] },
      { type: 'fallback', from: { model: 'claude-fable-5-2' }, to: { model: 'claude-opus-5' } },
      { type: 'text', text: 'Hello', citations: [] },
    ],
    'assistant',
  ),
  'a summary of what came before': said(
    [{ type: 'compaction', content: 'We spoke of tides.', encrypted_content: null, signature: 's' }],
    'assistant',
  ),
  'a choice of a tool': {
    tools: [{ name: 'f', input_schema: { type: 'object' } }],
    tool_choice: { type: 'tool', name: 'f', disable_parallel_tool_use: true },
  },
  'no choice of tools': { tools: [{ name: 'f', input_schema: { type: 'object' }, strict: true }], tool_choice: { type: 'none' } },
};

/** What lies with Anthropic, or runs there: others are told apart, or refuse it in words of their own. */
const own: Record<string, Request> = {
  'nothing to write': { max_tokens: 0, cache_control: { type: 'ephemeral' } },
  'a summary': { compaction: { type: 'summarize', instructions: 'Short.' } },
  'a thread': { thread: { type: 'create' } },
  'a thread that goes on': { thread: { type: 'continue', previous_message_id: 'msg_1' } },
  'an MCP server': {
    mcp_servers: [{ type: 'url', name: 'm', url: 'https://example.com/mcp' }],
    tools: [
      { type: 'mcp_toolset', mcp_server_name: 'm', default_config: { defer_loading: true }, tools: [{ name: 'f', input_schema: {} }] },
    ],
  },
  'a file': said([{ type: 'document', source: { type: 'file', file_id: 'file_1' } }]),
  'a container': {
    container: { id: null, skills: [{ type: 'anthropic', skill_id: 'pdf', version: 'latest' }] },
    tools: [{ type: 'code_execution_20260521', name: 'code_execution' }],
    messages: [{ role: 'user', content: [{ type: 'container_upload', file_id: 'file_1' }] }],
  },
  toolsets: {
    tools: [{ type: 'browser_toolset_20260801' }, { type: 'computer_toolset_20260801' }],
  },
  'whoever pays': {
    billing_policy: { type: 'billing_policy', bill_to: 'self' },
    inference_geo: 'us',
    service_tier: 'standard_only',
    speed: 'fast',
  },
  'another model of its choice': { fallbacks: 'default' },
  'a credit': { fallback_credit_token: { token: 't', mode: 'best_effort' } },
  'context that is edited': { context_management: { edits: [{ type: 'compact_20260112' }, { type: 'clear_thinking_20251015' }] } },
};

const hello = { model: 'a/claude-opus-5', max_tokens: 100, messages: [{ role: 'user', content: 'Hello' }] };
const asRequest = (more: Request) => {
  const body: JsonObject = JSON.parse(JSON.stringify({ ...hello, ...more }));
  return { body, bodyBytes: 1000, headers: {}, query: {}, path: {} };
};

describe('what the official client can send', () => {
  it.each(Object.entries({ ...universal, ...own }))('is read: %s', (_name, more) => {
    const request = asRequest(more);
    expect(messages.parse(request).body).toBe(request.body);
    const { max_tokens: _most, ...prompt } = request.body;
    expect(() => messagesCounting.parse({ ...request, body: prompt })).not.toThrow();
  });

  it.each(Object.entries(universal))('is carried to any model: %s', (_name, more) => {
    expect(() => messagesToOptions(messages.parse(asRequest(more)))).not.toThrow();
  });

  const carried = (more: Request) => messagesToOptions(messages.parse(asRequest(more)));

  it('keeps its sense in another dialect', () => {
    expect(carried(universal['tools that come and go'] ?? {}).options.tools).toMatchObject([{ name: 'g' }]);
    expect(JSON.stringify(carried(universal['a summary of what came before'] ?? {}).options.prompt)).toContain('We spoke of tides.');
    expect(carried({ thinking: { type: 'adaptive', display: 'summarized' } }).options.providerOptions).toMatchObject({
      anthropic: { thinking: { type: 'adaptive', display: 'summarized' } },
      amazonBedrock: { reasoningConfig: { type: 'adaptive', display: 'summarized' } },
    });
    expect(carried({ thinking: { type: 'between_tools' } }).options.providerOptions).toMatchObject({
      anthropic: { thinking: { type: 'between_tools' } },
    });
  });

  it.each(['nothing to write', 'a summary', 'a thread that goes on', 'an MCP server'])(
    'is refused where only Anthropic can do it: %s',
    (name) => {
      expect(() => carried(own[name] ?? {})).toThrow(/works only with a provider that speaks Anthropic Messages itself/);
    },
  );

  it('still names the content that a message of a user or an assistant lacks', () => {
    const lacking = { ...asRequest({}), body: { ...hello, messages: [{ role: 'user' }] } };
    expect(() => messages.parse(lacking)).toThrow("'messages.0.content' must be a string or an array of content blocks");
  });
});
