import * as z from 'zod';
import type { JsonValue } from '../../shared/calls/json.ts';
import { type ConfigVersion, fileVersion } from '../../shared/config/config-versions.ts';
import { type ConfigDocument, checkConfig, parseConfigDocument } from '../../shared/config/load-config.ts';
import { GatewayError } from '../../shared/errors/gateway-error.ts';
import type { ConfigParts } from './config-parts.ts';
import type { AdminRequest } from './operation.ts';
import { parseInput } from './parse-input.ts';

const wrapped = z.union([z.strictObject({ yaml: z.string() }), z.strictObject({ config: z.json() })]);

/**
 * The configuration in a request: YAML, or JSON, bare or as `{"yaml": "…"}` or `{"config": {…}}`.
 * @throws GatewayError `invalid_request` with every mistake in it.
 */
export async function configInBody({ body }: AdminRequest): Promise<ConfigDocument> {
  if (body === undefined) throw new GatewayError('invalid_request', 'Send the configuration as the body, as YAML or JSON.');
  if (typeof body === 'string') return parseConfigDocument(body, 'gateway.yaml');
  const inside = wrapped.safeParse(body);
  if (inside.success && 'yaml' in inside.data) return parseConfigDocument(inside.data.yaml, 'gateway.yaml');
  const value: JsonValue = inside.success && 'config' in inside.data ? inside.data.config : parseInput(z.json(), body, 'body');
  return { config: checkConfig(value, () => 'config'), value, yaml: undefined };
}

/** A version and what it says. */
export interface VersionedDocument {
  readonly version: number;
  readonly stored: ConfigVersion | undefined;
  readonly document: Omit<ConfigDocument, 'config'>;
}

/**
 * What a version says; 0, and a version that went back to it, is the file that came with the deployment.
 * @throws GatewayError `not_found`.
 */
export async function documentOf(version: number, parts: Pick<ConfigParts, 'versions' | 'file'>): Promise<VersionedDocument> {
  const stored = version === fileVersion ? undefined : await parts.versions.find(version);
  if (version !== fileVersion && stored === undefined)
    throw new GatewayError('not_found', `There is no version ${version} of the configuration. GET /admin/config/versions lists them.`);
  if (stored?.settings === undefined) return { version, stored, document: await parts.file() };
  return { version, stored, document: { value: stored.settings, yaml: stored.yaml } };
}

/** The version that holds. */
export async function currentDocument(parts: Pick<ConfigParts, 'versions' | 'file'>): Promise<VersionedDocument> {
  return documentOf((await parts.versions.current())?.version ?? fileVersion, parts);
}

/** A version without its content, as the API shows it. */
export function renderVersion(version: number, stored: ConfigVersion | undefined) {
  return {
    version,
    source: stored === undefined || stored.source === 'file' ? 'file' : 'api',
    created_at: stored === undefined ? null : new Date(stored.createdAtMs).toISOString(),
    actor: stored?.actor ?? null,
    note: stored?.note ?? null,
    restored: stored?.restored ?? null,
  };
}

/** A version with its content. */
export function renderDocument({ version, stored, document }: VersionedDocument) {
  return { ...renderVersion(version, stored), config: document.value, yaml: document.yaml ?? null };
}

export const versionNumberSchema = z
  .string()
  .regex(/^\d{1,9}$/, 'must be the number of a version')
  .transform(Number);
