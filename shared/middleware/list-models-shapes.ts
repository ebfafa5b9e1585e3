import { GatewayError } from '../errors/gateway-error.ts';
import type { ListedModel } from './list-models.ts';
import type { ListShape } from './list-shape.ts';

/** One page of the list, as the query asks for it. OpenAI's has no pages. */
export function renderModelList(shape: ListShape, models: readonly ListedModel[], query: Readonly<Record<string, string>>): object {
  switch (shape) {
    case 'openai':
      return { object: 'list', data: models };
    case 'anthropic':
      return anthropicPage(models, query);
    case 'gemini':
      return geminiPage(models, query);
  }
}

/** One model. */
export function renderModel(shape: ListShape, model: ListedModel): object {
  switch (shape) {
    case 'openai':
      return model;
    case 'anthropic':
      return anthropicModel(model);
    case 'gemini':
      return geminiModel(model);
  }
}

/** https://platform.claude.com/docs/en/api/models-list */
function anthropicPage(models: readonly ListedModel[], query: Readonly<Record<string, string>>): object {
  const limit = readCount(query, 'limit', 20);
  const ids = models.map(({ id }) => id);
  const after = query.after_id === undefined ? 0 : placeOf(ids, query.after_id, 'after_id') + 1;
  const before = query.before_id === undefined ? undefined : placeOf(ids, query.before_id, 'before_id');
  const page = before === undefined ? models.slice(after, after + limit) : models.slice(Math.max(0, before - limit), before);
  return {
    data: page.map(anthropicModel),
    has_more: before === undefined ? after + limit < models.length : before > limit,
    first_id: page[0]?.id ?? null,
    last_id: page.at(-1)?.id ?? null,
  };
}

function anthropicModel(model: ListedModel): object {
  return {
    type: 'model',
    id: model.id,
    display_name: model.id,
    created_at: new Date(model.created * 1000).toISOString(),
    deprecated_at: null,
    max_input_tokens: model.context_length,
    max_tokens: model.max_output_tokens,
    capabilities: null,
    pricing: model.pricing,
  };
}

/** https://ai.google.dev/api/models#method:-models.list */
function geminiPage(models: readonly ListedModel[], query: Readonly<Record<string, string>>): object {
  const size = readCount(query, 'pageSize', 50);
  const start =
    query.pageToken === undefined
      ? 0
      : placeOf(
          models.map(({ id }) => id),
          query.pageToken,
          'pageToken',
        ) + 1;
  const page = models.slice(start, start + size);
  const last = page.at(-1);
  return { models: page.map(geminiModel), ...(last !== undefined && start + size < models.length && { nextPageToken: last.id }) };
}

function geminiModel(model: ListedModel): object {
  return {
    name: `models/${model.id}`,
    baseModelId: model.id,
    version: '001',
    displayName: model.id,
    description: `Served by ${model.providers.join(', ')}.`,
    ...(model.context_length !== null && { inputTokenLimit: model.context_length }),
    ...(model.max_output_tokens !== null && { outputTokenLimit: model.max_output_tokens }),
    supportedGenerationMethods: model.max_output_tokens === null ? [] : ['generateContent', 'streamGenerateContent', 'countTokens'],
    ...(model.capabilities !== null && { thinking: model.capabilities.includes('reasoning') }),
  };
}

const largestPage = 1_000;

function readCount(query: Readonly<Record<string, string>>, name: string, otherwise: number): number {
  const text = query[name];
  if (text === undefined || text === '') return otherwise;
  const count = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (count >= 1) return Math.min(count, largestPage);
  throw new GatewayError('invalid_request', `'${name}' must be a whole number from 1 to ${largestPage}.`, { param: name });
}

function placeOf(ids: readonly string[], id: string, name: string): number {
  const place = ids.indexOf(id);
  if (place !== -1) return place;
  throw new GatewayError('invalid_request', `'${name}' names no model of this list.`, { param: name });
}
