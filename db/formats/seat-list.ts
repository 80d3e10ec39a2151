/** Lists by seat and name that come back filled in: attendance, results. Columns are known by their headings; errors name their cells (`C5`). */
import { InputError, inputError, type Issue } from '../../workflows/domain/errors.ts';
import { type Cell, type SheetRow, tidyText } from '../../workflows/domain/formats/sheet.ts';
import { readCsv } from './csv.ts';
import { isCompoundFile, isZip, readXlsx, sheetLimits } from './xlsx-reader.ts';
import { columnName } from './xlsx-writer.ts';

/** A class of 500 with one column for each of up to 400 sessions. */
const limits = { ...sheetLimits, maxRows: 1_001, maxColumns: 410 };
/** The header row may stand below a title. */
const HEADER_WITHIN = 10;

export type Seated = { id: string; seat: number; name: string };
/** One trainee's row: `cell` gives the tidy text below a heading, `at` the name of that cell. */
export type SeatRow<T> = { trainee: T; cell: (heading: string) => string; at: (heading: string) => string };

export const seatHeading = '序号';
export const nameHeading = '姓名';

export async function readSeatList<T extends Seated>(
  file: { name: string; content: Buffer },
  trainees: readonly T[],
  headings: { known: (text: string) => string | undefined; required: readonly string[] },
): Promise<{ rows: SeatRow<T>[]; headings: string[] }> {
  const rows = await readRows(file);
  const header = findHeader(rows, headings.known);
  const missing = [seatHeading, ...headings.required].filter((heading) => !header?.columns.has(heading));
  if (!header || missing.length > 0) throw inputError('file', 'sheet.columnMissing', { columns: missing.join('、') });
  const bySeat = new Map(trainees.map((trainee) => [trainee.seat, trainee]));
  const issues: Issue[] = [];
  const found: SeatRow<T>[] = [];
  const seen = new Set<number>();
  for (const row of rows.slice(header.index + 1)) {
    const at = (heading: string): string => `${columnName(header.columns.get(heading) ?? 0)}${row.number}`;
    const cellAt = (heading: string): Cell | undefined => row.cells[header.columns.get(heading) ?? -1];
    const filled = [...header.columns.keys()].filter((heading) => tidyText(cellAt(heading)?.text ?? '') !== '');
    if (filled.length === 0) continue;
    for (const heading of filled) if (cellAt(heading)?.formula) issues.push({ field: at(heading), code: 'sheet.formula' });
    const cell = (heading: string): string => tidyText(cellAt(heading)?.text ?? '');
    const seat = Number(cell(seatHeading));
    const trainee = bySeat.get(seat);
    if (!trainee) issues.push({ field: at(seatHeading), code: 'sheet.seat' });
    else if (seen.has(seat)) issues.push({ field: at(seatHeading), code: 'sheet.seatTwice' });
    else if (header.columns.has(nameHeading) && plainName(cell(nameHeading)) !== plainName(trainee.name))
      issues.push({ field: at(nameHeading), code: 'sheet.name', params: { seat } });
    else found.push({ trainee, cell, at });
    seen.add(seat);
  }
  if (issues.length > 0) throw new InputError(issues);
  if (found.length === 0) throw inputError('file', 'file.empty');
  return { rows: found, headings: [...header.columns.keys()] };
}

async function readRows({ name, content }: { name: string; content: Buffer }): Promise<SheetRow[]> {
  if (isZip(content) || isCompoundFile(content)) return readXlsx(content, limits);
  if (content.length === 0) throw inputError('file', 'file.empty');
  if (/\.(csv|txt)$/i.test(name)) return readCsv(content, limits);
  throw inputError('file', 'file.notSpreadsheet');
}

function findHeader(
  rows: readonly SheetRow[],
  known: (text: string) => string | undefined,
): { index: number; columns: Map<string, number> } | undefined {
  for (const [index, row] of rows.slice(0, HEADER_WITHIN).entries()) {
    const columns = new Map<string, number>();
    for (const [column, cell] of row.cells.entries()) {
      const text = tidyText(cell?.text ?? '');
      const heading = text === seatHeading || text === nameHeading ? text : known(text);
      if (heading && !columns.has(heading)) columns.set(heading, column);
    }
    if (columns.has(seatHeading)) return { index, columns };
  }
  return undefined;
}

function plainName(name: string): string {
  return name.replace(/\s/g, '');
}
