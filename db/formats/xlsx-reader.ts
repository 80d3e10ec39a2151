import { inputError } from '../../workflows/domain/errors.ts';
import type { Cell, SheetRow } from '../../workflows/domain/formats/sheet.ts';
import { readXml, unescapeExcel, type XmlAttributes } from './xml.ts';
import { type Archive, asDamaged, openArchive, type ZipLimits } from './zip.ts';

export type SheetLimits = ZipLimits & { maxRows: number; maxColumns: number; maxCellChars: number };

/** For any list that an institution uploads. Rows are read up to 10,000 and the header, so that the rules can say how many there are. */
export const sheetLimits: SheetLimits = {
  maxBytes: 10_000_000,
  maxEntries: 200,
  maxUnpackedBytes: 60_000_000,
  maxRatio: 100,
  maxRows: 10_001,
  maxColumns: 60,
  maxCellChars: 2_000,
};

/**
 * Reads the first visible sheet of an .xlsx file (ECMA-376). Rows without content are left out; see `SheetRow` for numbering.
 * Throws InputError on field `file`: file.notSpreadsheet, file.oldExcel, file.encrypted, file.tooLarge, file.bomb, file.damaged,
 * file.empty, file.tooManyRows, file.tooManyColumns, file.cellTooLong.
 */
export async function readXlsx(file: Buffer, limits: SheetLimits = sheetLimits): Promise<SheetRow[]> {
  if (file.length === 0) throw inputError('file', 'file.empty');
  if (isCompoundFile(file)) {
    // A workbook with a password is a compound file around an encrypted package; any other compound file is Excel 97-2003.
    const encrypted = file.includes(Buffer.from('EncryptedPackage', 'utf16le'));
    throw inputError('file', encrypted ? 'file.encrypted' : 'file.oldExcel');
  }
  if (!isZip(file)) throw inputError('file', 'file.notSpreadsheet');
  const archive = await openArchive(file, limits);
  try {
    const workbook = await findWorkbook(archive);
    const strings = workbook.strings === undefined ? [] : await readStrings(archive, workbook.strings);
    const dateStyles = workbook.styles === undefined ? [] : await readDateStyles(archive, workbook.styles);
    return await readSheet(archive, workbook.sheet, { strings, dateStyles, date1904: workbook.date1904, limits });
  } catch (error) {
    return asDamaged(error);
  }
}

export function isZip(file: Buffer): boolean {
  return file.length > 4 && file.readUInt32BE(0) === 0x504b0304;
}

export function isCompoundFile(file: Buffer): boolean {
  return file.length > 8 && file.readUInt32BE(0) === 0xd0cf11e0;
}

type Workbook = { sheet: string; strings: string | undefined; styles: string | undefined; date1904: boolean };

async function findWorkbook(archive: Archive): Promise<Workbook> {
  if (!archive.has('_rels/.rels')) throw inputError('file', 'file.notSpreadsheet');
  const root = (await readRelations(archive, '')).find((relation) => relation.type === 'officeDocument');
  if (!root || !archive.has(root.target)) throw inputError('file', 'file.notSpreadsheet');

  const sheets: XmlAttributes[] = [];
  let rootName = '';
  let date1904 = false;
  await readXml(archive.stream(root.target), {
    open(name, attributes) {
      rootName ||= name;
      if (name === 'sheet') sheets.push(attributes);
      if (name === 'workbookPr') date1904 = attributes.date1904 === '1' || attributes.date1904 === 'true';
    },
    done: () => rootName !== '' && rootName !== 'workbook',
  });
  if (rootName !== 'workbook') throw inputError('file', 'file.notSpreadsheet');

  const relations = await readRelations(archive, root.target);
  const worksheets = new Map(
    relations.filter((relation) => relation.type === 'worksheet').map((relation) => [relation.id, relation.target]),
  );
  const first = sheets.find((sheet) => !/hidden/i.test(sheet.state ?? '') && worksheets.has(sheet.id ?? ''));
  const sheet = worksheets.get(first?.id ?? '');
  if (sheet === undefined) throw inputError('file', 'file.empty');
  return {
    sheet,
    strings: relations.find((relation) => relation.type === 'sharedStrings' && archive.has(relation.target))?.target,
    styles: relations.find((relation) => relation.type === 'styles' && archive.has(relation.target))?.target,
    date1904,
  };
}

type Relation = { id: string; type: string; target: string };

/** The relations of a part (`''` is the package), with targets as names in the archive. */
async function readRelations(archive: Archive, part: string): Promise<Relation[]> {
  const slash = part.lastIndexOf('/');
  const folder = part.slice(0, slash + 1);
  const relations: Relation[] = [];
  const name = `${folder}_rels/${part.slice(slash + 1)}.rels`;
  if (!archive.has(name)) return relations;
  await readXml(archive.stream(name), {
    open(tag, { Id = '', Type = '', Target = '' }) {
      if (tag !== 'Relationship') return;
      const path = new URL(Target, `part:/${folder}`).pathname;
      relations.push({ id: Id, type: Type.slice(Type.lastIndexOf('/') + 1), target: decodeURIComponent(path).replace(/^\/+/, '') });
    },
  });
  return relations;
}

/** The shared strings, rich text joined, readings for Japanese (rPh) left out. */
async function readStrings(archive: Archive, part: string): Promise<string[]> {
  const strings: string[] = [];
  let text = '';
  let inText = false;
  let inReading = false;
  await readXml(archive.stream(part), {
    open(name) {
      if (name === 'si') text = '';
      if (name === 'rPh') inReading = true;
      if (name === 't') inText = true;
    },
    text(piece) {
      if (inText && !inReading) text += piece;
    },
    close(name) {
      if (name === 't') inText = false;
      if (name === 'rPh') inReading = false;
      if (name === 'si') strings.push(unescapeExcel(text));
    },
  });
  return strings;
}

/** For each cell format whether it shows a date or a time. */
async function readDateStyles(archive: Archive, part: string): Promise<boolean[]> {
  const custom = new Map<number, boolean>();
  const formats: boolean[] = [];
  let inCellFormats = false;
  await readXml(archive.stream(part), {
    open(name, attributes) {
      if (name === 'numFmt') custom.set(Number(attributes.numFmtId), showsDate(attributes.formatCode ?? ''));
      if (name === 'cellXfs') inCellFormats = true;
      if (name === 'xf' && inCellFormats) {
        const id = Number(attributes.numFmtId ?? 0);
        formats.push(custom.get(id) ?? isBuiltInDate(id));
      }
    },
    close(name) {
      if (name === 'cellXfs') inCellFormats = false;
    },
  });
  return formats;
}

/** ECMA-376 18.8.30: 14–22 and 45–47 everywhere, 27–36 and 50–58 in Chinese, Japanese and Korean Excel. */
function isBuiltInDate(id: number): boolean {
  return (id >= 14 && id <= 22) || (id >= 27 && id <= 36) || (id >= 45 && id <= 47) || (id >= 50 && id <= 58);
}

function showsDate(formatCode: string): boolean {
  const bare = formatCode.replace(/"[^"]*"|\\.|_.|\*./g, '').replace(/\[(?![hms]+\])[^\]]*\]/gi, '');
  return /[ymdhs]/i.test(bare.replace(/general/gi, ''));
}

type SheetContext = { strings: string[]; dateStyles: boolean[]; date1904: boolean; limits: SheetLimits };
type RawCell = { column: number; type: string; style: number; value: string; inline: string; formula: string | undefined };

async function readSheet(archive: Archive, part: string, context: SheetContext): Promise<SheetRow[]> {
  const { limits } = context;
  const rows: SheetRow[] = [];
  let row: SheetRow = { number: 0, cells: [] };
  let cell: RawCell | undefined;
  let column = -1;
  let into: 'value' | 'inline' | 'formula' | undefined;
  let inReading = false;
  let ended = false;

  await readXml(archive.stream(part), {
    open(name, attributes) {
      if (name === 'row') {
        row = { number: Number(attributes.r ?? row.number + 1), cells: [] };
        column = -1;
      } else if (name === 'c') {
        column = attributes.r === undefined ? column + 1 : columnOf(attributes.r);
        cell = { column, type: attributes.t ?? 'n', style: Number(attributes.s ?? 0), value: '', inline: '', formula: undefined };
      } else if (!cell) return;
      else if (name === 'v') into = 'value';
      else if (name === 't') into = 'inline';
      else if (name === 'rPh') inReading = true;
      else if (name === 'f') {
        into = 'formula';
        cell.formula = '=';
      }
    },
    text(piece) {
      if (cell && into && !inReading) cell[into] = (cell[into] ?? '') + piece;
    },
    close(name) {
      if (name === 'v' || name === 't' || name === 'f') into = undefined;
      else if (name === 'rPh') inReading = false;
      else if (name === 'c' && cell) {
        const read = cellOf(cell, context);
        if (read) place(row, cell.column, read, limits);
        cell = undefined;
      } else if (name === 'row' && row.cells.length > 0) {
        if (rows.length === limits.maxRows) throw inputError('file', 'file.tooManyRows', { max: limits.maxRows - 1 });
        rows.push(row);
      } else if (name === 'sheetData') ended = true;
    },
    done: () => ended,
  });
  if (rows.length === 0) throw inputError('file', 'file.empty');
  return rows;
}

function place(row: SheetRow, column: number, cell: Cell, limits: SheetLimits): void {
  if (column >= limits.maxColumns) throw inputError('file', 'file.tooManyColumns', { row: row.number, max: limits.maxColumns });
  if (cell.text.length > limits.maxCellChars) {
    throw inputError('file', 'file.cellTooLong', { row: row.number, column: column + 1, max: limits.maxCellChars });
  }
  while (row.cells.length < column) row.cells.push(undefined);
  row.cells[column] = cell;
}

/** 'AB12' → 27. */
function columnOf(reference: string): number {
  let column = 0;
  for (const letter of /^[A-Z]{1,3}/i.exec(reference)?.[0].toUpperCase() ?? '') column = column * 26 + letter.charCodeAt(0) - 64;
  if (column === 0) throw inputError('file', 'file.damaged');
  return column - 1;
}

function cellOf(raw: RawCell, context: SheetContext): Cell | undefined {
  if (raw.formula !== undefined) return { text: raw.formula, from: 'text', formula: true };
  const cell = valueOf(raw, context);
  return cell && cell.text.trim() !== '' ? { ...cell, formula: false } : undefined;
}

function valueOf(raw: RawCell, context: SheetContext): Omit<Cell, 'formula'> | undefined {
  switch (raw.type) {
    case 's': {
      const text = context.strings[Number(raw.value)];
      if (raw.value !== '' && text === undefined) throw inputError('file', 'file.damaged');
      return { text: text ?? '', from: 'text' };
    }
    case 'inlineStr':
      return { text: unescapeExcel(raw.inline), from: 'text' };
    case 'str':
      return { text: unescapeExcel(raw.value), from: 'text' };
    case 'b':
      return { text: raw.value === '1' ? 'TRUE' : 'FALSE', from: 'boolean' };
    case 'e':
      return { text: raw.value, from: 'error' };
    case 'd':
      return { text: raw.value.replace(/T00:00:00(\.0+)?Z?$/, '').replace('T', ' '), from: 'date' };
    default: {
      if (raw.value.trim() === '') return undefined;
      const number = Number(raw.value);
      if (!Number.isFinite(number)) throw inputError('file', 'file.damaged');
      if (context.dateStyles[raw.style] && number >= 0 && number < 2_958_466) {
        return { text: dateText(number, context.date1904), from: 'date' };
      }
      return { text: numberText(number), from: 'number' };
    }
  }
}

/** Whole numbers without exponent (a phone or ID number typed as a number), others in their shortest form. */
function numberText(number: number): string {
  return Number.isInteger(number) && Math.abs(number) < 1e30 ? BigInt(number).toString() : String(number);
}

/** Serial day → 'YYYY-MM-DD', 'YYYY-MM-DD HH:MM:SS' or 'HH:MM:SS'. Day 60 of the 1900 system never was; days before it are off by one. */
function dateText(serial: number, date1904: boolean): string {
  const days = date1904 ? serial + 1462 : serial < 60 && serial >= 1 ? serial + 1 : serial;
  const iso = new Date(Math.round((days - 25_569) * 86_400) * 1000).toISOString();
  const [day = '', time = ''] = [iso.slice(0, 10), iso.slice(11, 19)];
  if (serial < 1 && !date1904) return time;
  return time === '00:00:00' ? day : `${day} ${time}`;
}
