import { Buffer } from 'node:buffer';
import type { LanguageModelV4, LanguageModelV4CallOptions } from '@ai-sdk/provider';
import type { Call } from '../calls/call.ts';
import { usageOfModel } from '../dialects/translated-usage.ts';
import type { TranslatedAnswer, TranslatedHead, Translation } from '../dialects/translation.ts';
import { DroppedFields } from './dropped-fields.ts';
import { GatheredResult } from './gathered-result.ts';
import type { HttpClient } from './http-client.ts';
import { loadLanguageModel } from './language-model.ts';
import { modelFailure } from './language-model-failure.ts';
import { withFilesInline } from './language-model-files.ts';
import { bodyCorrector, droppedByPackage, optionsFor, unreadFields } from './language-model-options.ts';
import { refuseDropped } from './language-model-rehearsal.ts';
import { checkSchemas } from './language-model-schemas.ts';
import { LanguageModelSource } from './language-model-source.ts';
import { unlessSummary, withoutSummaries } from './language-model-summaries.ts';
import { ModelExchange } from './model-exchange.ts';
import type { ProviderIdentity } from './provider-identity.ts';
import { TextualIds } from './textual-ids.ts';
import type { Answer, Attempt, Transport } from './transport.ts';
import { UpstreamFailure } from './upstream-failure.ts';

/** What a translated call needs of the world. */
export interface TranslatedPorts {
  readonly client: HttpClient;
  readonly nowMs: () => number;
  /** Letters and digits, never the same twice. */
  readonly newId: () => string;
  readonly identity: ProviderIdentity;
}

/** One call on its way through the AI SDK. */
interface Passage {
  readonly attempt: Attempt;
  readonly call: Call;
  readonly translation: Translation;
  readonly options: LanguageModelV4CallOptions;
  readonly exchange: ModelExchange;
  readonly model: LanguageModelV4;
  readonly dropped: DroppedFields;
}

/**
 * Carries a call to a provider that does not speak the caller's dialect: the dialect words it for the AI SDK, the provider's
 * package sends it, and the dialect renders the answer. Fields that got lost on the way are named in `x-sluice-dropped`.
 */
export class TranslatedTransport implements Transport {
  readonly #ports: TranslatedPorts;

  constructor(ports: TranslatedPorts) {
    this.#ports = ports;
  }

  /**
   * @throws UpstreamFailure as every transport does.
   * @throws GatewayError `unsupported_parameter` for what this provider cannot honour: always where dropping it would change
   * the meaning, and for every field where the call is strict.
   */
  async send(attempt: Attempt): Promise<Answer> {
    const passage = await this.#prepare(attempt);
    const head = { id: this.#ports.newId(), createdAtMs: this.#ports.nowMs(), model: attempt.call.model };
    try {
      return attempt.call.stream ? await this.#stream(passage, head) : await this.#whole(passage, head);
    } catch (error) {
      passage.exchange.abort();
      throw passage.exchange.failure ?? modelFailure(error, attempt.provider.id, false);
    }
  }

  async #prepare(attempt: Attempt): Promise<Passage> {
    const translation = await attempt.dialect.translation?.();
    if (translation === undefined) throw new UpstreamFailure('unreachable', `${attempt.provider.id} cannot serve ${attempt.dialect.name}`);
    const call = { ...attempt.call, body: { ...attempt.call.body, ...attempt.overrides } };
    const translated = translation.toOptions(call);
    const options = optionsFor(translated.options, attempt);
    checkSchemas(options);
    const dropped = new DroppedFields(translation.fieldNames);
    dropped.add(translated.dropped);
    dropped.add(unreadFields(translated.optional ?? [], options, attempt));
    const exchange = new ModelExchange(this.#ports.client, attempt, {
      identity: this.#ports.identity,
      correctBody: bodyCorrector(options, attempt, (field) => dropped.add([field])),
      correctAnswer: attempt.provider.row.aiSdkPackage === '@ai-sdk/openai-compatible' ? new TextualIds() : undefined,
      nowMs: this.#ports.nowMs,
    });
    const model = await loadLanguageModel(attempt, exchange);
    const prompt = await withFilesInline(options.prompt, model, this.#ports.client, attempt);
    const passage = { attempt, call, translation, options: { ...options, prompt }, exchange, model, dropped };
    if (call.strict === true) await refuseDropped(passage.options, attempt, dropped);
    return passage;
  }

  async #whole(passage: Passage, head: TranslatedHead): Promise<Answer> {
    const { call, translation, exchange } = passage;
    const result = withoutSummaries(await read(passage, () => passage.model.doGenerate(passage.options)));
    const json = translation.fromResult(call, result, head);
    const usage = usageOfModel(result.usage);
    passage.dropped.add(droppedByPackage(result.warnings, passage.options, passage.attempt));
    return {
      kind: 'json',
      status: 200,
      headers: headersOf(exchange, passage.dropped),
      json,
      body: Buffer.from(JSON.stringify(json)),
      translated: { head, result },
      ...(usage && { usage }),
    };
  }

  async #stream(passage: Passage, head: TranslatedHead): Promise<Answer> {
    const { attempt, call, translation, exchange } = passage;
    const { stream } = await read(passage, () => passage.model.doStream(passage.options));
    const reader = stream.getReader();
    // Packages begin with what they could not carry over; that part is there before anything has arrived.
    const { value: first } = await read(passage, () => reader.read());
    const warnings = first?.type === 'stream-start' ? first.warnings : [];
    passage.dropped.add(droppedByPackage(warnings, passage.options, attempt));
    const state = translation.startParts(call, head);
    const gathered = new GatheredResult();
    const source = new LanguageModelSource({
      reader,
      first,
      framesOf: unlessSummary((part) => {
        gathered.add(part);
        return translation.partFrames(state, part);
      }),
      exchange,
      host: attempt.provider.id,
      signal: attempt.signal,
    });
    const translated = (): TranslatedAnswer | undefined => {
      const result = gathered.result();
      return result && { head, result };
    };
    return { kind: 'stream', status: 200, headers: headersOf(exchange, passage.dropped), source, usage: () => source.usage, translated };
  }
}

/** Lets a package speak and read: what it throws tells of the provider, once that has answered. */
async function read<Result>({ exchange }: Passage, speak: () => PromiseLike<Result>): Promise<Result> {
  try {
    return await speak();
  } catch (error) {
    throw exchange.failureOf(error);
  }
}

function headersOf(exchange: ModelExchange, { all }: DroppedFields): Record<string, string> {
  return { ...exchange.headers, ...(all.length > 0 && { 'x-sluice-dropped': all.join(', ') }) };
}
