import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { configFields, configSchema, configSchemaText, withFieldTable } from '../../infra/setup/config-schema.ts';
import { gatewayConfigSchema } from '../../shared/config/gateway-config.ts';

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

describe('the JSON Schema of gateway.yaml', () => {
  it('is the one that is checked in (node infra/setup/write-schema.ts makes it anew)', () => {
    expect(read('gateway.schema.json')).toBe(configSchemaText());
  });

  it('says of every field what it means', () => {
    expect(configFields().filter(({ description }) => description === undefined)).toEqual([]);
  });

  it('knows every field the gateway reads at the top', () => {
    expect(Object.keys(Object(configSchema().properties))).toEqual(Object.keys(gatewayConfigSchema.shape));
  });
});

describe('the reference in docs/configuration.md', () => {
  it('is the one made from the schema', () => {
    const document = read('docs/configuration.md');
    expect(document).toBe(withFieldTable(document));
    expect(document).toContain('| `models.<name>.targets[].weight` |');
  });
});
