import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A body that a provider received. */
export interface SentBody {
  /** From which dialect to which provider. */
  readonly way: string;
  readonly feature: string;
  readonly path: string;
  readonly body: unknown;
  /** True where the call asks for what only the beta of the API knows. */
  readonly beta?: boolean;
}

/** Where a body is not of the vendor's type. */
export interface Violation extends Omit<SentBody, 'body'> {
  /** Which of the bodies it is. */
  readonly index: number;
  /** The line of the body at which the compiler found it. */
  readonly line: string;
  /** The compiler's own words. */
  readonly says: string;
}

const root = join(import.meta.dirname, '../..');

/**
 * What the generated file begins with: the vendors' types under short names.
 *
 * OpenAI and Anthropic generate their clients from their API specifications, so the parameters of a method are the body,
 * but for what travels as a header (`betas`) instead.
 *
 * Amazon generates its client from the Smithy model of the API. The model's id travels in the path; bytes are base64 on
 * the wire (https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html).
 *
 * Google's client has the body under another form: it keeps `GenerationConfig`, `systemInstruction`, `tools` and the others
 * in one flat `config`. `GeminiRequest` puts the published types of the parts where the REST reference has them
 * (https://ai.google.dev/api/generate-content#request-body). JSON schemas within are `unknown` there, and are not checked.
 *
 * Those who publish no client for a body publish its fields: the interfaces from `CohereRerank` on are those documents'
 * (https://docs.cohere.com/reference/rerank, https://ai.google.dev/api/embeddings,
 * https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-embed-text.html,
 * https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-embed-v3.html and
 * https://docs.aws.amazon.com/nova/latest/userguide/image-gen-req-resp-structure.html).
 *
 * `Wire` is a type as JSON has it: members of enums as their text, bytes as base64.
 */
const prelude = `
import type Anthropic from '@anthropic-ai/sdk';
import type { ConverseCommandInput } from '@aws-sdk/client-bedrock-runtime';
import type * as Google from '@google/genai';
import type OpenAI from 'openai';

type Wire<T> = unknown extends T ? T
  : T extends string ? \`\${T}\`
  : T extends Uint8Array ? string
  : T extends readonly (infer E)[] ? Wire<E>[]
  : T extends object ? { [K in keyof T]: Wire<T[K]> }
  : T;
type Chat = OpenAI.Chat.ChatCompletionCreateParams;
type Responses = OpenAI.Responses.ResponseCreateParams;
type Messages = Anthropic.MessageCreateParams;
type BetaMessages = Omit<Anthropic.Beta.Messages.MessageCreateParamsNonStreaming, 'betas' | 'stream'> & { stream?: boolean };
type Embeddings = OpenAI.EmbeddingCreateParams;
type Images = OpenAI.ImageGenerateParams;
type Speech = OpenAI.Audio.SpeechCreateParams;
type Transcription = Omit<OpenAI.Audio.TranscriptionCreateParams, 'file'> & { file: string };
type Moderation = OpenAI.ModerationCreateParams;
type Converse = Wire<Omit<ConverseCommandInput, 'modelId'>>;
interface GeminiRequest {
  contents: Wire<Google.Content>[];
  systemInstruction?: Wire<Google.Content>;
  tools?: Wire<Google.Tool>[];
  toolConfig?: Wire<Google.ToolConfig>;
  generationConfig?: Wire<Google.GenerationConfig>;
  safetySettings?: Wire<Google.SafetySetting>[];
  cachedContent?: string;
}
interface CohereRerank {
  model: string;
  query: string;
  documents: string[];
  top_n?: number;
  max_tokens_per_doc?: number;
  priority?: number;
}
interface GeminiEmbed {
  model?: string;
  content: Wire<Google.Content>;
  taskType?: string;
  title?: string;
  outputDimensionality?: number;
}
interface GeminiEmbedBatch {
  requests: GeminiEmbed[];
}
interface TitanEmbed {
  inputText: string;
  dimensions?: 256 | 512 | 1024;
  normalize?: boolean;
  embeddingTypes?: ('float' | 'binary')[];
}
interface CohereEmbed {
  input_type: 'search_document' | 'search_query' | 'classification' | 'clustering' | 'image';
  texts?: string[];
  images?: string[];
  truncate?: 'NONE' | 'START' | 'END';
  embedding_types?: ('float' | 'int8' | 'uint8' | 'binary' | 'ubinary')[];
}
interface NovaCanvas {
  taskType: 'TEXT_IMAGE';
  textToImageParams: { text: string; negativeText?: string; style?: string };
  imageGenerationConfig?: { width?: number; height?: number; quality?: 'standard' | 'premium'; cfgScale?: number; seed?: number; numberOfImages?: number };
}
`;

const types: readonly (readonly [path: RegExp, type: string, beta?: string])[] = [
  [/\/chat\/completions$/, 'Chat'],
  [/\/responses$/, 'Responses'],
  [/\/messages$/, 'Messages', 'BetaMessages'],
  [/\/embeddings$/, 'Embeddings'],
  [/\/images\/generations$/, 'Images'],
  [/\/audio\/speech$/, 'Speech'],
  [/\/audio\/transcriptions$/, 'Transcription'],
  [/\/moderations$/, 'Moderation'],
  [/\/rerank$/, 'CohereRerank'],
  [/:(generateContent|streamGenerateContent\?alt=sse)$/, 'GeminiRequest'],
  [/:embedContent$/, 'GeminiEmbed'],
  [/:batchEmbedContents$/, 'GeminiEmbedBatch'],
  [/\/converse(-stream)?$/, 'Converse'],
  [/\/model\/amazon\.titan-embed[^/]*\/invoke$/, 'TitanEmbed'],
  [/\/model\/cohere\.embed[^/]*\/invoke$/, 'CohereEmbed'],
  [/\/model\/amazon\.nova-canvas[^/]*\/invoke$/, 'NovaCanvas'],
];

/**
 * Writes every body as an object literal of the type that the vendor publishes for its path, has the compiler check them
 * all at once, and tells where it does not agree. In a literal, a field that the type lacks is an error as well.
 * Throws for a path without a type, and where the compiler complains of anything but a body.
 */
export async function violationsOf(bodies: readonly SentBody[]): Promise<Violation[]> {
  const lines = prelude.split('\n');
  const owners: (Omit<Violation, 'line' | 'says'> | undefined)[] = lines.map(() => undefined);
  for (const [index, sent] of bodies.entries()) {
    const written = `export const body_${index}: ${typeOf(sent)} = ${JSON.stringify(sent.body, null, 2)};`.split('\n');
    lines.push(...written);
    const { body: _, ...owner } = sent;
    owners.push(...written.map(() => ({ ...owner, index })));
  }
  return errorsIn(await compile(lines.join('\n'))).map(({ line, says }) => {
    const owner = owners[line - 1];
    if (owner === undefined) throw new Error(`The compiler does not understand the vendor's types: line ${line}: ${says}`);
    return { ...owner, line: lines[line - 1]?.trim() ?? '', says };
  });
}

function typeOf({ way, feature, path, beta }: SentBody): string {
  const found = types.find(([pattern]) => pattern.test(path));
  if (found === undefined) throw new Error(`${way}: ${feature}: no vendor publishes a type for ${path}`);
  const [, type, betaType = type] = found;
  return beta === true ? betaType : type;
}

/** What the compiler prints of a file, which lies where the vendors' packages can be found. */
async function compile(source: string): Promise<string> {
  const caches = join(root, 'node_modules/.cache');
  await mkdir(caches, { recursive: true });
  const folder = await mkdtemp(join(caches, 'vendor-types-'));
  try {
    await writeFile(join(folder, 'bodies.mts'), source);
    const settings = { extends: join(root, 'tsconfig.json'), include: ['bodies.mts'], exclude: [] };
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(settings));
    return await new Promise((resolve, reject) => {
      const compiler = join(root, 'node_modules/.bin/tsc');
      const flags = ['--noEmit', '--pretty', 'false', '-p', folder];
      execFile(compiler, flags, { cwd: folder, maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
        // It exits with 1 or 2 where it has found errors, which it prints.
        if (error !== null && stdout === '') reject(new Error(`The compiler failed: ${stderr}`, { cause: error }));
        else resolve(stdout);
      });
    });
  } finally {
    await rm(folder, { recursive: true });
  }
}

function errorsIn(output: string): { line: number; says: string }[] {
  const errors: { line: number; says: string }[] = [];
  for (const text of output.split('\n')) {
    const [, line, says] = /^bodies\.mts\((\d+),\d+\): error (.*)$/.exec(text) ?? [];
    const last = errors.at(-1);
    if (line !== undefined && says !== undefined) errors.push({ line: Number(line), says });
    else if (text.startsWith(' ') && last !== undefined) last.says += `\n${text}`;
    else if (text !== '') throw new Error(`The compiler failed: ${text}`);
  }
  return errors;
}
