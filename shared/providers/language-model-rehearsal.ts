import type { LanguageModelV4CallOptions } from '@ai-sdk/provider';
import { GatewayError } from '../errors/gateway-error.ts';
import type { DroppedFields } from './dropped-fields.ts';
import { loadLanguageModel } from './language-model.ts';
import { bodyCorrector, droppedByPackage } from './language-model-options.ts';
import type { Attempt } from './transport.ts';

/**
 * Refuses a strict call that would lose something, before it costs anything: the package prepares it, gets an empty
 * answer instead of the provider's, and tells what it left out.
 * @param dropped fields that are known to be lost already; further ones are added.
 * @throws GatewayError `unsupported_parameter` naming every field.
 */
export async function refuseDropped(options: LanguageModelV4CallOptions, attempt: Attempt, dropped: DroppedFields): Promise<void> {
  dropped.add(await rehearse(options, attempt));
  const fields = dropped.all;
  const [first] = fields;
  if (first === undefined) return;
  throw new GatewayError(
    'unsupported_parameter',
    `${attempt.provider.id}/${attempt.model} cannot honour: ${fields.join(', ')}. Leave them out, or send the request without x-sluice-strict to have them dropped.`,
    { param: first },
  );
}

async function rehearse(options: LanguageModelV4CallOptions, attempt: Attempt): Promise<string[]> {
  if (attempt.provider.row.aiSdkPackage === undefined) return [];
  const corrected: string[] = [];
  const correct = bodyCorrector(options, attempt, (field) => corrected.push(field));
  const fetch: typeof globalThis.fetch = async (_url, init) => {
    if (typeof init?.body === 'string') correct(init.body);
    return new Response('', { status: 200, headers: { 'content-type': 'text/event-stream' } });
  };
  try {
    const model = await loadLanguageModel(attempt, { fetch });
    const { stream } = await model.doStream(options);
    const reader = stream.getReader();
    const { value } = await reader.read();
    await reader.cancel();
    return [...corrected, ...(value?.type === 'stream-start' ? droppedByPackage(value.warnings, options, attempt) : [])];
  } catch {
    // What cannot even be prepared is told by the call itself.
    return corrected;
  }
}
