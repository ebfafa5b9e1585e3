import { parquetWriteBuffer } from 'hyparquet-writer';
import type { MonthColumn } from '../telemetry/usage-month.ts';

/** A table as Parquet: texts that may be null, counts as 64-bit integers, US dollars as doubles. */
export function parquet(columns: readonly MonthColumn[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(
    parquetWriteBuffer({
      createdBy: 'sluice',
      columnData: columns.map((column) => {
        if (column.kind === 'text') return { name: column.name, data: [...column.values], type: 'STRING' as const, nullable: true };
        if (column.kind === 'decimal') return { name: column.name, data: [...column.values], type: 'DOUBLE' as const, nullable: false };
        return { name: column.name, data: column.values.map(BigInt), type: 'INT64' as const, nullable: false };
      }),
    }),
  );
}
