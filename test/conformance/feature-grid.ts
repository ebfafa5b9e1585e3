import { startGateway } from '../support/gateway.ts';
import { type ReceivedRequest, startUpstream } from '../support/upstream.ts';
import { chatFeatures, type Feature } from './chat-features.ts';
import type { EndpointRequest } from './endpoint-requests.ts';
import { geminiFeatures } from './gemini-features.ts';
import { LooseJson } from './loose-json.ts';
import { messagesFeatures } from './messages-features.ts';
import { cutAnswer, plainAnswer } from './plain-answers.ts';
import { responsesFeatures } from './responses-features.ts';

/** Dialects with what their requests can ask for. A further one is a further row. */
export interface Grid {
  readonly name: string;
  /** May hold `{model}`, where the dialect names it in the path. */
  readonly path: string;
  readonly features: readonly Feature[];
  readonly columns: readonly Column[];
}

/** One format that calls leave in, by a model that is called in it. */
export interface Column {
  readonly title: string;
  readonly model: string;
}

/** Providers as columns: one for each format that calls leave in. */
const columns: readonly Column[] = [
  { title: 'OpenAI and compatible', model: 'openai/gpt-5.2' },
  { title: 'OpenAI Responses', model: 'openai/gpt-5.2-codex' },
  { title: 'Anthropic', model: 'anthropic/claude-sonnet-4-5' },
  { title: 'Gemini, Vertex AI', model: 'google/gemini-3-pro-preview' },
  { title: 'Bedrock', model: 'bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0' },
];

/** Where OpenAI is always called by its Responses API, and those who only chat are called otherwise. */
const translatedColumns: readonly Column[] = [
  { title: 'OpenAI', model: 'openai/gpt-5.2' },
  { title: 'OpenAI-compatible', model: 'compatible/m' },
  ...columns.slice(2),
];

/** Where Claude is served at Bedrock in its maker's own format, and everybody else there by Converse. */
const messagesColumns: readonly Column[] = [
  ...translatedColumns.slice(0, -1),
  { title: 'Claude at Bedrock', model: 'bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0' },
  { title: 'Others at Bedrock', model: 'bedrock/us.amazon.nova-pro-v1:0' },
];

/** The whole grid: every dialect by every format. */
export const dialects: readonly Grid[] = [
  { name: 'Chat Completions', path: '/v1/chat/completions', features: chatFeatures, columns },
  { name: 'Messages', path: '/v1/messages', features: messagesFeatures, columns: messagesColumns },
  { name: 'Responses', path: '/v1/responses', features: responsesFeatures, columns: translatedColumns },
  { name: 'Gemini', path: '/v1beta/models/{model}:generateContent', features: geminiFeatures, columns: translatedColumns },
];

/** What became of one feature at one provider. */
export interface Outcome {
  readonly feature: string;
  readonly status: number;
  readonly dropped: string | undefined;
  readonly error: string | undefined;
  /** What the provider received. */
  readonly path: string | undefined;
  readonly body: unknown;
  /** Whether the answer shows what the feature says it has to; undefined where it says nothing. */
  readonly shows?: boolean;
}

/** A gateway before providers that take whatever they are sent. */
export interface FeatureGateway {
  /** Asks for one feature in the dialect of the path, and tells what came of it; as a stream where that is said. */
  ask(path: string, model: string, feature: Feature, stream?: boolean): Promise<Outcome>;
  /** Calls an endpoint that is no chat, and tells what each request to the provider holds. */
  call(request: EndpointRequest): Promise<{ readonly path: string; readonly body: unknown }[]>;
  close(): Promise<void>;
}

/** Starts the gateway with one provider of each format, all on one upstream. */
export async function startFeatureGateway(): Promise<FeatureGateway> {
  const upstream = await startUpstream(plainAnswer);
  const provider = { base_url: new URL(upstream.url).origin, api_key: 'env:KEY', allow_private_address: true };
  const compatible = { ...provider, type: 'openai-compatible', base_url: upstream.url };
  const config = {
    providers: { compatible, anthropic: provider, google: provider, bedrock: provider, openai: provider, cohere: provider },
    defaults: { retries: 0 },
  };
  const gateway = await startGateway({ config, environment: { KEY: 'k' } });
  return {
    ask: async (path, model, { name, body, answer: expected }, stream = expected?.stream === true) => {
      const before = upstream.received.length;
      upstream.behave(expected?.cut === true ? cutAnswer : plainAnswer);
      const response = await fetch(gateway.url + pathOf(path, model, stream), {
        method: 'POST',
        headers: { authorization: `Bearer ${gateway.key}`, 'content-type': 'application/json' },
        body: JSON.stringify({ ...(!path.includes('{model}') && { model, ...(stream && { stream }) }), ...body }),
      });
      const text = await response.text();
      const isJson = response.headers.get('content-type')?.includes('json') === true;
      const received = upstream.received[before];
      return {
        feature: name,
        status: response.status,
        dropped: response.headers.get('x-sluice-dropped') ?? undefined,
        error: (isJson && LooseJson.parse(text).at('error', 'message').text) || undefined,
        path: received?.path,
        body: received === undefined ? undefined : JSON.parse(received.body),
        ...(expected !== undefined && { shows: expected.shows.test(text) }),
      };
    },
    call: async ({ path, model, body: { file, ...fields } }) => {
      const before = upstream.received.length;
      upstream.behave(plainAnswer);
      const form = new FormData();
      for (const [name, value] of Object.entries({ model, ...fields })) form.set(name, String(value));
      if (file !== undefined) form.set('file', new File([String(file)], 'sound.wav', { type: 'audio/wav' }));
      const authorization = `Bearer ${gateway.key}`;
      await fetch(gateway.url + path, {
        method: 'POST',
        ...(file === undefined
          ? { headers: { authorization, 'content-type': 'application/json' }, body: JSON.stringify({ model, ...fields }) }
          : { headers: { authorization }, body: form }),
      });
      return await Promise.all(upstream.received.slice(before).map(async (sent) => ({ path: sent.path, body: await bodyOf(sent) })));
    },
    close: async () => {
      await gateway.close();
      await upstream.close();
    },
  };
}

/** Gemini names the model in the path, and streams at a path of its own. */
function pathOf(path: string, model: string, stream: boolean): string {
  const named = path.replace('{model}', model);
  return stream ? named.replace(/:generateContent$/, ':streamGenerateContent?alt=sse') : named;
}

/** A body as an object: of a form, its fields, with numbers as what they say and a file as its content. */
async function bodyOf({ body, headers }: ReceivedRequest): Promise<unknown> {
  const type = headers['content-type'] ?? '';
  if (!type.startsWith('multipart/')) return JSON.parse(body);
  const fields: Record<string, unknown> = {};
  for (const [name, value] of await new Response(body, { headers: { 'content-type': type } }).formData()) {
    if (typeof value !== 'string') fields[name] = await value.text();
    else fields[name] = value !== '' && Number.isFinite(Number(value)) ? Number(value) : value;
  }
  return fields;
}
