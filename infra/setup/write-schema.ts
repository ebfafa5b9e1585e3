import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { configSchemaText, withFieldTable } from './config-schema.ts';

/** Writes `gateway.schema.json` and the reference in `docs/configuration.md` anew: run after a change of the configuration's shape. */
const root = new URL('../../', import.meta.url);
const reference = fileURLToPath(new URL('docs/configuration.md', root));

writeFileSync(fileURLToPath(new URL('gateway.schema.json', root)), configSchemaText());
writeFileSync(reference, withFieldTable(readFileSync(reference, 'utf8')));
