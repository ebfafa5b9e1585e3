import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';

const credentialsSchema = z.object({
  adminKey: z.string().min(16),
  /** The virtual key made at first start. */
  firstKey: z.object({ id: z.string(), key: z.string() }).optional(),
});

/** The secrets a laptop keeps between starts. */
export type Credentials = z.infer<typeof credentialsSchema>;

const fileName = 'credentials.json';

/**
 * Reads `<dataFolder>/credentials.json`. Where there is none, or no folder, a new admin key is made but
 * not saved.
 * @throws Error when the file is there but unreadable or malformed: it is never overwritten then.
 */
export async function loadCredentials(dataFolder: string | undefined): Promise<Credentials> {
  const text = dataFolder === undefined ? undefined : await readIfThere(join(dataFolder, fileName));
  if (text === undefined) return { adminKey: `sluice-admin-${randomBytes(24).toString('base64url')}` };
  try {
    return credentialsSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new Error(`${join(dataFolder ?? '', fileName)} is malformed; mend it, or remove it to have new keys made.`, { cause });
  }
}

/** Writes the file so that only its owner can read it; a crash leaves the old one or the new one. */
export async function saveCredentials(dataFolder: string | undefined, credentials: Credentials): Promise<void> {
  if (dataFolder === undefined) return;
  await mkdir(dataFolder, { recursive: true, mode: 0o700 });
  const path = join(dataFolder, fileName);
  await writeFile(`${path}.new`, `${JSON.stringify(credentials, null, 2)}\n`, { mode: 0o600 });
  await rename(`${path}.new`, path);
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return undefined;
    throw thrown;
  }
}
