import { differences } from '../../../shared/config/config-diff.ts';
import { GatewayError } from '../../../shared/errors/gateway-error.ts';
import { configInBody, currentDocument } from '../config-documents.ts';
import type { ConfigParts } from '../config-parts.ts';
import { warningsOf } from '../config-warnings.ts';
import type { Operation } from '../operation.ts';

/** `POST /admin/config/validate`: what PUT would say of a configuration, and what it would change. Changes nothing. */
export function validateConfig(parts: Pick<ConfigParts, 'versions' | 'file' | 'makeLive' | 'deployed'>): Operation {
  return async (request) => {
    try {
      const document = await configInBody(request);
      const current = await currentDocument(parts);
      const warnings = warningsOf(parts.makeLive(document.config, current.version), parts.deployed);
      const changed = differences(current.document.value, document.value);
      return { status: 200, body: { valid: true, problems: [], warnings, version: current.version, changed } };
    } catch (error) {
      if (!(error instanceof GatewayError) || error.code !== 'invalid_request') throw error;
      const problems = error.details?.problems ?? [error.message];
      return { status: 200, body: { valid: false, problems, warnings: [], version: null, changed: [] } };
    }
  };
}
