/** Whose shape a list of models has. */
export type ListShape = 'openai' | 'anthropic' | 'gemini';

/**
 * The shape a client expects: Google's under its own path and for Google's own clients, which ask under `/v1` as well;
 * Anthropic's for those who name a version of its API (https://platform.claude.com/docs/en/api/versioning); OpenAI's for
 * everybody else.
 */
export function listShape(path: string, headers: Readonly<Record<string, string>>): ListShape {
  if (path.startsWith('/v1beta/') || headers['x-goog-api-client'] !== undefined) return 'gemini';
  return headers['anthropic-version'] === undefined ? 'openai' : 'anthropic';
}
