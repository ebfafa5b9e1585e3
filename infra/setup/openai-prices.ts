import type { PriceTableRow } from '../../shared/pricing/price-table.ts';

/** Models of OpenAI that the library does not know yet, from their pages as of November 2026: USD per million tokens. */
export const openAiPrices: readonly PriceTableRow[] = [
  // https://developers.openai.com/api/docs/models/gpt-6.1-sol, …/gpt-6.1-terra, …/gpt-6.2-sol and …/gpt-6.2-astra: cached input
  // at a twentieth, a cache write at 1.25 times the input.
  gpt6('gpt-6.1-sol', 2),
  gpt6('gpt-6.1-terra', 1),
  gpt6('gpt-6.2-sol', 2),
  gpt6('gpt-6.2-astra', 8),
  // https://developers.openai.com/api/docs/models/tts-1, …/tts-1-hd, …/gpt-4o-mini-tts and …/gpt-4o-mini-transcribe: of the last
  // two the library knows the names without a date only.
  { id: 'tts-1', names: ['tts-1', 'tts-1-1106'], per_million_characters: 15 },
  { id: 'tts-1-hd', names: ['tts-1-hd', 'tts-1-hd-1106'], per_million_characters: 30 },
  { id: 'gpt-4o-mini-tts-20', match: [dated('gpt-4o-mini-tts')], input: 0.6, output: 12 },
  { id: 'gpt-4o-mini-transcribe-20', match: [dated('gpt-4o-mini-transcribe')], input: 1.25, input_audio: 3, output: 5 },
  // https://developers.openai.com/api/docs/models/gpt-image-2.6-sunburst and its kin, which cost the same. Text goes in for
  // 5.00 and from the cache for 1.25, but a usage does not tell it from images, so the dearer of the two is charged.
  ...['gpt-image-2.5-sunburst', 'gpt-image-2.5-flare', 'gpt-image-2.6-sunburst', 'gpt-image-2.6-flare'].map((id) => ({
    id,
    names: [id],
    match: [dated(id)],
    input: 8,
    cached_input: 2,
    output: 30,
  })),
];

/** The snapshots of a model. */
function dated(id: string): string {
  return `/^${id.replaceAll('.', '\\.')}-\\d{4}-\\d{2}-\\d{2}$/`;
}

/**
 * Output costs five times the input. Past 272,000 tokens of input all of it is charged double, and output one and a half
 * times: https://developers.openai.com/api/docs/pricing
 */
function gpt6(id: string, input: number): PriceTableRow {
  const perToken = { input, cached_input: input / 20, cache_write: input * 1.25, cache_write_1h: input * 2.5 };
  const doubled = Object.fromEntries(Object.entries(perToken).map(([field, amount]) => [field, amount * 2]));
  return {
    id,
    names: [id],
    match: [dated(id)],
    context_length: 1_050_000,
    ...perToken,
    output: input * 5,
    per_search: 0.01,
    context: [{ above: 272_000, ...doubled, output: input * 7.5 }],
  };
}
