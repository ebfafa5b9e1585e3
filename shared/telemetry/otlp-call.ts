import type { CallRecord } from './call-record.ts';

/** A provider as OpenTelemetry knows it. */
export interface TracedProvider {
  /** Of the catalogue. */
  readonly kind: string;
  readonly serverAddress?: string | undefined;
  readonly serverPort?: number | undefined;
}

/** A call that is over, with its place in a trace. Nothing that was said is in it. */
export interface TracedCall {
  readonly record: CallRecord;
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** 16 hexadecimal digits: the span that providers were told of. */
  readonly spanId: string;
  /** The caller's span. */
  readonly parentSpanId: string | undefined;
  /** Whether the caller wants the trace to be kept; without a caller's trace it is. */
  readonly sampled: boolean;
  /** By the name before the slash of a target. */
  readonly provider: (id: string) => TracedProvider | undefined;
  /** Ids for further spans. */
  readonly newSpanId: () => string;
}

/** Names that the conventions give to providers of the catalogue; others keep their own. */
const providerNames: Readonly<Record<string, string>> = {
  azure: 'azure.ai.openai',
  bedrock: 'aws.bedrock',
  'bedrock-mantle': 'aws.bedrock',
  google: 'gcp.gemini',
  mistral: 'mistral_ai',
  moonshot: 'moonshot_ai',
  vertex: 'gcp.vertex_ai',
  xai: 'x_ai',
};

/** Operations by dialect; the conventions have a name for some. */
const operations: Readonly<Record<string, string>> = {
  'chat-completions': 'chat',
  messages: 'chat',
  responses: 'chat',
  gemini: 'generate_content',
  completions: 'text_completion',
  embeddings: 'embeddings',
};

/** `gen_ai.operation.name` (https://opentelemetry.io/docs/specs/semconv/registry/attributes/gen-ai/). */
export function operationOf({ dialect }: Pick<CallRecord, 'dialect'>): string {
  return dialect === undefined ? 'chat' : (operations[dialect] ?? dialect);
}

/** `gen_ai.provider.name`. */
export function providerName({ kind }: TracedProvider): string {
  return providerNames[kind] ?? kind;
}

/** A target's name in its two parts. What `echo` is told by a question mark stays out. */
export function partsOf(target: string): { readonly provider: string; readonly model: string } {
  const [plain = target] = target.split('?', 1);
  const slash = plain.indexOf('/');
  return slash === -1 ? { provider: plain, model: plain } : { provider: plain.slice(0, slash), model: plain.slice(slash + 1) };
}

/** Whom the call's numbers belong to: who answered, else who was asked last; undefined where nobody was. */
export function countedTarget({ servedBy, attempts }: CallRecord): string | undefined {
  return servedBy ?? attempts.at(-1)?.target;
}

/** `error.type`: the gateway's own code of what went wrong; undefined where nothing did. */
export function errorType({ ending, error }: CallRecord): string | undefined {
  return error ?? (ending === 'answered' || ending === 'truncated' ? undefined : ending);
}
