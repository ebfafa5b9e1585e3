import * as z from 'zod';

/** The version that stands for the file that came with the deployment. */
export const fileVersion = 0;

/** Larger configurations do not fit an item of the store, which ends at 400 KB. */
export const mostConfigBytes = 160 * 1024;

/** A configuration that was put in place, as it is stored. Never changed, only followed by others. */
export const configVersionSchema = z.object({
  version: z.int().min(1),
  createdAtMs: z.int().nonnegative(),
  actor: z.string(),
  note: z.string().optional(),
  /** `file`: whatever file comes with the deployment, as before the first version. */
  source: z.enum(['file', 'api']),
  /** The version whose content was taken up again. */
  restored: z.int().optional(),
  /** The configuration as it was given, without defaults; absent for `file`. */
  settings: z.json().optional(),
  /** The text it was given in, where that was YAML: with its comments. */
  yaml: z.string().optional(),
});

/** See {@link configVersionSchema}. */
export type ConfigVersion = z.infer<typeof configVersionSchema>;

/** Which version holds; `revision` counts changes of that. */
export const currentVersionSchema = z.object({ version: z.int().min(0), revision: z.int().min(1) });

/** See {@link currentVersionSchema}. */
export type CurrentVersion = z.infer<typeof currentVersionSchema>;

/** What a function needs to follow the configuration. Throws `store_unavailable`. */
export interface ConfigVersionReader {
  /** Undefined while no version was ever put in place. */
  current(): Promise<CurrentVersion | undefined>;
  find(version: number): Promise<ConfigVersion | undefined>;
}

/** Keeps the versions. Throws `store_unavailable`. */
export interface ConfigVersionStore extends ConfigVersionReader {
  /** Writes a version; false where one of that number is there. */
  add(version: ConfigVersion): Promise<boolean>;
  /** Makes a version the one that holds; false where another change came first. */
  setCurrent(current: CurrentVersion): Promise<boolean>;
  /** Newest first, below `before`. */
  list(request: { readonly limit: number; readonly before?: number | undefined }): Promise<readonly ConfigVersion[]>;
}
