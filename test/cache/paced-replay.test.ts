import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { JsonObject } from '../../shared/calls/json.ts';
import { chatRecording } from '../../shared/dialects/chat-completions-recording.ts';
import { messagesRecording } from '../../shared/dialects/messages-recording.ts';
import { piecewise } from '../../shared/dialects/piecewise.ts';
import type { Recording } from '../../shared/dialects/recording.ts';
import { responsesRecording } from '../../shared/dialects/responses-recording.ts';
import { ListedFrames } from '../../shared/streaming/listed-frames.ts';
import type { SseFrame } from '../../shared/streaming/sse-reader.ts';
import { sseFrame } from '../../shared/streaming/sse-writer.ts';

const story = 'Once upon a time there was a gateway, and it took its time. '.repeat(4);
const usage = { input_tokens: 3, output_tokens: 60 };
const bodies: Record<string, { readonly recording: Recording; readonly bodyOf: (text: string) => JsonObject }> = {
  'chat completions': {
    recording: chatRecording,
    bodyOf: (content) => ({
      id: 'c',
      object: 'chat.completion',
      created: 1,
      model: 'm',
      choices: [{ index: 0, message: { role: 'assistant', content, refusal: null }, logprobs: null, finish_reason: 'stop' }],
      usage: { prompt_tokens: 3, completion_tokens: 60, total_tokens: 63 },
    }),
  },
  messages: {
    recording: messagesRecording,
    bodyOf: (text) => ({
      id: 'msg',
      type: 'message',
      role: 'assistant',
      model: 'm',
      content: [
        { type: 'thinking', thinking: text, signature: 's' },
        { type: 'text', text },
      ],
      stop_reason: 'end_turn',
      stop_sequence: null,
      usage,
    }),
  },
  responses: {
    recording: responsesRecording,
    bodyOf: (text) => ({
      id: 'resp',
      object: 'response',
      status: 'completed',
      model: 'm',
      output: [
        {
          id: 'item',
          type: 'message',
          role: 'assistant',
          status: 'completed',
          content: [{ type: 'output_text', text, annotations: [], logprobs: [] }],
        },
      ],
      usage: { ...usage, total_tokens: 63 },
    }),
  },
};

describe.each(Object.entries(bodies))('the pieces of a replayed stream of %s', (_name, { recording, bodyOf }) => {
  const replayed = (text: string) => recording.replay(bodyOf(text), { streamUsage: true });
  const whole = (frames: readonly SseFrame[]) => recording.assemble(frames.map(({ event, data }) => ({ event, data: data ?? '' })));

  it('are words, many of them, and tell the same as the whole', () => {
    const frames = replayed(story);
    const pieces = piecewise(frames, 500);
    expect(pieces.length).toBeGreaterThan(frames.length + 40);
    expect(whole(pieces)).toEqual(bodyOf(story));
  });

  it('put any text together again, never cut inside a character', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 200 }), (text) => {
        const pieces = piecewise(replayed(text), 500);
        expect(whole(pieces)).toEqual(whole(replayed(text)));
        expect(pieces.every(({ bytes }) => bytes.toString().isWellFormed())).toBe(true);
      }),
      { numRuns: 50 },
    );
  });

  it('get longer rather than more than was asked for', () => {
    const frames = replayed(story.repeat(100));
    const pieces = piecewise(frames, 100);
    expect(pieces.length).toBeGreaterThan(50);
    expect(pieces.length).toBeLessThanOrEqual(frames.length + 100);
  });
});

it('counts the events of responses through', () => {
  const pieces = piecewise(responsesRecording.replay(bodies.responses!.bodyOf(story), { streamUsage: true }), 500);
  expect(pieces.map(({ data }) => JSON.parse(data ?? '').sequence_number)).toEqual(pieces.map((_, index) => index));
});

describe('a paced stream', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  function started(count: number, pace = { intervalMs: 20, mostMs: 10_000 }) {
    const source = new ListedFrames(
      Array.from({ length: count }, (_, index) => sseFrame(String(index))),
      pace,
    );
    const seen: string[] = [];
    source.start({
      frame: ({ data }) => void seen.push(data ?? ''),
      end: () => void seen.push('end'),
      fail: () => void seen.push('fail'),
    });
    return { source, seen };
  }

  it('begins at once and goes on at its pace', () => {
    const { seen } = started(4);
    expect(seen).toEqual(['0']);
    vi.advanceTimersByTime(19);
    expect(seen).toEqual(['0']);
    vi.advanceTimersByTime(1);
    expect(seen).toEqual(['0', '1']);
    vi.advanceTimersByTime(40);
    expect(seen).toEqual(['0', '1', '2', '3', 'end']);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('is over in time, however much there is', () => {
    const { seen } = started(5_000, { intervalMs: 20, mostMs: 1_000 });
    vi.advanceTimersByTime(500);
    expect(seen.length).toBeGreaterThan(2_000);
    expect(seen.length).toBeLessThan(3_000);
    vi.advanceTimersByTime(501);
    expect(seen.at(-1)).toBe('end');
  });

  it('is silent while paused and catches up afterwards', () => {
    const { source, seen } = started(6);
    source.pause();
    vi.advanceTimersByTime(60);
    expect(seen).toEqual(['0']);
    source.resume();
    expect(seen).toEqual(['0', '1', '2', '3']);
    vi.advanceTimersByTime(40);
    expect(seen.at(-1)).toBe('end');
  });

  it('leaves nothing behind when it is cancelled', () => {
    const { source, seen } = started(6);
    source.cancel();
    expect(vi.getTimerCount()).toBe(0);
    vi.advanceTimersByTime(1_000);
    expect(seen).toEqual(['0']);
  });
});
