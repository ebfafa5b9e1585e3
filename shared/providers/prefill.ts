import { claudeVersion, isBefore } from './claude-version.ts';

/**
 * Whether a model carries on with a last message of the assistant. Claude does up to 4.5; from 4.6 on such a request is refused
 * (https://platform.claude.com/docs/en/about-claude/models/migration-guide). A name that says no version is taken for a new one.
 */
export function takesPrefill(providerId: string, model: string): boolean {
  if (!['anthropic', 'bedrock', 'azure-claude'].includes(providerId)) return false;
  const version = claudeVersion(model);
  return version !== undefined && isBefore(version, { major: 4, minor: 6 });
}
