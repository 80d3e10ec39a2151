import { ZipFile } from 'yazl';
import { xmlText } from './xml.ts';

/**
 * A cell to write. Text is always written as text (inlineStr) and can never become a formula; a formula must be asked for by name,
 * which only samples and tests do. `bad` fills the cell red.
 */
export type WrittenCell = string | { text: string; bad?: boolean } | { number: number } | { formula: string };

export type WrittenSheet = {
  name: string;
  rows: WrittenCell[][];
  /** Widths in characters, by column; 14 where none is given. */
  widths?: number[];
  /** The row (1 = first) that is styled as the header and stays in sight; rows above it too. None: 0. */
  headerRow?: number;
  /** Columns (0 = first) whose cells may only hold a text of the list; the list stands in another sheet, e.g. `'说明'!$A$2:$A$9`. */
  choices?: { column: number; source: string }[];
};

const style = { text: 0, header: 1, bad: 2, number: 3 } as const;
const namespace = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main';
const relationships = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';
const head = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n';
/** One fixed time for every entry, so that the same content gives the same bytes. */
const entryTime = new Date('2020-01-01T00:00:00Z');

/** Writes an .xlsx file. Every column is formatted as text (`@`), so that an ID number typed into it keeps its digits. */
export async function writeXlsx(sheets: WrittenSheet[]): Promise<Buffer> {
  const zip = new ZipFile();
  const add = (name: string, xml: string) =>
    zip.addBuffer(Buffer.from(head + xml, 'utf8'), name, { mtime: entryTime, forceDosTimestamp: true });
  add('[Content_Types].xml', contentTypes(sheets.length));
  add(
    '_rels/.rels',
    `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="${relationships}/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
  );
  add('xl/workbook.xml', workbookXml(sheets));
  add('xl/_rels/workbook.xml.rels', workbookRelations(sheets.length));
  add('xl/styles.xml', stylesXml);
  for (const [index, sheet] of sheets.entries()) add(`xl/worksheets/sheet${index + 1}.xml`, sheetXml(sheet));
  zip.end();
  const chunks: Buffer[] = [];
  for await (const chunk of zip.outputStream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function contentTypes(sheets: number): string {
  const type = 'application/vnd.openxmlformats-officedocument.spreadsheetml';
  const parts = Array.from(
    { length: sheets },
    (_, index) => `<Override PartName="/xl/worksheets/sheet${index + 1}.xml" ContentType="${type}.worksheet+xml"/>`,
  );
  return `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="${type}.sheet.main+xml"/><Override PartName="/xl/styles.xml" ContentType="${type}.styles+xml"/>${parts.join('')}</Types>`;
}

function workbookXml(sheets: WrittenSheet[]): string {
  const entries = sheets.map((sheet, index) => `<sheet name="${xmlText(sheet.name)}" sheetId="${index + 1}" r:id="rId${index + 1}"/>`);
  return `<workbook xmlns="${namespace}" xmlns:r="${relationships}"><sheets>${entries.join('')}</sheets></workbook>`;
}

function workbookRelations(sheets: number): string {
  const entries = Array.from(
    { length: sheets },
    (_, index) => `<Relationship Id="rId${index + 1}" Type="${relationships}/worksheet" Target="worksheets/sheet${index + 1}.xml"/>`,
  );
  return `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">${entries.join('')}<Relationship Id="rId${sheets + 1}" Type="${relationships}/styles" Target="styles.xml"/></Relationships>`;
}

const stylesXml = `<styleSheet xmlns="${namespace}"><fonts count="3"><font><sz val="11"/><name val="宋体"/></font><font><b/><sz val="11"/><name val="宋体"/></font><font><sz val="11"/><color rgb="FF9C0006"/><name val="宋体"/></font></fonts><fills count="4"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill><fill><patternFill patternType="solid"><fgColor rgb="FFDCE6F1"/></patternFill></fill><fill><patternFill patternType="solid"><fgColor rgb="FFFFC7CE"/></patternFill></fill></fills><borders count="2"><border><left/><right/><top/><bottom/><diagonal/></border><border><left style="thin"/><right style="thin"/><top style="thin"/><bottom style="thin"/><diagonal/></border></borders><cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs><cellXfs count="4"><xf numFmtId="49" fontId="0" fillId="0" borderId="0" applyNumberFormat="1"/><xf numFmtId="49" fontId="1" fillId="2" borderId="1" applyNumberFormat="1" applyFont="1" applyFill="1" applyBorder="1"/><xf numFmtId="49" fontId="2" fillId="3" borderId="1" applyNumberFormat="1" applyFont="1" applyFill="1" applyBorder="1"/><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellXfs></styleSheet>`;

function sheetXml(sheet: WrittenSheet): string {
  const width = sheet.rows.reduce((most, row) => Math.max(most, row.length), sheet.widths?.length || 1);
  const columns = Array.from(
    { length: width },
    (_, index) =>
      `<col min="${index + 1}" max="${index + 1}" width="${sheet.widths?.[index] ?? 14}" style="${style.text}" customWidth="1"/>`,
  );
  const header = sheet.headerRow ?? 1;
  const pane = `<pane ySplit="${header}" topLeftCell="A${header + 1}" activePane="bottomLeft" state="frozen"/>`;
  const view = `<sheetViews><sheetView workbookViewId="0">${header > 0 ? pane : ''}</sheetView></sheetViews>`;
  const rows = sheet.rows.map((row, index) => rowXml(row, index + 1, index + 1 === header));
  return `<worksheet xmlns="${namespace}">${view}<cols>${columns.join('')}</cols><sheetData>${rows.join('')}</sheetData>${choicesXml(sheet, header)}</worksheet>`;
}

function choicesXml(sheet: WrittenSheet, header: number): string {
  if (!sheet.choices?.length) return '';
  const entries = sheet.choices.map(({ column, source }) => {
    const letter = columnName(column);
    return `<dataValidation type="list" allowBlank="1" showErrorMessage="1" sqref="${letter}${header + 1}:${letter}1000"><formula1>${xmlText(source)}</formula1></dataValidation>`;
  });
  return `<dataValidations count="${entries.length}">${entries.join('')}</dataValidations>`;
}

function rowXml(row: WrittenCell[], number: number, isHeader: boolean): string {
  const cells = row.map((cell, index) =>
    cellXml(typeof cell === 'string' ? { text: cell } : cell, `${columnName(index)}${number}`, isHeader),
  );
  return cells.length === 0 ? '' : `<row r="${number}">${cells.join('')}</row>`;
}

function cellXml(cell: Exclude<WrittenCell, string>, reference: string, isHeader: boolean): string {
  if ('number' in cell) return `<c r="${reference}" s="${style.number}"><v>${cell.number}</v></c>`;
  if ('formula' in cell) return `<c r="${reference}" s="${style.text}" t="str"><f>${xmlText(cell.formula)}</f><v></v></c>`;
  const kind = cell.bad ? style.bad : isHeader ? style.header : style.text;
  if (cell.text === '') return kind === style.text ? '' : `<c r="${reference}" s="${kind}"/>`;
  return `<c r="${reference}" s="${kind}" t="inlineStr"><is><t xml:space="preserve">${xmlText(cell.text)}</t></is></c>`;
}

/** 0 → 'A', 26 → 'AA'. */
export function columnName(index: number): string {
  const before = index >= 26 ? columnName(Math.floor(index / 26) - 1) : '';
  return before + String.fromCharCode(65 + (index % 26));
}
