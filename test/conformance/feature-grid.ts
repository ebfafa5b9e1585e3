import { startGateway } from '../support/gateway.ts';
import { startUpstream } from '../support/upstream.ts';
import { chatFeatures, type Feature } from './chat-features.ts';
import { LooseJson } from './loose-json.ts';
import { messagesFeatures } from './messages-features.ts';
import { plainAnswer } from './plain-answers.ts';
import { responsesFeatures } from './responses-features.ts';

/** Dialects with what their requests can ask for. A further one is a further row. */
export interface Grid {
  readonly name: string;
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

/** The whole grid: every dialect by every format. */
export const dialects: readonly Grid[] = [
  { name: 'Chat Completions', path: '/v1/chat/completions', features: chatFeatures, columns },
  { name: 'Messages', path: '/v1/messages', features: messagesFeatures, columns: translatedColumns },
  { name: 'Responses', path: '/v1/responses', features: responsesFeatures, columns: translatedColumns },
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
}

/** A gateway before providers that take whatever they are sent. */
export interface FeatureGateway {
  /** Asks for one feature in the dialect of the path, and tells what came of it. */
  ask(path: string, model: string, feature: Feature): Promise<Outcome>;
  close(): Promise<void>;
}

/** Starts the gateway with one provider of each format, all on one upstream. */
export async function startFeatureGateway(): Promise<FeatureGateway> {
  const upstream = await startUpstream(plainAnswer);
  const provider = { base_url: new URL(upstream.url).origin, api_key: 'env:KEY', allow_private_address: true };
  const compatible = { ...provider, type: 'openai-compatible', base_url: upstream.url };
  const config = {
    providers: { compatible, anthropic: provider, google: provider, bedrock: provider, openai: provider },
    defaults: { retries: 0 },
  };
  const gateway = await startGateway({ config, environment: { KEY: 'k' } });
  return {
    ask: async (path, model, { name, body }) => {
      const before = upstream.received.length;
      const response = await fetch(gateway.url + path, {
        method: 'POST',
        headers: { authorization: `Bearer ${gateway.key}`, 'content-type': 'application/json' },
        body: JSON.stringify({ model, ...body }),
      });
      const answer = LooseJson.parse(await response.text());
      const received = upstream.received[before];
      return {
        feature: name,
        status: response.status,
        dropped: response.headers.get('x-sluice-dropped') ?? undefined,
        error: answer.at('error', 'message').text || undefined,
        path: received?.path,
        body: received === undefined ? undefined : JSON.parse(received.body),
      };
    },
    close: async () => {
      await gateway.close();
      await upstream.close();
    },
  };
}
