import { inputError } from '../../workflows/domain/errors.ts';
import { groupsOn } from '../../workflows/domain/policy/groups.ts';
import { headerRowOf, type RosterError, rosterColumns } from '../../workflows/domain/roster/roster.ts';
import { type SheetRow, tidyText } from '../../workflows/domain/formats/sheet.ts';
import { readCsv, writeCsv } from './csv.ts';
import { isCompoundFile, isZip, readXlsx } from './xlsx-reader.ts';
import { type WrittenCell, writeXlsx } from './xlsx-writer.ts';

/** Words for a key in the reader's language. */
export type Translate = (key: string, params?: Record<string, unknown>) => string;

/** Reads an uploaded roster; the content says what it is, the name only tells a CSV from other text. Errors as `readXlsx` and `readCsv`. */
export async function readRosterFile(file: Buffer, filename: string): Promise<SheetRow[]> {
  if (isZip(file) || isCompoundFile(file)) return readXlsx(file);
  if (file.length === 0) throw inputError('file', 'file.empty');
  if (/\.(csv|txt)$/i.test(filename)) return readCsv(file);
  throw inputError('file', 'file.notSpreadsheet');
}

/**
 * The uploaded sheet as .xlsx with each wrong cell red and the reasons in a last column. Rows keep their numbers. Uploaded again after
 * the corrections it is a roster like any other: the last column is left alone, and written anew by the next annotation.
 */
export async function annotatedRoster(rows: readonly SheetRow[], errors: readonly RosterError[], t: Translate): Promise<Buffer> {
  const headerRow = headerRowOf(rows) ?? rows[0]?.number ?? 1;
  const heading = t('roster.errorColumn');
  const ours =
    rows.find((row) => row.number === headerRow)?.cells.findIndex((cell) => cell && tidyText(cell.text).startsWith(heading)) ?? -1;
  const width = ours >= 0 ? ours : rows.reduce((most, row) => Math.max(most, row.cells.length), 0);

  const written: WrittenCell[][] = [];
  for (const row of rows) {
    while (written.length < row.number - 1) written.push([]);
    const found = errors.filter((error) => error.row === row.number);
    const bad = new Set(found.filter((error) => error.field !== 'roster').map((error) => error.column - 1));
    const cells: WrittenCell[] = Array.from({ length: width }, (_, column) => ({
      text: row.cells[column]?.text ?? '',
      bad: bad.has(column) && row.number !== headerRow,
    }));
    const reasons = found.map((error) => t(`errors.${error.code}`, error.params)).join(t('roster.errorSeparator'));
    if (row.number === headerRow) cells.push(reasons === '' ? heading : { text: `${heading}: ${reasons}`, bad: true });
    else if (reasons !== '') cells.push({ text: reasons, bad: true });
    written.push(cells);
  }
  const widths = Array.from({ length: width + 1 }, (_, column) => (column === width ? 60 : 20));
  return writeXlsx([{ name: t('roster.sheet'), rows: written, widths, headerRow }]);
}

type TemplateFor = { locale: 'zh-CN' | 'en'; t: Translate; today: string };

/** The same as CSV: hints and the groups in force stand in a line above the headings, where the reader looks past them. */
export function rosterCsvTemplate({ locale, t, today }: TemplateFor): Buffer {
  const word = (entry: { zh: string; en: string }) => (locale === 'en' ? entry.en : entry.zh);
  const groups = groupsOn(today).map(word).join(' / ');
  const hints = rosterColumns.map(({ field }) => (field === 'group' ? t('roster.notes.groupOf', { groups }) : t(`roster.notes.${field}`)));
  return writeCsv([hints, rosterColumns.map((column) => word(column) + (column.required ? ' *' : ''))]);
}

/** An empty roster to fill in: headings, a choice of the groups in force on `today`, and a sheet with explanations. */
export async function rosterTemplate({ locale, t, today }: TemplateFor): Promise<Buffer> {
  const word = (entry: { zh: string; en: string }) => (locale === 'en' ? entry.en : entry.zh);
  const groups = groupsOn(today);
  const notes = rosterColumns.map((column) => [word(column) + (column.required ? ' *' : ''), t(`roster.notes.${column.field}`)]);
  const first = notes.length + 3;
  const guide = t('roster.guideSheet');
  return writeXlsx([
    {
      name: t('roster.sheet'),
      rows: [rosterColumns.map((column) => word(column) + (column.required ? ' *' : ''))],
      widths: [14, 24, 16, 24, 20, 26, 20],
      choices: [
        {
          column: rosterColumns.findIndex((column) => column.field === 'group'),
          source: `'${guide}'!$A$${first}:$A$${first + groups.length - 1}`,
        },
      ],
    },
    {
      name: guide,
      rows: [
        [t('roster.notes.column'), t('roster.notes.text')],
        ...notes,
        [t('roster.notes.group'), t('roster.notes.evidence')],
        ...groups.map((group) => [word(group), word(group.evidence)]),
      ],
      widths: [30, 70],
    },
  ]);
}
