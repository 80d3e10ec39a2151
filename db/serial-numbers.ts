/** Serial numbers of papers and records, without gaps within a scope while transactions commit. */
import { type NumberedRecord, recordNumber } from '../workflows/domain/formats/numbers.ts';
import type { Trx } from './client.ts';

/** The next number of `kind` within `scope`, e.g. ('class', '350104-2026') → 1, 2, 3 … */
export async function nextSerial(trx: Trx, kind: string, scope: string): Promise<number> {
  const { rows } = await trx.raw<{ rows: { last: number }[] }>(
    `insert into serial_numbers (kind, scope, last) values (?, ?, 1)
     on conflict (kind, scope) do update set last = serial_numbers.last + 1 returning last`,
    [kind, scope],
  );
  return rows[0]?.last ?? 1;
}

/** The next number of a record of a region in a year. */
export async function nextNumber(trx: Trx, record: NumberedRecord, region: string, year: string): Promise<string> {
  return recordNumber(record, region, year, await nextSerial(trx, record, `${region}-${year}`));
}
