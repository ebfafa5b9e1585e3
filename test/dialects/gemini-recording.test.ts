import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { completions } from '../../shared/dialects/completions.ts';
import type { Dialect } from '../../shared/dialects/dialect.ts';
import { gemini } from '../../shared/dialects/gemini.ts';
import { sseFrame } from '../../shared/streaming/sse-writer.ts';

const folder = '../shared/recordings/google-generate-content';
const recorded = (name: string) => readFileSync(`${folder}/${name}`, 'utf8');

function recordingOf(dialect: Dialect) {
  if (dialect.recording === undefined) throw new Error('no recording');
  return dialect.recording;
}

function learned(dialect: Dialect, data: readonly string[]) {
  const call = dialect.parse({
    body: dialect.name === 'gemini' ? { contents: [{ parts: [{ text: 'Hi' }] }] } : { model: 'a/b', prompt: 'Hi' },
    bodyBytes: 10,
    headers: {},
    query: {},
    path: { model: 'a/b', action: 'streamGenerateContent' },
  });
  const state = dialect.startStream(call);
  for (const text of data) dialect.readFrame(state, sseFrame(text));
  const { usage, finishReason, outputBytes, toolNames, model, id } = state;
  return { usage, finishReason, outputBytes, toolNames, model, id, complete: dialect.isComplete(state) };
}

describe.skipIf(!existsSync(folder))('a Gemini answer that was streamed', () => {
  it.each(['google-text', 'google-tool-call'])('%s becomes a body that tells the same', (name) => {
    const data = recorded(`${name}.chunks.txt`)
      .split('\n')
      .filter((line) => line.trim() !== '');
    const recording = recordingOf(gemini);
    const body = recording.assemble(data.map((text) => ({ event: undefined, data: text })));
    if (body === undefined) throw new Error('not assembled');
    const replayed = recording.replay(body, { streamUsage: true }).map((frame) => frame.data ?? '');
    expect(learned(gemini, replayed)).toEqual(learned(gemini, data));
    expect(recording.assemble(replayed.map((text) => ({ event: undefined, data: text })))).toEqual(body);
    const whole = JSON.parse(recorded(`${name}.json`));
    expect(Object.keys(body).toSorted()).toEqual(Object.keys(whole).toSorted());
  });

  it('keeps its text in one part, with the signature that came last', () => {
    const data = recorded('google-text.chunks.txt')
      .split('\n')
      .filter((line) => line.trim() !== '');
    const body = recordingOf(gemini).assemble(data.map((text) => ({ event: undefined, data: text })));
    const signature = JSON.parse(data.at(-1) ?? '').candidates[0].content.parts[0].thoughtSignature;
    expect(body).toMatchObject({
      candidates: [
        {
          content: {
            role: 'model',
            parts: [{ text: 'There are **3** "r"s in strawberry.\n\nst**r**awbe**rr**y', thoughtSignature: signature }],
          },
          finishReason: 'STOP',
        },
      ],
      usageMetadata: { candidatesTokenCount: 23 },
    });
  });

  it.each(['google-text', 'google-tool-call'])('%s, whole from the start, is replayed as it is', (name) => {
    const body = JSON.parse(recorded(`${name}.json`));
    const recording = recordingOf(gemini);
    const replayed = recording.replay(body, { streamUsage: true }).map((frame) => ({ event: frame.event, data: frame.data ?? '' }));
    expect(recording.assemble(replayed)).toEqual(body);
    expect(
      learned(
        gemini,
        replayed.map(({ data }) => data),
      ),
    ).toMatchObject({ complete: true, ...pick(gemini.readAnswer(body)) });
  });
});

function pick({ usage, finishReason, toolNames, outputBytes }: ReturnType<Dialect['readAnswer']>) {
  return { usage, finishReason, toolNames, outputBytes };
}

describe('thoughts and parallel calls', () => {
  it('stay apart from text and from one another', () => {
    const chunk = (parts: object[], more: object = {}) => ({
      event: undefined,
      data: JSON.stringify({ candidates: [{ content: { parts, role: 'model' }, index: 0, ...more }] }),
    });
    const body = recordingOf(gemini).assemble([
      chunk([{ text: 'Let me ', thought: true }]),
      chunk([
        { text: 'think.', thought: true },
        { text: '', thought: true, thoughtSignature: 'c2ln' },
      ]),
      chunk([{ text: 'Hi ' }]),
      chunk([{ text: 'there' }]),
      chunk([{ functionCall: { name: 'a', args: {} } }, { functionCall: { name: 'b', args: {} } }]),
      chunk([{ text: '' }], { finishReason: 'STOP' }),
    ]);
    expect(body).toEqual({
      candidates: [
        {
          content: {
            role: 'model',
            parts: [
              { text: 'Let me think.', thought: true, thoughtSignature: 'c2ln' },
              { text: 'Hi there' },
              { functionCall: { name: 'a', args: {} } },
              { functionCall: { name: 'b', args: {} } },
            ],
          },
          index: 0,
          finishReason: 'STOP',
        },
      ],
    });
  });
});

describe('a legacy completion', () => {
  const head = { id: 'cmpl-1', object: 'text_completion', created: 1, model: 'm' };
  const usage = { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 };

  it('is put together from its chunks and taken apart again', () => {
    const data = [
      JSON.stringify({ ...head, choices: [{ index: 0, text: 'Hello', logprobs: null, finish_reason: null }], usage: null }),
      JSON.stringify({ ...head, choices: [{ index: 0, text: ' world', logprobs: null, finish_reason: 'stop' }], usage: null }),
      JSON.stringify({ ...head, choices: [], usage }),
      '[DONE]',
    ];
    const recording = recordingOf(completions);
    const body = recording.assemble(data.map((text) => ({ event: undefined, data: text })));
    expect(body).toEqual({ ...head, choices: [{ index: 0, text: 'Hello world', logprobs: null, finish_reason: 'stop' }], usage });
    const replayed = recording.replay(body ?? {}, { streamUsage: false }).map((frame) => frame.data ?? '');
    expect(learned(completions, replayed)).toEqual(learned(completions, data));
    expect(recording.assemble(replayed.map((text) => ({ event: undefined, data: text })))).toEqual(body);
  });
});
