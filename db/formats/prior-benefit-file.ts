/** The file of earlier benefits: reading what was uploaded, and an empty one to fill in. */
import { inputError } from '../../workflows/domain/errors.ts';
import { priorColumns } from '../../workflows/domain/money/prior-benefits.ts';
import type { SheetRow } from '../../workflows/domain/formats/sheet.ts';
import { readCsv } from './csv.ts';
import { isCompoundFile, isZip, readXlsx, sheetLimits } from './xlsx-reader.ts';
import { writeXlsx } from './xlsx-writer.ts';

/** A year of a county; more comes as further files. */
const limits = { ...sheetLimits, maxRows: 5_011 };

/** Errors as `readXlsx` and `readCsv`. */
export async function readPriorBenefitFile(file: Buffer, filename: string): Promise<SheetRow[]> {
  if (isZip(file) || isCompoundFile(file)) return readXlsx(file, limits);
  if (file.length === 0) throw inputError('file', 'file.empty');
  if (/\.(csv|txt)$/i.test(filename)) return readCsv(file, limits);
  throw inputError('file', 'file.notSpreadsheet');
}

export async function priorBenefitTemplate(locale: 'zh-CN' | 'en', sheet: string): Promise<Buffer> {
  const headings = priorColumns.map((column) => (locale === 'en' ? column.en : column.zh) + (column.required ? ' *' : ''));
  return writeXlsx([{ name: sheet, rows: [headings], widths: [12, 24, 18, 12, 12, 12, 30, 14] }]);
}
