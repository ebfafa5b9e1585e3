import type { AudioFacts, ContentFacts, FileFacts } from '../calls/call.ts';
import { imageTokenBound, type TokenFamily } from './image-tokens.ts';

/**
 * What a dialect may say beyond `ContentFacts` to make the bound right or tighter. What it leaves
 * out is taken as absent from the request, but for `vendorTools`, which is taken as all tools.
 */
export interface InputFacts extends ContentFacts {
  /** Those of `tools` whose definition the vendor holds (Anthropic's `bash_…`, `text_editor_…`, `computer_…`). */
  readonly vendorTools?: number;
  /**
   * Whether a part of the prompt lies with the provider: `previous_response_id`, `conversation`, a
   * prompt template, a file or cached content by id.
   */
  readonly hasStoredContext?: boolean;
  /** How many times the provider may run tools of its own (web search, code) before it answers. */
  readonly serverToolUses?: number;
}

/** What bounds the input of a call apart from its body. */
export interface InputBoundOptions {
  /** The model as the provider names it: some families count by model. */
  readonly model?: string | undefined;
  /** Stands in where a body says nothing of its size. Default {@link UNKNOWN_CONTEXT}. */
  readonly contextLength?: number | undefined;
}

/** Taken as the context length of a model of which none is known. */
const UNKNOWN_CONTEXT = 1_048_576;

/**
 * Tokens of the template round a call: begin-of-text, the answer's opening, dates and default system
 * prompts of open models (the longest seen is gpt-oss, some 70: https://github.com/openai/harmony).
 */
const PER_CALL = 128;

/** Role, separators and channel of one message; ChatML and Llama take 5, harmony up to 12. */
const PER_MESSAGE = 16;

/** What a tool's declaration adds to the bytes of its name, description and schema. */
const PER_TOOL = 32;

/** What the mere presence of tools adds: instructions in the templates of OpenAI, Gemini and open models. */
const TOOL_PROMPT = 500;

/**
 * Anthropic adds a system prompt for tools, 159 to 804 tokens by model and choice, and its own tools
 * add up to 735 each: https://platform.claude.com/docs/en/about-claude/pricing#tool-use-pricing
 */
const ANTHROPIC_TOOL_PROMPT = 1000;
const ANTHROPIC_VENDOR_TOOL = 1000;

/**
 * Never fewer than the input tokens any provider counts for the request.
 *
 * - Text: one token a byte. Byte-level BPE and SentencePiece with byte fallback never make more
 *   (https://arxiv.org/abs/1508.07909: a token is one or more bytes), plus the template above.
 * - Images, files, audio: see `imageTokenBound`, `fileTokenBound`, `audioTokenBound`.
 * - A prompt of which a part lies with the provider: the whole context, since more is refused.
 * - The provider's own tools: each use reads the context again, with what the tool found in it.
 */
export function inputTokenBound(facts: InputFacts, providerId: string, options: InputBoundOptions = {}): number {
  const family = tokenFamilyOf(providerId, options.model);
  const contextLength = options.contextLength ?? UNKNOWN_CONTEXT;
  const sum = (tokens: readonly number[]) => tokens.reduce((total, count) => total + count, 0);
  const body =
    facts.textBytes +
    PER_CALL +
    PER_MESSAGE * facts.messages +
    toolTokenBound(facts, family) +
    sum(facts.images.map((image) => imageTokenBound(image, family, options.model))) +
    sum(facts.files.map((file) => fileTokenBound(file, family, contextLength))) +
    sum(facts.audio.map((audio) => audioTokenBound(audio, family)));
  const first = facts.hasStoredContext === true ? Math.max(body, contextLength) : body;
  return first + (facts.serverToolUses ?? 0) * Math.max(body, contextLength);
}

/** Whose counting rules hold for a model at a provider: the model's maker, where its name tells. */
export function tokenFamilyOf(providerId: string, model: string | undefined): TokenFamily {
  const name = model?.toLowerCase() ?? '';
  if (['anthropic', 'azure-claude'].includes(providerId) || name.includes('claude')) return 'anthropic';
  if (providerId === 'google' || name.includes('gemini')) return 'google';
  if (providerId === 'openai' || /(^|[/.])(gpt-[3-6]|gpt-image|chatgpt|o[134])/.test(name)) return 'openai';
  return 'unknown';
}

function toolTokenBound(facts: InputFacts, family: TokenFamily): number {
  if (facts.tools === 0) return 0;
  const plain = PER_TOOL * facts.tools;
  if (family !== 'anthropic') return plain + (family === 'unknown' ? ANTHROPIC_TOOL_PROMPT : TOOL_PROMPT);
  return plain + ANTHROPIC_TOOL_PROMPT + ANTHROPIC_VENDOR_TOOL * (facts.vendorTools ?? facts.tools);
}

/** Least bytes of a PDF's page with its content: an assumption, on the safe side of any real document. */
const LEAST_BYTES_PER_PAGE = 256;

/**
 * A page of a PDF is read as its text and its image. Text: 1,500 to 3,000 tokens a page
 * (https://platform.claude.com/docs/en/build-with-claude/pdf-support), and at most 600 pages there,
 * 1,000 at Gemini, which counts 258 to 1,120 a page (https://ai.google.dev/gemini-api/docs/document-processing).
 */
const PDF_PAGES = { openai: 1000, anthropic: 600, google: 1000, unknown: 1000 } as const satisfies Record<TokenFamily, number>;
const PDF_TOKENS_PER_PAGE = { openai: 3000 + 4000, anthropic: 3000 + 5000, google: 1120, unknown: 8000 } as const satisfies Record<
  TokenFamily,
  number
>;

/**
 * The most tokens of a document: its bytes when it is text; by pages when it is a PDF; the context
 * length otherwise, since a provider refuses what does not fit and bills nothing for it.
 */
function fileTokenBound(file: FileFacts, family: TokenFamily, contextLength: number): number {
  const { bytes, mediaType = '' } = file;
  if (bytes === undefined) return contextLength;
  if (/^text\/|[/+](json|xml|yaml|javascript|csv)$/.test(mediaType)) return bytes + PER_MESSAGE;
  if (mediaType !== 'application/pdf') return contextLength;
  const pages = Math.min(PDF_PAGES[family], Math.ceil(bytes / LEAST_BYTES_PER_PAGE));
  return Math.min(contextLength, pages * PDF_TOKENS_PER_PAGE[family] + PER_MESSAGE);
}

/**
 * Tokens of a second of sound. Gemini 32 (https://ai.google.dev/gemini-api/docs/audio), OpenAI 10
 * (https://platform.openai.com/docs/guides/realtime-costs); 50 is above every open encoder (Whisper's 50 frames a second).
 */
const AUDIO_TOKENS_PER_SECOND = { openai: 20, anthropic: 50, google: 32, unknown: 50 } as const satisfies Record<TokenFamily, number>;

/** Speech codecs go down to some 4 kbit/s; MP3 ends at 8. */
const LEAST_AUDIO_BYTES_PER_SECOND = 500;

/** The longest any provider takes in one request: 9.5 hours, Gemini's. */
const LONGEST_AUDIO_SECONDS = 9.5 * 3600;

/** The longest a sound can be, in milliseconds: as stated, else by its bytes, else the longest any provider takes. */
export function audioMsBound(audio: AudioFacts): number {
  const longest = audio.bytes === undefined ? LONGEST_AUDIO_SECONDS : audio.bytes / LEAST_AUDIO_BYTES_PER_SECOND;
  return Math.ceil((audio.seconds ?? Math.min(longest, LONGEST_AUDIO_SECONDS)) * 1000);
}

/** The most tokens a sound can count for. */
function audioTokenBound(audio: AudioFacts, family: TokenFamily): number {
  return Math.ceil((audioMsBound(audio) / 1000) * AUDIO_TOKENS_PER_SECOND[family]) + PER_MESSAGE;
}
