import { readFile } from 'node:fs/promises';
import type { Document } from 'yaml';
import type * as z from 'zod';
import { issueWords } from '../calls/issue-words.ts';
import type { JsonValue } from '../calls/json.ts';
import { GatewayError } from '../errors/gateway-error.ts';
import { namesPrivateHost } from '../providers/private-address.ts';
import { providerProblems } from './config-providers.ts';
import { type ConfigProblem, routeProblems } from './config-routes.ts';
import { type GatewayConfig, gatewayConfigSchema } from './gateway-config.ts';

/** Where a path of the configuration stands in the file, for error messages. */
type Locate = (path: readonly PropertyKey[]) => string;

/** A configuration as it was written, and what it says. */
export interface ConfigDocument {
  readonly config: GatewayConfig;
  /** The values as they stand there, without defaults. */
  readonly value: JsonValue;
  /** The text, where it is YAML. */
  readonly yaml: string | undefined;
}

/**
 * Reads and checks a configuration file, YAML or JSON by its ending.
 * @throws GatewayError `invalid_request` with every mistake on a line of its own: file, line, what is wrong, what to write.
 */
export async function loadConfigFile(path: string): Promise<GatewayConfig> {
  return (await loadConfigDocument(path)).config;
}

/** The same with what stands there, see {@link loadConfigFile}. */
export async function loadConfigDocument(path: string): Promise<ConfigDocument> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new GatewayError('invalid_request', `Cannot read the configuration ${path}. Create it, or set SLUICE_CONFIG to where it is.`, {
      cause,
    });
  });
  if (!path.endsWith('.json')) return await parseConfigDocument(text, path);
  const value = parseJson(text, path);
  return { config: checkConfig(value, () => path), value, yaml: undefined };
}

function parseJson(text: string, path: string): JsonValue {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new GatewayError('invalid_request', `${path}: ${error instanceof Error ? error.message : 'is no JSON'}`);
  }
}

/**
 * Parses YAML text.
 * @throws GatewayError `invalid_request`, see {@link loadConfigFile}.
 */
export async function parseConfigText(text: string, name: string): Promise<GatewayConfig> {
  return (await parseConfigDocument(text, name)).config;
}

/** The same with what stands there, see {@link loadConfigFile}. */
export async function parseConfigDocument(text: string, name: string): Promise<ConfigDocument> {
  // Only a laptop and the control plane read YAML; a deployed data plane gets JSON and never loads this.
  const { parseDocument, LineCounter, visit } = await import('yaml');
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const [broken] = document.errors;
  if (broken !== undefined) {
    const words = broken.code === 'BAD_ALIAS' ? "A * begins an alias of YAML. To mean a pattern, put it in quotes: '*'." : broken.message;
    throw new GatewayError('invalid_request', `${name}:${lines.linePos(broken.pos[0]).line}: ${words}`);
  }
  visit(document, {
    Alias: (_, alias) => {
      if (alias.resolve(document) !== undefined) return;
      const line = lines.linePos(alias.range?.[0] ?? 0).line;
      const words = `'*${alias.source}' is an alias of YAML for something named &${alias.source}, which is not there. To mean a pattern, put it in quotes: '*${alias.source}'.`;
      throw new GatewayError('invalid_request', `${name}:${line}: ${words}`);
    },
  });
  const locate: Locate = (path) => {
    for (let length = path.length; length > 0; length -= 1) {
      const node = document.getIn(path.slice(0, length), true);
      if (typeof node === 'object' && node !== null && 'range' in node && Array.isArray(node.range))
        return `${name}:${lines.linePos(node.range[0]).line}`;
    }
    return `${name}:1`;
  };
  const value = valuesOf(document, name);
  return { config: checkConfig(value, locate), value, yaml: text };
}

/** @throws GatewayError `invalid_request` where aliases of aliases make more of the file than anybody wrote. */
function valuesOf(document: Document, name: string): JsonValue {
  try {
    return document.toJS() ?? {};
  } catch (error) {
    throw new GatewayError('invalid_request', `${name}: ${error instanceof Error ? error.message : 'cannot be read'}`);
  }
}

/**
 * Checks a configuration: its shape, then what a shape cannot say (unknown providers, routes to nowhere).
 * @throws GatewayError `invalid_request`, see {@link loadConfigFile}.
 */
export function checkConfig(value: unknown, locate: Locate): GatewayConfig {
  const parsed = gatewayConfigSchema.safeParse(value);
  if (!parsed.success)
    throw configError(
      parsed.error.issues.flatMap((issue) => problemsOf(issue)),
      locate,
    );
  const problems = [...providerProblems(parsed.data), ...exportProblems(parsed.data), ...routeProblems(parsed.data)];
  if (problems.length > 0) throw configError(problems, locate);
  return parsed.data;
}

function configError(problems: readonly ConfigProblem[], locate: Locate): GatewayError {
  const lines = problems.map(
    ({ path, message }) => `${locate(path)}: ${path.length > 0 ? `${path.map(String).join('.')} ` : ''}${message}`,
  );
  return new GatewayError('invalid_request', lines.join('\n'), { details: { problems: lines } });
}

/** What an issue says, at the place it is about: of a value that may have several shapes, what is wrong with the nearest. */
function problemsOf(issue: z.core.$ZodIssue, outer: readonly PropertyKey[] = []): ConfigProblem[] {
  const path = [...outer, ...issue.path];
  const inner = issue.code === 'invalid_union' ? nearestBranch(issue.errors) : undefined;
  if (inner !== undefined && inner.length > 0) return inner.flatMap((each) => problemsOf(each, path));
  // Each where it stands: a line that is right says nothing to whoever looks for a slip in it.
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => ({ path: [...path, key], message: 'is an unknown field' }));
  const words = issueWords(issue);
  return [{ path, message: words.charAt(0).toLowerCase() + words.slice(1) }];
}

/** Of several shapes a value could have had, the one it comes nearest to: right in kind, with the fewest mistakes. */
function nearestBranch(branches: readonly (readonly z.core.$ZodIssue[])[]): readonly z.core.$ZodIssue[] | undefined {
  const ofItsKind = branches.filter((issues) => !issues.some(({ code, path }) => code === 'invalid_type' && path.length === 0));
  const mistakes = (issues: readonly z.core.$ZodIssue[]): number =>
    issues.reduce((sum, issue) => sum + (issue.code === 'unrecognized_keys' ? issue.keys.length : 1), 0);
  return [...(ofItsKind.length > 0 ? ofItsKind : branches)].sort((one, other) => mistakes(one) - mistakes(other))[0];
}

/** A collector is held to what providers are held to. */
function exportProblems({ otlp }: GatewayConfig): ConfigProblem[] {
  if (otlp?.endpoint === undefined || otlp.allow_private_address || !namesPrivateHost(new URL(otlp.endpoint))) return [];
  return [
    {
      path: ['otlp', 'endpoint'],
      message: 'leads to a private address, which is refused. If that is meant, add allow_private_address: true.',
    },
  ];
}
