/** Serial numbers of papers and records, without gaps within a scope while transactions commit. */
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

/** `<region>-<year>-<five digits>`, as papers of the office are numbered. */
export async function nextNumber(trx: Trx, kind: string, region: string, year: string): Promise<string> {
  const scope = `${region}-${year}`;
  return `${scope}-${String(await nextSerial(trx, kind, scope)).padStart(5, '0')}`;
}
