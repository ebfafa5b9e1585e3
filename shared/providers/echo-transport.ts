import { Buffer } from 'node:buffer';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FrameSink, FrameSource } from '../streaming/frame-source.ts';
import type { SseFrame } from '../streaming/sse-reader.ts';
import { sseFrame } from '../streaming/sse-writer.ts';
import { echoChatBody, echoChatFrames } from './echo-chat.ts';
import { echoModels } from './echo-models.ts';
import { type EchoScript, echoScript } from './echo-script.ts';
import { abortFailure } from './http-client.ts';
import type { Answer, Attempt, Transport } from './transport.ts';
import { UpstreamFailure } from './upstream-failure.ts';

/**
 * The built-in provider: answers from the call itself, with prices, token counts, delays and failures to order, so
 * that everything can be tried without an account. It goes through the same attempts, timeouts and accounting as
 * any other; only the network is missing.
 */
export class EchoTransport implements Transport {
  readonly #nowMs: () => number;
  readonly #newId: () => string;

  constructor(nowMs: () => number, newId: () => string) {
    this.#nowMs = nowMs;
    this.#newId = newId;
  }

  async send(attempt: Attempt): Promise<Answer> {
    const { call, timeouts, signal } = attempt;
    const script = scriptFor(attempt);
    await waitForFirstByte(script, timeouts.firstByteMs, signal);
    if (script.refusal !== undefined) throw script.refusal;
    const head = { id: `chatcmpl-${this.#newId()}`, created: Math.floor(this.#nowMs() / 1000), model: attempt.model };
    if (!call.stream) {
      if (script.accident !== undefined) throw accidentFailure(script.accident.kind, timeouts.idleMs);
      const json = echoChatBody(script, head);
      return { kind: 'json', status: 200, headers: {}, json, body: Buffer.from(JSON.stringify(json)) };
    }
    // Asked as any provider is: with usage, whether the caller wants it or not.
    const frames = echoChatFrames(script, head, true);
    return { kind: 'stream', status: 200, headers: {}, source: new EchoSource(script, frames, timeouts.idleMs, signal) };
  }
}

/**
 * What echo does with an attempt.
 * @throws UpstreamFailure for a model that echo does not have.
 */
export function scriptFor({ call, model, maxOutputTokens }: Attempt): EchoScript {
  const script = echoScript(model, maxOutputTokens === undefined ? call : { ...call, maxOutputTokens });
  if (script !== undefined) return script;
  throw new UpstreamFailure('status', 'echo has no such model', {
    status: 404,
    providerCode: 'model_not_found',
    providerMessage: `Echo has no model '${model}'. It has: ${Object.keys(echoModels).join(', ')}.`,
  });
}

/** Keeps silent for as long as the script says. @throws UpstreamFailure when that is longer than a first byte may take. */
export async function waitForFirstByte(script: EchoScript, firstByteMs: number, signal: AbortSignal): Promise<void> {
  const silence = script.hangs ? Number.POSITIVE_INFINITY : script.delayMs;
  if (silence === 0) return;
  try {
    await sleep(Math.min(silence, firstByteMs), undefined, { signal });
  } catch {
    throw abortFailure(signal);
  }
  if (silence >= firstByteMs) throw new UpstreamFailure('first_byte_timeout', `no answer within ${firstByteMs} ms`);
}

/** What an accident in the middle of an answer looks like from outside. */
export function accidentFailure(kind: NonNullable<EchoScript['accident']>['kind'], idleMs: number): UpstreamFailure {
  switch (kind) {
    case 'stall':
      return new UpstreamFailure('idle_timeout', `echo sent nothing for ${idleMs} ms`);
    case 'malformed':
      return new UpstreamFailure('malformed', 'echo sent an event that is not JSON');
    case 'fault':
      return new UpstreamFailure('fault', 'echo reported an error', { status: 500, providerMessage: 'Echo was told to fail.' });
    case 'cut':
      return new UpstreamFailure('cut', 'the connection to echo broke');
  }
}

/** Plays a script's events with its delays. */
class EchoSource implements FrameSource {
  readonly #frames: readonly SseFrame[];
  readonly #script: EchoScript;
  readonly #idleMs: number;
  readonly #signal: AbortSignal;
  readonly #accidentAt: number;
  #next = 0;
  #paused = false;
  #timer: NodeJS.Timeout | undefined;
  #sink: FrameSink | undefined;

  constructor(
    script: EchoScript,
    frames: { opening: SseFrame; pieces: SseFrame[]; closing: SseFrame[] },
    idleMs: number,
    signal: AbortSignal,
  ) {
    this.#script = script;
    this.#idleMs = idleMs;
    this.#signal = signal;
    this.#frames = [frames.opening, ...frames.pieces, ...frames.closing];
    this.#accidentAt = script.accident === undefined ? -1 : 1 + script.reasoning.length + script.accident.afterPieces;
  }

  start(sink: FrameSink): void {
    this.#sink = sink;
    this.#signal.addEventListener('abort', this.#onAbort, { once: true });
    this.#play();
  }

  pause(): void {
    this.#paused = true;
    clearTimeout(this.#timer);
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#play();
  }

  cancel(): void {
    this.#take();
  }

  readonly #onAbort = (): void => {
    this.#take()?.fail(abortFailure(this.#signal));
  };

  #play(): void {
    while (!this.#paused && this.#sink !== undefined) {
      if (this.#next === this.#accidentAt && this.#accident()) return;
      const frame = this.#frames[this.#next];
      if (frame === undefined) {
        this.#take()?.end();
        return;
      }
      this.#next += 1;
      this.#sink.frame(frame);
      if (this.#script.chunkDelayMs > 0 && this.#next < this.#frames.length) {
        this.#timer = setTimeout(() => this.#play(), this.#script.chunkDelayMs);
        return;
      }
    }
  }

  /** Plays the accident; false where the stream goes on by itself. */
  #accident(): boolean {
    const kind = this.#script.accident?.kind ?? 'cut';
    if (kind === 'malformed') {
      this.#sink?.frame(sseFrame('{"choices": [{"delta": {"content": "broken'));
      this.#next = this.#frames.length;
      return false;
    }
    if (kind === 'stall') this.#timer = setTimeout(() => this.#take()?.fail(accidentFailure('stall', this.#idleMs)), this.#idleMs);
    else if (kind === 'fault') {
      this.#sink?.frame(
        sseFrame(JSON.stringify({ error: { message: 'Echo was told to fail.', type: 'server_error', code: 'echo_error' } })),
      );
      this.#take()?.end();
    } else this.#take()?.fail(accidentFailure(kind, this.#idleMs));
    return true;
  }

  #take(): FrameSink | undefined {
    const sink = this.#sink;
    this.#sink = undefined;
    clearTimeout(this.#timer);
    this.#signal.removeEventListener('abort', this.#onAbort);
    return sink;
  }
}
