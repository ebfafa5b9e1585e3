import type { LanguageModelV4Content, LanguageModelV4GenerateResult, LanguageModelV4StreamPart } from '@ai-sdk/provider';

type Metadata = Extract<LanguageModelV4StreamPart, { type: 'text-start' }>['providerMetadata'];
type Finish = Extract<LanguageModelV4StreamPart, { type: 'finish' }>;

/** A text or a thought that is not over yet. */
interface OpenText {
  readonly type: 'text' | 'reasoning';
  text: string;
  metadata: Metadata;
  citations?: Extract<LanguageModelV4StreamPart, { type: 'text-end' }>['citations'];
}

/** What has been gathered, in its order. */
type Piece = OpenText | LanguageModelV4Content;

/** Puts the parts of a model's stream together to the result that the same answer would have been as a whole. */
export class GatheredResult {
  readonly #pieces: Piece[] = [];
  readonly #open = new Map<string, OpenText>();
  #finish: Finish | undefined;

  /** Takes the next part. */
  add(part: LanguageModelV4StreamPart): void {
    switch (part.type) {
      case 'text-start':
      case 'reasoning-start':
        this.#begin(part.type === 'text-start' ? 'text' : 'reasoning', part.id, part.providerMetadata);
        return;
      case 'text-delta':
      case 'reasoning-delta':
        this.#continue(part.type === 'text-delta' ? 'text' : 'reasoning', part.id, part.delta, part.providerMetadata);
        return;
      case 'text-end':
      case 'reasoning-end':
        this.#continue(part.type === 'text-end' ? 'text' : 'reasoning', part.id, '', part.providerMetadata);
        if (part.type === 'text-end') this.#cite(part.id, part.citations);
        return;
      case 'finish':
        this.#finish = part;
        return;
      case 'tool-call':
      case 'tool-result':
      case 'tool-approval-request':
      case 'custom':
      case 'file':
      case 'reasoning-file':
      case 'source':
        this.#pieces.push(part);
        return;
      default:
        // Warnings, inputs of tools that come whole later, and what is the provider's own.
        return;
    }
  }

  /** The result, once the stream has told its end. */
  result(): LanguageModelV4GenerateResult | undefined {
    if (this.#finish === undefined) return undefined;
    const { finishReason, usage, providerMetadata } = this.#finish;
    const content = this.#pieces.map((piece) => ('metadata' in piece ? closed(piece) : piece));
    return { content, finishReason, usage, ...(providerMetadata && { providerMetadata }), warnings: [] };
  }

  #begin(type: OpenText['type'], id: string, metadata: Metadata): OpenText {
    const text: OpenText = { type, text: '', metadata };
    this.#open.set(`${type} ${id}`, text);
    this.#pieces.push(text);
    return text;
  }

  #continue(type: OpenText['type'], id: string, delta: string, metadata: Metadata): void {
    const text = this.#open.get(`${type} ${id}`) ?? this.#begin(type, id, metadata);
    text.text += delta;
    // The latest word counts, as where packages put a whole answer together themselves.
    if (metadata !== undefined) text.metadata = metadata;
  }

  #cite(id: string, citations: OpenText['citations']): void {
    const text = this.#open.get(`text ${id}`);
    if (text !== undefined && citations !== undefined) text.citations = citations;
  }
}

function closed({ type, text, metadata, citations }: OpenText): LanguageModelV4Content {
  const base = { text, ...(metadata && { providerMetadata: metadata }) };
  return type === 'text' ? { type, ...base, ...(citations && { citations }) } : { type, ...base };
}
