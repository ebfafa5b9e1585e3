import { describe, expect, it } from 'vitest';
import { saidLines } from '../../infra/cli/said.ts';

const said = (request: unknown, response: unknown, width = 80) => saidLines({ request, response }, width).join('\n');

describe('what was said in a call', () => {
  it('is the last turn and the answer, of OpenAI’s chat', () => {
    const messages = [
      { role: 'system', content: 'be brief' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'what is in' },
          { type: 'image_url', image_url: {} },
          { type: 'text', text: 'this?' },
        ],
      },
    ];
    const calls = [{ id: 'c', type: 'function', function: { name: 'look_up', arguments: '{"q":"cat"}' } }];
    expect(said({ messages }, { choices: [{ message: { content: 'A cat.', tool_calls: calls } }] })).toBe(
      '> what is in\n  this?\n< A cat.\n  look_up({"q":"cat"})',
    );
    expect(said({ messages: [{ role: 'tool', content: 'found' }] }, { choices: [{ message: { content: null, tool_calls: calls } }] })).toBe(
      '> found\n< look_up({"q":"cat"})',
    );
  });

  it('is the same of Anthropic’s Messages', () => {
    const messages = [{ role: 'user', content: [{ type: 'tool_result', tool_use_id: 't', content: [{ type: 'text', text: 'exit 1' }] }] }];
    const content = [
      { type: 'thinking', thinking: '…' },
      { type: 'text', text: 'I try again.' },
      { type: 'tool_use', id: 't', name: 'bash', input: { command: 'make' } },
    ];
    expect(said({ messages }, { content })).toBe('> exit 1\n< I try again.\n  bash({"command":"make"})');
  });

  it('is the same of Responses and of Gemini', () => {
    const output = [
      { type: 'message', content: [{ type: 'output_text', text: 'done' }] },
      { type: 'function_call', name: 'shell', arguments: '{"cmd":"ls"}' },
    ];
    expect(said({ input: 'go on' }, { output })).toBe('> go on\n< done\n  shell({"cmd":"ls"})');
    expect(said({ input: [{ type: 'function_call_output', output: 'a.txt' }] }, { output: [] })).toBe('> a.txt\n< {"output":[]}');
    const candidates = [{ content: { parts: [{ text: 'hm' }, { functionCall: { name: 'f', args: { a: 1 } } }] } }];
    expect(said({ contents: [{ role: 'user', parts: [{ text: 'hello' }] }] }, { candidates })).toBe('> hello\n< hm\n  f({"a":1})');
  });

  it('is the error where there was one, and the JSON where nothing is known of its form', () => {
    expect(said({ prompt: 'once' }, { error: { message: 'too long', code: 'x' } })).toBe('> once\n< error: too long');
    expect(said({ file: 1 }, 'plain text')).toBe('> {"file":1}\n< "plain text"');
    expect(said({ file: 1 }, null)).toBe('> {"file":1}\n< null');
  });

  it('is cut to a few lines of the terminal’s width', () => {
    const lines = saidLines({ request: { prompt: 'x'.repeat(1_000) }, response: { output: 'a\nb' } }, 40);
    expect(lines).toHaveLength(8);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(42);
    expect(lines[5]).toBe('  … 20 more lines');
  });
});
