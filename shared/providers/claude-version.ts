/** The version of a Claude model, by its name on whatever platform; undefined where the name says none. */
export interface ClaudeVersion {
  readonly major: number;
  readonly minor: number;
}

/** See {@link ClaudeVersion}. */
export function claudeVersion(model: string): ClaudeVersion | undefined {
  const [, major, minor] = /claude-(?:[a-z]+-)?v?(\d{1,2})(?:[-.](\d{1,2}))?(?!\d)/.exec(model.toLowerCase()) ?? [];
  return major === undefined ? undefined : { major: Number(major), minor: Number(minor ?? 0) };
}

/** Whether a version came before another. */
export function isBefore({ major, minor }: ClaudeVersion, later: ClaudeVersion): boolean {
  return major < later.major || (major === later.major && minor < later.minor);
}
