import { parseArgs } from 'node:util';
import { runChecks } from './checks.ts';

const usage = `Usage: npm run smoke -- <url> [--admin-key KEY] [--silence-seconds 35]

Proves a deployed gateway end to end: keys, streaming chunk by chunk, errors, limits and budgets.
Makes a key for itself and revokes it. Spends nothing: it calls only the built-in echo provider.

The admin key is taken from --admin-key or SLUICE_ADMIN_KEY. The stack's output AdminKeySecret says how to read it.
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { 'admin-key': { type: 'string' }, 'silence-seconds': { type: 'string', default: '35' }, help: { type: 'boolean' } },
});
const url = positionals[0]?.replace(/\/+$/, '').replace(/\/v1$/, '');
const adminKey = values['admin-key'] ?? process.env.SLUICE_ADMIN_KEY;

if (values.help === true) process.stdout.write(usage);
else if (url === undefined || adminKey === undefined || adminKey === '') {
  process.stderr.write(url === undefined ? usage : 'smoke: no admin key. Set SLUICE_ADMIN_KEY or pass --admin-key; --help tells more.\n');
  process.exitCode = 2;
} else {
  const { passed, failed } = await runChecks({ url, adminKey, silenceSeconds: Number(values['silence-seconds']) }, (line) =>
    process.stdout.write(`${line}\n`),
  );
  process.stdout.write(`\n${passed} passed, ${failed} failed\n`);
  process.exitCode = failed === 0 ? 0 : 1;
}
