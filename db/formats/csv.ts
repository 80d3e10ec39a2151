import { CsvError, parse } from 'csv-parse/sync';
import { stringify } from 'csv-stringify/sync';
import { inputError } from '../../workflows/domain/errors.ts';
import type { Cell, SheetRow } from '../../workflows/domain/formats/sheet.ts';
import { type SheetLimits, sheetLimits } from './xlsx-reader.ts';

/**
 * Reads a CSV file as Excel, WPS or a program here writes it: UTF-8 or GB 18030, separated by comma, tab or semicolon. Blank rows are left out.
 * `="3501…"` (the usual trick to keep digits) is text; any other cell that begins with `=` counts as a formula.
 * Throws InputError on field `file`: file.empty, file.tooLarge, file.notSpreadsheet, file.damaged, file.tooManyRows, file.tooManyColumns,
 * file.cellTooLong.
 */
export function readCsv(file: Buffer, limits: SheetLimits = sheetLimits): SheetRow[] {
  if (file.length > limits.maxBytes) throw inputError('file', 'file.tooLarge', { maxMegabytes: Math.floor(limits.maxBytes / 1_000_000) });
  const text = decodeText(file);
  const rows: SheetRow[] = [];
  for (const [index, record] of parseRecords(text, limits).entries()) {
    const row: SheetRow = { number: index + 1, cells: [] };
    for (const [column, value] of record.entries()) {
      if (value.trim() === '') continue;
      if (column >= limits.maxColumns) throw inputError('file', 'file.tooManyColumns', { row: row.number, max: limits.maxColumns });
      if (value.length > limits.maxCellChars) {
        throw inputError('file', 'file.cellTooLong', { row: row.number, column: column + 1, max: limits.maxCellChars });
      }
      while (row.cells.length < column) row.cells.push(undefined);
      row.cells[column] = csvCell(value);
    }
    if (row.cells.length > 0) rows.push(row);
  }
  if (rows.length === 0) throw inputError('file', 'file.empty');
  if (rows.length > limits.maxRows) throw inputError('file', 'file.tooManyRows', { max: limits.maxRows - 1 });
  return rows;
}

/** UTF-8 and UTF-16 by their marks, else UTF-8 if it is valid, else GB 18030. Binary content is refused. */
export function decodeText(file: Buffer): string {
  const utf16 = file[0] === 0xff && file[1] === 0xfe;
  for (const encoding of utf16 ? ['utf-16le'] : ['utf-8', 'gb18030']) {
    try {
      const text = new TextDecoder(encoding, { fatal: true }).decode(file);
      if (/[\u0000-\u0008\u000e-\u001f]/.test(text)) break;
      return text;
    } catch {
      // Not this encoding.
    }
  }
  throw inputError('file', 'file.notSpreadsheet');
}

function parseRecords(text: string, limits: SheetLimits): string[][] {
  try {
    return parse(text, {
      delimiter: separatorOf(text),
      relax_column_count: true,
      relax_quotes: true,
      max_record_size: limits.maxColumns * limits.maxCellChars,
      // Some more than allowed, so that blank rows at the end do no harm, and never a million.
      to: limits.maxRows * 2,
    });
  } catch (error) {
    if (error instanceof CsvError) throw inputError('file', 'file.damaged');
    throw error;
  }
}

function separatorOf(text: string): string {
  const start = text.slice(0, 2_000);
  const count = (separator: string) => start.split(separator).length;
  const best = [',', '\t', ';'].sort((a, b) => count(b) - count(a))[0];
  return best ?? ',';
}

function csvCell(value: string): Cell {
  const kept = /^="([^"]*)"$/.exec(value)?.[1] ?? /^'('*[=+\-@＝＋－＠\t\r].*)$/s.exec(value)?.[1];
  if (kept !== undefined) return { text: kept, from: 'text', formula: false };
  return { text: value, from: 'text', formula: value.startsWith('=') };
}

/** CSV for Excel: UTF-8 with its mark, CRLF, and `'` before what Excel would take for a formula, in full width as well (OWASP, CSV injection). */
export function writeCsv(rows: string[][]): Buffer {
  return Buffer.from(`\ufeff${csvText(rows)}`, 'utf8');
}

/** The same text without an encoding, for files that must be GB 18030. */
export function csvText(rows: string[][]): string {
  return stringify(
    rows.map((row) => row.map((text) => (/^'*[=+\-@＝＋－＠\t\r]/.test(text) ? `'${text}` : text))),
    { record_delimiter: 'windows' },
  );
}
