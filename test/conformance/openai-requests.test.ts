import { Buffer } from 'node:buffer';
import type OpenAI from 'openai';
import { describe, expect, it } from 'vitest';
import type { Call } from '../../shared/calls/call.ts';
import type { JsonObject } from '../../shared/calls/json.ts';
import { chatCompletions } from '../../shared/dialects/chat-completions.ts';
import { completions } from '../../shared/dialects/completions.ts';
import type { Dialect } from '../../shared/dialects/dialect.ts';
import { embeddings } from '../../shared/dialects/embeddings.ts';
import { images } from '../../shared/dialects/images.ts';
import { moderations } from '../../shared/dialects/moderations.ts';
import { responses } from '../../shared/dialects/responses.ts';
import { speech } from '../../shared/dialects/speech.ts';

type Items = OpenAI.Responses.ResponseInputItem;
type ItemType = NonNullable<Items['type']>;
type Chat = OpenAI.Chat.ChatCompletionCreateParamsNonStreaming;
type Responses = OpenAI.Responses.ResponseCreateParamsNonStreaming & { model: string };

const breakpoint = { prompt_cache_breakpoint: { mode: 'explicit', ttl: '12h' } } as const;
const image = 'https://example.com/cat.png';
const tools = [{ type: 'web_search' }] satisfies OpenAI.Responses.Tool[];
const call = { call_id: 'call_1', name: 'look', arguments: '{}' };
const program = { type: 'program', caller_id: 'call_p' } as const;

/** An item of each type that OpenAI's client knows: one that it comes to know stops the compiler here. */
const items: Readonly<Record<ItemType, Items>> = {
  message: { role: 'user', content: [{ type: 'input_text', text: 'Hi', ...breakpoint }] },
  file_search_call: { type: 'file_search_call', id: 'fs_1', queries: ['q'], status: 'completed', results: null },
  computer_call: { type: 'computer_call', id: 'cu_1', call_id: 'call_c', pending_safety_checks: [], status: 'completed' },
  computer_call_output: { type: 'computer_call_output', call_id: 'call_c', output: { type: 'computer_screenshot', image_url: image } },
  web_search_call: { type: 'web_search_call', id: 'ws_1', status: 'completed', action: { type: 'search', query: 'q' } },
  function_call: { type: 'function_call', ...call, caller: program, namespace: 'n' },
  function_call_output: { type: 'function_call_output', call_id: 'call_1', output: [{ type: 'input_text', text: 'seen' }] },
  tool_search_call: { type: 'tool_search_call', arguments: {}, call_id: null, execution: 'server' },
  tool_search_output: { type: 'tool_search_output', tools, call_id: null },
  additional_tools: { type: 'additional_tools', role: 'developer', tools },
  configuration_update: { type: 'configuration_update', reasoning: { effort: 'max' } },
  reasoning: { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: null, content: [{ type: 'reasoning_text', text: 'so' }] },
  compaction: { type: 'compaction', encrypted_content: 'gAAA' },
  compaction_trigger: { type: 'compaction_trigger' },
  image_generation_call: { type: 'image_generation_call', id: 'ig_1', result: null, status: 'failed' },
  code_interpreter_call: { type: 'code_interpreter_call', id: 'ci_1', code: '1', container_id: 'c_1', outputs: null, status: 'completed' },
  local_shell_call: {
    type: 'local_shell_call',
    id: 'ls_1',
    call_id: 'call_l',
    action: { type: 'exec', command: ['ls'], env: {} },
    status: 'completed',
  },
  local_shell_call_output: { type: 'local_shell_call_output', id: 'call_l', output: 'a' },
  shell_call: { type: 'shell_call', call_id: 'call_s', action: { commands: ['ls'] }, environment: null },
  shell_call_output: {
    type: 'shell_call_output',
    call_id: 'call_s',
    output: [{ stdout: 'a', stderr: '', outcome: { type: 'exit', exit_code: 0 } }],
  },
  apply_patch_call: { type: 'apply_patch_call', call_id: 'call_a', operation: { type: 'delete_file', path: 'a' }, status: 'completed' },
  apply_patch_call_output: { type: 'apply_patch_call_output', call_id: 'call_a', status: 'completed' },
  mcp_list_tools: { type: 'mcp_list_tools', id: 'ml_1', server_label: 's', tools: [] },
  mcp_approval_request: { type: 'mcp_approval_request', id: 'ma_1', arguments: '{}', name: 'n', server_label: 's' },
  mcp_approval_response: { type: 'mcp_approval_response', approval_request_id: 'ma_1', approve: true },
  mcp_call: { type: 'mcp_call', id: 'mc_1', arguments: '{}', name: 'n', server_label: 's' },
  custom_tool_call: { type: 'custom_tool_call', call_id: 'call_x', name: 'patch', input: 'text' },
  custom_tool_call_output: { type: 'custom_tool_call_output', call_id: 'call_x', output: 'done' },
  item_reference: { type: 'item_reference', id: 'msg_1' },
  program: { type: 'program', id: 'p_1', call_id: 'call_p', code: 'text(1)', fingerprint: 'f' },
  program_output: { type: 'program_output', id: 'po_1', call_id: 'call_p', result: '1', status: 'completed' },
};

/** Items in other forms than the usual one. */
const otherItems: readonly Items[] = [
  { id: 'msg_1' },
  { type: null, id: 'msg_1' },
  { type: 'function_call_output', name: 'alarm', namespace: 'n', output: 'It rings.' },
  { type: 'function_call_output', call_id: null, output: 'It rings.' },
  { role: 'assistant', content: 'Let me see.', phase: 'commentary' },
  {
    type: 'message',
    role: 'assistant',
    id: 'msg_2',
    status: 'completed',
    content: [
      { type: 'output_text', text: 'Hi', annotations: [], logprobs: [] },
      { type: 'refusal', refusal: 'No' },
    ],
  },
  {
    role: 'user',
    content: [
      { type: 'input_image', detail: 'original', image_url: image, file_id: null },
      { type: 'input_file', file_url: 'https://example.com/a.pdf', detail: 'high' },
      { type: 'input_file', file_id: 'file_1', filename: 'a.pdf' },
    ],
  },
];

/** Fields of a request, each with all that OpenAI's client knows of it. */
const responsesFields: readonly Partial<Responses>[] = [
  { access_programs: { cyber: 'standard' }, moderation: { model: 'omni-moderation-latest', policy: { input: { mode: 'block' } } } },
  { context_management: [{ type: 'compaction', compact_threshold: 100_000 }], image: { context_compression: 'auto' } },
  { conversation: 'conv_1', include: ['web_search_call.results', 'web_search_call.action.sources', 'message.output_text.logprobs'] },
  { conversation: { id: 'conv_1' }, metadata: { a: 'b' }, parallel_tool_calls: true, top_logprobs: 20, truncation: 'auto' },
  { previous_response_id: 'resp_1', prompt_cache_key: null, safety_identifier: null, store: false },
  { prompt: { id: 'pmpt_1', version: '2', variables: { a: 'b', c: { type: 'input_image', detail: 'auto', image_url: image } } } },
  {
    prompt_cache_options: { mode: 'explicit', ttl: '12h', prewarm: true, comparison_response_id: 'resp_1' },
    prompt_cache_retention: '24h',
  },
  { reasoning: { context: 'all_turns', effort: 'xhigh', mode: 'pro', summary: 'detailed', generate_summary: null } },
  { reasoning: { effort: 'none' }, text: { verbosity: 'low', format: { type: 'json_schema', name: 'n', schema: {}, strict: null } } },
  ...(['auto', 'default', 'flex', 'scale', 'priority', 'fast', 'ultrafast', null] as const).map((tier) => ({ service_tier: tier })),
  { stream_options: { include_obfuscation: false }, max_output_tokens: 16, max_tool_calls: 1, temperature: null, top_p: null },
  { tool_choice: { type: 'allowed_tools', mode: 'required', tools: [{ type: 'function', name: 'look' }] } },
  { tool_choice: { type: 'function', name: 'look' } },
  { tool_choice: { type: 'custom', name: 'patch' } },
  { tool_choice: { type: 'mcp', server_label: 's', name: null } },
  ...(['programmatic_tool_calling', 'apply_patch', 'shell', 'computer', 'image_generation'] as const).map((type) => ({
    tool_choice: { type },
  })),
  {
    tools: [
      {
        type: 'function',
        name: 'look',
        parameters: null,
        strict: null,
        async: true,
        output_schema: null,
        allowed_callers: ['programmatic'],
      },
      { type: 'custom', name: 'patch', format: { type: 'grammar', syntax: 'lark', definition: 'start: "a"' } },
      { type: 'namespace', name: 'n', description: 'd', tools: [{ type: 'function', name: 'look', parameters: {} }] },
      { type: 'tool_search', execution: 'server', description: null, parameters: null },
      { type: 'web_search', filters: null, user_location: { type: 'approximate', city: null }, external_web_access: false },
      { type: 'web_search_preview', search_content_types: ['image'] },
      { type: 'file_search', vector_store_ids: ['vs_1'], filters: { type: 'eq', key: 'a', value: 1 } },
      { type: 'code_interpreter', container: { type: 'auto', memory_limit: null } },
      { type: 'shell', environment: null },
      { type: 'mcp', server_label: 's', tunnel_id: 't', allowed_tools: { read_only: true }, require_approval: 'never', headers: null },
      { type: 'image_generation', output_format: 'svg', svg: { model: 'gpt-6-luna' }, input_fidelity: null, complexity: 'high' },
      { type: 'programmatic_tool_calling' },
      { type: 'computer' },
      { type: 'local_shell' },
      { type: 'apply_patch' },
    ],
  },
];

const user = { role: 'user', content: 'Hi' } as const;
const chatFields: readonly Partial<Chat>[] = [
  {
    messages: [
      { role: 'developer', content: [{ type: 'text', text: 'Be brief', prompt_cache_breakpoint: { mode: 'explicit' } }], name: 'd' },
      { role: 'system', content: 'Be kind' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'Hi' },
          { type: 'image_url', image_url: { url: image, detail: 'original' } },
          { type: 'input_audio', input_audio: { data: 'AAAA', format: 'wav' } },
          { type: 'file', file: { file_id: 'file_1' } },
        ],
      },
      { role: 'assistant', content: null, audio: { id: 'audio_1' }, refusal: null, function_call: null },
      { role: 'assistant', content: [{ type: 'refusal', refusal: 'No' }], function_call: { name: 'old', arguments: '{}' } },
      { role: 'function', name: 'old', content: null },
      {
        role: 'assistant',
        tool_calls: [
          { id: 'call_1', type: 'function', function: { name: 'look', arguments: '{}' } },
          { id: 'call_2', type: 'custom', custom: { name: 'patch', input: 'a' } },
        ],
      },
      { role: 'tool', tool_call_id: 'call_1', content: [{ type: 'text', text: 'seen' }] },
      { role: 'tool', tool_call_id: 'call_2', content: 'done' },
    ],
  },
  { audio: { format: 'pcm16', voice: { id: 'voice_1' } }, modalities: ['text', 'audio'], frequency_penalty: 2, presence_penalty: null },
  { function_call: 'auto', functions: [{ name: 'old' }], logit_bias: { 1: 1 }, logprobs: true, top_logprobs: 3 },
  { max_completion_tokens: 10, metadata: { a: 'b' }, moderation: { model: 'omni-moderation-latest' }, n: 2, parallel_tool_calls: true },
  { prediction: { type: 'content', content: [{ type: 'text', text: 'a' }] }, prompt_cache_key: null, prompt_cache_options: { ttl: '30m' } },
  { prompt_cache_retention: 'in_memory', reasoning_effort: 'max', safety_identifier: null, seed: -1, stop: ['a'], store: true },
  { reasoning_effort: null, response_format: { type: 'json_schema', json_schema: { name: 'n', strict: null } }, verbosity: null },
  ...(['auto', 'default', 'flex', 'scale', 'priority', 'fast', null] as const).map((tier) => ({ service_tier: tier })),
  { tool_choice: { type: 'allowed_tools', allowed_tools: { mode: 'auto', tools: [{ type: 'function', function: { name: 'look' } }] } } },
  { tool_choice: { type: 'function', function: { name: 'look' } } },
  { tool_choice: { type: 'custom', custom: { name: 'patch' } } },
  {
    tools: [
      { type: 'function', function: { name: 'look', strict: null } },
      { type: 'custom', custom: { name: 'patch', format: { type: 'grammar', grammar: { syntax: 'regex', definition: 'a' } } } },
    ],
  },
  { web_search_options: { search_context_size: 'low', user_location: { type: 'approximate', approximate: { country: 'CH' } } } },
];

function read(dialect: Dialect<never> | Pick<Dialect, 'parse'>, params: object): Call {
  const body: JsonObject = JSON.parse(JSON.stringify(params));
  return dialect.parse({ body, bodyBytes: Buffer.byteLength(JSON.stringify(body)), headers: {}, query: {}, path: {} });
}

/** What only the provider that keeps it can read is refused with its name where the call has to be translated. */
const kept = [
  ...['previous_response_id', 'conversation', 'prompt', 'input.0', 'input.0.call_id', 'input.0.content.2'],
  ...['messages.2.content.3', 'messages.4.function_call'],
];

async function translated(dialect: Pick<Dialect, 'translation' | 'parse'>, params: object): Promise<void> {
  const parsed = read(dialect, params);
  const translation = await dialect.translation?.();
  try {
    translation?.toOptions(parsed);
  } catch (error) {
    expect(error).toMatchObject({ code: 'unsupported_parameter', param: expect.toBeOneOf(kept) });
  }
}

describe("what OpenAI's client may send", () => {
  const input = [...Object.values(items), ...otherItems].map((item) => ({ model: 'm', input: [item] }) satisfies Responses);
  const asked = responsesFields.map((fields) => ({ model: 'm', input: 'Hi', ...fields }) satisfies Responses);
  const chats = chatFields.map((fields) => ({ model: 'm', messages: [user], ...fields }) satisfies Chat);

  it.each([...input, ...asked].map((params) => [JSON.stringify(params).slice(0, 90), params] as const))(
    'is read as Responses and translated: %s',
    async (_name, params) => {
      expect(read(responses, params).body).toEqual(JSON.parse(JSON.stringify(params)));
      await translated(responses, params);
    },
  );

  it.each(chats.map((params) => [JSON.stringify(params).slice(0, 90), params] as const))(
    'is read as Chat Completions and translated: %s',
    async (_name, params) => {
      expect(read(chatCompletions, params).model).toBe('m');
      await translated(chatCompletions, params);
    },
  );

  it('is read at the other endpoints', () => {
    const prompts: OpenAI.CompletionCreateParams['prompt'][] = [null, 'a', ['a', 'b'], [1, 2], [[1], [2]]];
    for (const prompt of prompts) read(completions, { model: 'm', prompt, best_of: 0, logprobs: 5, suffix: null, max_tokens: 0 });
    const inputs: OpenAI.EmbeddingCreateParams['input'][] = ['a', ['a'], [1], [[1], [2]]];
    for (const of of inputs) read(embeddings, { model: 'm', input: of, dimensions: 1, encoding_format: 'base64' });
    const drawings: Omit<OpenAI.ImageGenerateParams, 'model'>[] = [
      { prompt: 'a', complexity: 'high', quality: 'max', size: '3840x2160', safety_identifier: null, stream: true, partial_images: 0 },
      { prompt: 'a', output_format: 'gif', frame_count: 9, frame_duration_ms: 200, n: 10, background: null, moderation: 'low' },
      { prompt: 'a', output_format: 'svg', svg: { model: 'gpt-6-luna', reasoning: { effort: 'low' } }, style: null },
    ];
    for (const drawing of drawings) read(images, { model: 'm', ...drawing });
    const said: OpenAI.Audio.SpeechCreateParams[] = [
      { model: 'm', input: 'a', voice: { id: 'voice_1' }, stream_format: 'sse', response_format: 'opus', speed: 4 },
    ];
    for (const speaking of said) read(speech, speaking);
    const judged: OpenAI.ModerationCreateParams['input'][] = ['a', ['a'], [{ type: 'image_url', image_url: { url: image } }]];
    for (const of of judged) read(moderations, { model: 'm', input: of });
  });
});
