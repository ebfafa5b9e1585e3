import { isJsonObject, type JsonObject, type JsonValue } from '../calls/json.ts';

/** What stands where a URL or base64 would stand, before the id of an upload. */
export const referencePrefix = 'sluice-upload:';

/** An upload as a body carries it. */
export interface InlineMedia {
  readonly mediaType: string;
  readonly base64: string;
}

type FindMedia = (id: string) => InlineMedia;

/**
 * A body with every reference to an upload replaced by what was uploaded, in the form that the place wants: a data URL, a
 * block of base64, or base64 alone. Places are those where the APIs take an image, a file or sound; the same words in a text
 * are only words.
 */
export function withUploads(body: JsonObject, find: FindMedia): JsonObject {
  const walked = Object.entries(body).map(([name, value]) => [name, walk(value, find)] as const);
  return resolved(Object.fromEntries(walked), find);
}

function walk(value: JsonValue, find: FindMedia): JsonValue {
  if (Array.isArray(value)) return value.map((item) => walk(item, find));
  return isJsonObject(value) ? withUploads(value, find) : value;
}

/** The ids of the uploads that a body refers to, once for each place. */
export function uploadsNamedIn(body: JsonObject): string[] {
  const ids: string[] = [];
  withUploads(body, (id) => {
    ids.push(id);
    return { mediaType: '', base64: '' };
  });
  return ids;
}

function resolved(holder: JsonObject, find: FindMedia): JsonObject {
  for (const [name, inline] of Object.entries(places)) {
    const id = Object.hasOwn(holder, name) ? referenceIn(holder[name]) : undefined;
    if (id !== undefined) return inline(holder, find(id), name);
  }
  return holder;
}

function referenceIn(value: JsonValue | undefined): string | undefined {
  // Gemini's `fileData` holds its URI one level below.
  const text = isJsonObject(value) ? (value.fileUri ?? value.file_uri) : value;
  return typeof text === 'string' && text.startsWith(referencePrefix) ? text.slice(referencePrefix.length) : undefined;
}

const dataUrl = ({ mediaType, base64 }: InlineMedia): string => `data:${mediaType};base64,${base64}`;

const asDataUrl = (holder: JsonObject, media: InlineMedia, name: string): JsonObject => ({ ...holder, [name]: dataUrl(media) });

/** Gemini's other form of a part (https://ai.google.dev/api/caching#Part). */
function asInlineData({ fileData: _fileData, file_data: _file_data, ...rest }: JsonObject, { mediaType, base64 }: InlineMedia): JsonObject {
  return { ...rest, inlineData: { mimeType: mediaType, data: base64 } };
}

/** Where the APIs take an image, a file or sound, by the name of the field. */
const places: Readonly<Record<string, (holder: JsonObject, media: InlineMedia, name: string) => JsonObject>> = {
  // OpenAI's `image_url: { url }`, and Anthropic's `source: { type: "url", url }`.
  url: (holder, media) =>
    holder.type === 'url' ? { type: 'base64', media_type: media.mediaType, data: media.base64 } : { ...holder, url: dataUrl(media) },
  image_url: asDataUrl,
  // OpenAI's is a text, Gemini's in snake case an object.
  file_data: (holder, media, name) => (isJsonObject(holder.file_data) ? asInlineData(holder, media) : asDataUrl(holder, media, name)),
  // OpenAI's Responses fetch a `file_url` themselves; inline it has another name, and needs one of its own.
  file_url: ({ file_url: _fileUrl, ...rest }, media) => ({
    filename: `upload.${media.mediaType.split('/')[1] ?? 'bin'}`,
    ...rest,
    file_data: dataUrl(media),
  }),
  fileData: asInlineData,
  // OpenAI's `input_audio: { data, format }`.
  data: (holder, media) => ({ ...holder, data: media.base64 }),
};
