/** The second turn of a coding agent: it has read a file and tells the model what is in it. */
export interface AgentRequest {
  /** The client, its version and its provider setting. */
  readonly client: string;
  readonly path: '/v1/chat/completions' | '/v1/responses' | '/v1/messages';
  /** Without the model. As recorded, with texts cut and all tools but one left out. */
  readonly body: Readonly<Record<string, unknown>>;
}

const question = 'What is the secret word in notes.txt?';
const found = '1: The secret word is heron.';
const schema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  type: 'object',
  properties: { filePath: { type: 'string' }, offset: { minimum: 0, type: 'integer', maximum: 9007199254740991 } },
  required: ['filePath'],
};
const files = {
  type: 'object',
  properties: {
    files: {
      type: 'array',
      items: {
        type: 'object',
        properties: {
          path: { type: 'string' },
          start_line: { anyOf: [{ type: 'integer', exclusiveMinimum: 0, maximum: 9007199254740991 }, { type: 'null' }] },
        },
        required: ['path'],
        additionalProperties: false,
      },
    },
  },
  required: ['files'],
  additionalProperties: false,
};
const mark = { cache_control: { type: 'ephemeral' } };

const chatTurn = (name: string, input: object) => [
  { role: 'system', content: 'You are an agent.' },
  { role: 'user', content: question },
  {
    role: 'assistant',
    content: 'Let me look.',
    tool_calls: [{ id: 'call_1', type: 'function', function: { name, arguments: JSON.stringify(input) } }],
  },
  { role: 'tool', tool_call_id: 'call_1', content: found },
];
const messagesTurn = (name: string, input: object, ...before: object[]) => [
  { role: 'user', content: [{ type: 'text', text: question, ...mark }] },
  { role: 'assistant', content: [...before, { type: 'text', text: 'Let me look.' }, { type: 'tool_use', id: 'toolu_1', name, input }] },
  { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'toolu_1', content: found, ...mark }] },
];
const responsesTurn = (name: string, input: object) => [
  { role: 'developer', content: 'You are an agent.' },
  { role: 'user', content: [{ type: 'input_text', text: question }] },
  { type: 'function_call', call_id: 'call_1', name, arguments: JSON.stringify(input) },
  { type: 'function_call_output', call_id: 'call_1', output: found },
];
const streamed = { stream: true, stream_options: { include_usage: true } };

/** As the clients sent them to a gateway, but for Cursor's, which are as its users recorded them. */
export const agentRequests: readonly AgentRequest[] = [
  {
    client: 'OpenCode 1.18.33, @ai-sdk/openai-compatible',
    path: '/v1/chat/completions',
    body: {
      max_tokens: 32000,
      messages: chatTurn('read', { filePath: 'notes.txt' }),
      tools: [{ type: 'function', function: { name: 'read', description: 'Reads.', parameters: schema } }],
      tool_choice: 'auto',
      ...streamed,
    },
  },
  {
    client: 'OpenCode 1.18.33, @ai-sdk/anthropic',
    path: '/v1/messages',
    body: {
      max_tokens: 32000,
      system: [{ type: 'text', text: 'You are an agent.', ...mark }],
      messages: messagesTurn('read', { filePath: 'notes.txt' }, { type: 'thinking', thinking: 'I should read it.', signature: 'c2ln' }),
      tools: [{ name: 'read', description: 'Reads.', input_schema: schema, eager_input_streaming: true }],
      tool_choice: { type: 'auto' },
      stream: true,
    },
  },
  {
    client: 'OpenCode 1.18.33, @ai-sdk/openai',
    path: '/v1/responses',
    body: {
      input: responsesTurn('read', { filePath: 'notes.txt' }),
      max_output_tokens: 32000,
      text: { verbosity: 'low' },
      store: false,
      include: ['reasoning.encrypted_content'],
      prompt_cache_key: 'ses_1',
      reasoning: { effort: 'medium', summary: 'auto' },
      tools: [{ type: 'function', name: 'read', description: 'Reads.', parameters: schema, strict: false }],
      tool_choice: 'auto',
      stream: true,
    },
  },
  {
    client: 'Cline 3.0.65, openai-compatible',
    path: '/v1/chat/completions',
    body: {
      messages: chatTurn('read_files', { files: [{ path: 'notes.txt' }] }),
      tools: [{ type: 'function', function: { name: 'read_files', description: 'Reads.', parameters: files } }],
      tool_choice: 'auto',
      ...streamed,
    },
  },
  {
    client: 'Cline 3.0.65, openai-native',
    path: '/v1/responses',
    body: {
      input: responsesTurn('read_files', { files: [{ path: 'notes.txt' }] }),
      include: ['web_search_call.action.sources'],
      truncation: 'auto',
      tools: [{ type: 'function', name: 'read_files', description: 'Reads.', parameters: files }],
      tool_choice: 'auto',
      stream: true,
    },
  },
  {
    client: 'Cline 3.0.65, anthropic',
    path: '/v1/messages',
    body: {
      max_tokens: 32000,
      system: [{ type: 'text', text: 'You are an agent.' }],
      messages: messagesTurn('read_files', { files: [{ path: 'notes.txt' }] }),
      tools: [{ name: 'read_files', description: 'Reads.', input_schema: files, eager_input_streaming: true }],
      tool_choice: { type: 'auto' },
      stream: true,
    },
  },
  {
    client: 'Continue 1.5.47, openai',
    path: '/v1/chat/completions',
    body: {
      messages: chatTurn('Read', { filepath: 'notes.txt' }),
      tools: [
        {
          type: 'function',
          function: { name: 'Read', parameters: { type: 'object', required: ['filepath'], properties: { filepath: { type: 'string' } } } },
        },
      ],
      max_tokens: 32000,
      ...streamed,
    },
  },
  {
    client: 'Continue 1.5.47, anthropic',
    path: '/v1/messages',
    body: {
      max_tokens: 32000,
      system: [{ type: 'text', text: 'You are an agent.', ...mark }],
      messages: messagesTurn('Read', { filepath: 'notes.txt' }),
      tools: [{ name: 'Read', input_schema: { type: 'object', required: ['filepath'], properties: { filepath: { type: 'string' } } } }],
      stream: true,
    },
  },
  {
    client: 'Cursor, an agent of GPT models',
    path: '/v1/chat/completions',
    body: {
      input: responsesTurn('Read', { path: 'notes.txt' }),
      tools: [
        { type: 'function', name: 'Read', description: 'Reads.', parameters: schema, strict: false },
        {
          type: 'custom',
          name: 'ApplyPatch',
          description: 'Edits.',
          format: { type: 'grammar', syntax: 'lark', definition: 'start: "x"' },
        },
      ],
      tool_choice: 'auto',
      include: ['reasoning.encrypted_content'],
      reasoning: { effort: 'medium', summary: 'auto' },
      text: { verbosity: 'low' },
      store: false,
      ...streamed,
    },
  },
  {
    client: 'Cursor, a question with mixed tools',
    path: '/v1/chat/completions',
    body: {
      messages: chatTurn('Read', { path: 'notes.txt' }),
      tools: [
        { type: 'function', function: { name: 'Read', description: 'Reads.', parameters: schema } },
        { type: 'custom', name: 'ApplyPatch', description: 'Edits.', format: { type: 'text' } },
      ],
      ...streamed,
    },
  },
  {
    client: 'Cursor, an agent of Claude models',
    path: '/v1/chat/completions',
    body: {
      messages: [{ role: 'system', content: 'You are an agent.' }, ...messagesTurn('Read', { path: 'notes.txt' })],
      tools: [{ name: 'Read', description: 'Reads.', input_schema: schema }],
      tool_choice: { type: 'auto' },
      ...streamed,
    },
  },
];
