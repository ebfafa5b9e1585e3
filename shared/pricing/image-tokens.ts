import type { ImageFacts } from '../calls/call.ts';
import { matchesPattern } from './model-pattern.ts';

/** Whose rules count a call's input. `unknown` takes the dearest of all that are known. */
export type TokenFamily = 'openai' | 'anthropic' | 'google' | 'unknown';

/** What stands around an image in the prompt: its markers, and labels such as `Image 1:`. */
const AROUND_AN_IMAGE = 16;

/** The most tokens an image can count for, from its size where it is known, else at the documented maximum. */
export function imageTokenBound(image: ImageFacts, family: TokenFamily, model: string | undefined): number {
  return AROUND_AN_IMAGE + countersOf(family, model).reduce((most, counter) => Math.max(most, counter(image)), 0);
}

type Counter = (image: ImageFacts) => number;

function countersOf(family: TokenFamily, model: string | undefined): readonly Counter[] {
  switch (family) {
    case 'openai':
      return openAiCounters(model);
    case 'anthropic':
      return [anthropicTokens];
    case 'google':
      return [googleTokens];
    case 'unknown':
      return [...openAiCounters(model ?? 'an open model'), anthropicTokens, googleTokens, openModelTokens];
  }
}

/** Squares of `side` pixels that cover an image; `most` when its size is unknown. */
function squares(image: ImageFacts, side: number, most: number): number {
  if (image.width === undefined || image.height === undefined) return most;
  return Math.min(most, Math.ceil(image.width / side) * Math.ceil(image.height / side));
}

/**
 * OpenAI, https://platform.openai.com/docs/guides/images-vision#calculating-costs: tiles of 512
 * pixels after scaling to 2,048 and to a short side of 768, or patches of 32 pixels up to a budget,
 * times a factor of the model. `detail: low` is not taken for less: some models ignore it.
 */
const openAiModels: readonly { readonly models: string; readonly counter: Counter }[] = [
  { models: '*gpt-4o-mini*', counter: (image) => 2833 + 5667 * tiles(image) },
  { models: '*gpt-image*', counter: (image) => 85 + 170 * tiles(image) + 6240 },
  { models: '*gpt-4o*', counter: (image) => 85 + 170 * tiles(image) },
  { models: '*gpt-4.1-mini*', counter: (image) => patches(image, 1536) },
  { models: '*gpt-4.1-nano*', counter: (image) => patches(image, 1536) },
  { models: '*gpt-4*', counter: (image) => 85 + 170 * tiles(image) },
  { models: '*o4-mini*', counter: (image) => patches(image, 1536) },
  { models: '*gpt-5-mini*', counter: (image) => patches(image, 1536) },
  { models: '*gpt-5-nano*', counter: (image) => patches(image, 1536) },
  { models: '*gpt-5.*', counter: (image) => Math.max(85 + 170 * tiles(image), patches(image, 10_000)) },
  { models: '*gpt-5*', counter: (image) => 85 + 170 * tiles(image) },
  { models: '*gpt-6*', counter: unscaledPatches },
];

/** More patches than an image can have: past some 60 megapixels it is refused. */
const MOST_PATCHES = 65_536;

/**
 * gpt-6 does not scale an image down: it counts 1.2 tokens for every patch of it, as measured at 12 megapixels
 * (https://huggingface.co/datasets/JOHNISKING/image-token-cost) and up to 54 (https://docs.apiyi.com/en/faq/vision-image-too-large).
 */
function unscaledPatches(image: ImageFacts): number {
  return Math.ceil(squares(image, 32, MOST_PATCHES) * 1.25);
}

function openAiCounters(model: string | undefined): readonly Counter[] {
  if (model === undefined) return openAiModels.map(({ counter }) => counter);
  const known = openAiModels.find(({ models }) => matchesPattern(models, model));
  return [known?.counter ?? ((image) => Math.max(85 + 170 * tiles(image), patches(image, 10_000)))];
}

/** After scaling, an image is at most 4 by 2 tiles; a small one is taken as scaled up. */
function tiles(image: ImageFacts): number {
  const { width, height } = image;
  if (width === undefined || height === undefined) return 8;
  const scale = Math.min(768 / Math.min(width, height), 2048 / Math.max(width, height));
  return Math.ceil((width * scale) / 512 - 1e-9) * Math.ceil((height * scale) / 512 - 1e-9);
}

/** 2.46 is the largest factor in the table of models. */
function patches(image: ImageFacts, budget: number): number {
  return Math.ceil(squares(image, 32, budget) * 2.46);
}

/**
 * Anthropic, https://platform.claude.com/docs/en/build-with-claude/vision: patches of 28 pixels, or
 * width × height / 750 in older words, for an image scaled down to at most 3.75 megapixels.
 */
function anthropicTokens(image: ImageFacts): number {
  const most = 5000;
  if (image.width === undefined || image.height === undefined) return most;
  return Math.min(most, Math.max(squares(image, 28, most), Math.ceil((image.width * image.height) / 750)));
}

/**
 * Gemini: 258 tokens for each tile, whose side is the short side / 1.5 within 256 to 768, for an
 * image scaled down to 3,072 (https://ai.google.dev/gemini-api/docs/image-understanding#token-calculation);
 * since Gemini 3 up to 2,240 by `media_resolution` (https://ai.google.dev/gemini-api/docs/media-resolution).
 */
function googleTokens(image: ImageFacts): number {
  const mostByResolution = 2240;
  const mostTiles = 24;
  if (image.width === undefined || image.height === undefined) return Math.max(mostByResolution, mostTiles * 258);
  const scale = Math.min(1, 3072 / Math.max(image.width, image.height));
  const scaled = { width: image.width * scale, height: image.height * scale };
  const side = Math.max(256, Math.min(768, Math.floor(Math.min(scaled.width, scaled.height) / 1.5)));
  return Math.max(mostByResolution, squares(scaled, side, mostTiles) * 258);
}

/**
 * Open models: 16,384 is the documented maximum of Qwen-VL (https://huggingface.co/Qwen/Qwen2.5-VL-7B-Instruct)
 * and above those of Llama, Pixtral and InternVL; 14 pixels is the finest patch among them. Some
 * tile by shape and scale small images up: Llama to 1,601, LLaVA to 2,880, InternVL to 3,328 tokens.
 */
function openModelTokens(image: ImageFacts): number {
  return Math.max(4096, squares(image, 14, 16_384));
}
