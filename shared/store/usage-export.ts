import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { csv } from '../telemetry/csv.ts';
import { lastMonth, type MonthColumn, monthTable } from '../telemetry/usage-month.ts';
import type { UsageFact } from '../telemetry/usage-report.ts';
import type { DynamoDb } from './dynamo-client.ts';
import type { UsageQuery } from './usage-read.ts';

/** Where exports go: S3, or a folder. */
export interface ExportPlace {
  put(key: string, body: string | Uint8Array<ArrayBuffer>, contentType: string): Promise<void>;
}

/** What exporting works with. */
export interface UsageExportOptions {
  readonly db: DynamoDb;
  /** Of the records, which is where it is remembered what has been exported. */
  readonly table: string;
  readonly usage: { read(query: UsageQuery): Promise<readonly UsageFact[]> };
  readonly place: ExportPlace;
  readonly format: 'csv' | 'parquet';
}

/**
 * Writes down the usage of each month once it is over, as one file. What was written is noted afterwards, so that a run cut
 * short writes the same file again, and two at once write it alike. A month without calls leaves no file.
 */
export class UsageExport {
  readonly #options: UsageExportOptions;
  #noted = '';

  constructor(options: UsageExportOptions) {
    this.#options = options;
  }

  /** Exports the last month, unless that is done. Says under which key; undefined where there was nothing to do. @throws whatever the stores throw. */
  async run(nowMs: number): Promise<string | undefined> {
    const { db, table, usage, place, format } = this.#options;
    const month = lastMonth(nowMs);
    if (this.#noted === month.name) return undefined;
    const note = { pk: 'export', sk: `usage#${month.name}` };
    if ((await db.get({ table, key: note, consistent: true })) !== undefined) {
      this.#noted = month.name;
      return undefined;
    }
    const facts = await usage.read({ kind: 'whole', span: 'day', fromMs: month.fromMs, toMs: month.toMs });
    const key = `usage/month=${month.name}/usage.${format}`;
    if (facts.length > 0) await this.#put(place, key, monthTable(facts));
    await db.put({ table, item: { ...note, at: nowMs, ...(facts.length > 0 && { key }) } });
    this.#noted = month.name;
    return facts.length > 0 ? key : undefined;
  }

  async #put(place: ExportPlace, key: string, columns: readonly MonthColumn[]): Promise<void> {
    if (this.#options.format === 'parquet') {
      const { parquet } = await import('./usage-parquet.ts');
      return await place.put(key, parquet(columns), 'application/vnd.apache.parquet');
    }
    const lines = (columns[0]?.values ?? []).map((_, row) => columns.map(({ values }) => values[row] ?? null));
    return await place.put(key, csv([columns.map(({ name }) => name), ...lines]), 'text/csv; charset=utf-8');
  }
}

/** Exports as files, each whole or not there. */
export class ExportFolder implements ExportPlace {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async put(key: string, body: string | Uint8Array<ArrayBuffer>): Promise<void> {
    const path = join(this.#folder, key);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(`${path}.part`, body);
    await rename(`${path}.part`, path);
  }
}
