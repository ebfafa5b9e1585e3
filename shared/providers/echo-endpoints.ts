import { Buffer } from 'node:buffer';
import { Readable } from 'node:stream';
import type { JsonObject } from '../calls/json.ts';
import { ListedFrames } from '../streaming/listed-frames.ts';
import type { SseFrame } from '../streaming/sse-reader.ts';
import { echoEmbeddings, echoRerank } from './echo-embeddings.ts';
import {
  echoImageFrames,
  echoImages,
  echoModeration,
  echoSpeech,
  echoSpeechFrames,
  echoTranscription,
  echoTranscriptionFrames,
} from './echo-media.ts';
import { accidentFailure, scriptFor, waitForFirstByte } from './echo-transport.ts';
import type { Answer, Attempt, Transport } from './transport.ts';
import { UpstreamFailure } from './upstream-failure.ts';

/** The echo provider for everything that is no chat. Its models delay and fail to order here as well. */
export class EchoEndpoints implements Transport {
  readonly #nowMs: () => number;
  readonly #newId: () => string;

  constructor(nowMs: () => number, newId: () => string) {
    this.#nowMs = nowMs;
    this.#newId = newId;
  }

  async send(attempt: Attempt): Promise<Answer> {
    const { timeouts, signal } = attempt;
    const script = scriptFor(attempt);
    await waitForFirstByte(script, timeouts.firstByteMs, signal);
    if (script.refusal !== undefined) throw script.refusal;
    if (script.accident !== undefined) throw accidentFailure(script.accident.kind, timeouts.idleMs);
    const { inputTokens } = script.usage;
    return attempt.call.stream ? this.#stream(attempt, inputTokens) : this.#whole(attempt, inputTokens);
  }

  #whole({ call }: Attempt, inputTokens: number): Answer {
    switch (call.dialect) {
      case 'embeddings':
        return jsonAnswer(echoEmbeddings(call, inputTokens));
      case 'rerank':
        return jsonAnswer(echoRerank(call, this.#newId(), inputTokens));
      case 'images':
        return jsonAnswer(echoImages(call, this.#now(), inputTokens));
      case 'moderations':
        return jsonAnswer(echoModeration(call, `modr-${this.#newId()}`));
      case 'speech': {
        const { contentType, bytes } = echoSpeech(call);
        return bytesAnswer(contentType, bytes);
      }
      case 'transcriptions': {
        const answer = echoTranscription(call);
        return 'json' in answer ? jsonAnswer(answer.json) : bytesAnswer('text/plain; charset=utf-8', Buffer.from(answer.text));
      }
      default:
        throw new UpstreamFailure('unreachable', `echo does not speak ${call.dialect}`);
    }
  }

  #stream({ call }: Attempt, inputTokens: number): Answer {
    switch (call.dialect) {
      case 'images':
        return streamAnswer(echoImageFrames(call, this.#now(), inputTokens));
      case 'speech':
        return streamAnswer(echoSpeechFrames(call, inputTokens));
      case 'transcriptions':
        return streamAnswer(echoTranscriptionFrames(call));
      default:
        throw new UpstreamFailure('unreachable', `echo does not stream ${call.dialect}`);
    }
  }

  #now(): number {
    return Math.floor(this.#nowMs() / 1000);
  }
}

function jsonAnswer(json: JsonObject): Answer {
  return { kind: 'json', status: 200, headers: {}, json, body: Buffer.from(JSON.stringify(json)) };
}

function bytesAnswer(contentType: string, bytes: Buffer): Answer {
  return { kind: 'binary', status: 200, headers: { 'content-type': contentType }, source: Readable.from([bytes]) };
}

function streamAnswer(frames: readonly SseFrame[]): Answer {
  return { kind: 'stream', status: 200, headers: {}, source: new ListedFrames(frames) };
}
