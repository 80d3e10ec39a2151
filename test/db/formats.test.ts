import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ZipFile } from 'yazl';
import { csvText, readCsv, writeCsv } from '../../db/formats/csv.ts';
import { encodeGb18030 } from '../../db/formats/gb18030.ts';
import { readXlsx, sheetLimits } from '../../db/formats/xlsx-reader.ts';
import { columnName, writeXlsx } from '../../db/formats/xlsx-writer.ts';
import { InputError } from '../../workflows/domain/errors.ts';
import type { SheetRow } from '../../workflows/domain/formats/sheet.ts';

const fixture = (name: string) => readFileSync(new URL(`../support/fixtures/${name}`, import.meta.url));
const texts = (rows: SheetRow[]) => rows.map((row) => row.cells.map((cell) => cell?.text ?? ''));

async function codeOf(act: () => unknown): Promise<string> {
  try {
    await act();
  } catch (error) {
    if (error instanceof InputError) return error.issues[0]?.code ?? '';
    throw error;
  }
  return 'no error';
}

async function zipOf(parts: Record<string, string | Buffer>): Promise<Buffer> {
  const zip = new ZipFile();
  for (const [name, content] of Object.entries(parts)) zip.addBuffer(Buffer.from(content as string), name);
  zip.end();
  const chunks: Buffer[] = [];
  for await (const chunk of zip.outputStream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

const office = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';
const relations = (...list: [string, string][]) =>
  `<Relationships>${list.map(([type, target], index) => `<Relationship Id="rId${index + 1}" Type="${office}/${type}" Target="${target}"/>`).join('')}</Relationships>`;

/** A workbook as the OpenXML SDK of Microsoft writes it: prefixed names, absolute targets. */
function workbook(sheet: string, more: Record<string, string> = {}): Promise<Buffer> {
  return zipOf({
    '_rels/.rels': relations(['officeDocument', '/xl/workbook.xml']),
    'xl/workbook.xml': `<x:workbook xmlns:x="x" xmlns:r="r"><x:sheets><x:sheet name="a" sheetId="1" r:id="rId1"/></x:sheets></x:workbook>`,
    'xl/_rels/workbook.xml.rels': relations(['worksheet', '/xl/worksheets/sheet1.xml']),
    'xl/worksheets/sheet1.xml': `<x:worksheet xmlns:x="x"><x:sheetData>${sheet}</x:sheetData></x:worksheet>`,
    ...more,
  });
}

test('reads a roster written by openpyxl: hidden sheet passed over, shared strings, dates, numbers, formula flagged', async () => {
  const rows = await readXlsx(fixture('openpyxl.xlsx'));
  expect(rows.map((row) => row.number)).toEqual([1, 3, 4, 5]);
  const [title, header, first, second] = rows;
  expect(title?.cells[0]?.text).toBe('初级电工班学员花名册');
  expect(header?.cells.map((cell) => cell?.text).slice(0, 3)).toEqual(['姓名', '身份证号', '手机号']);
  expect(first?.cells[1]).toEqual({ text: '350104199003071237', from: 'text', formula: false });
  expect(first?.cells[7]).toEqual({ text: '2026-02-28', from: 'date', formula: false });
  expect(first?.cells[8]).toEqual({ text: '=A4&"x"', from: 'text', formula: true });
  expect(first?.cells[9]).toMatchObject({ from: 'number' });
  expect(first?.cells[9]?.text).toMatch(/^3501041990030712\d\d$/);
  expect(second?.cells[2]).toEqual({ text: '13800002222', from: 'number', formula: false });
  expect(second?.cells[4]).toBeUndefined();
  expect(second?.cells[6]).toEqual({ text: 'TRUE', from: 'boolean', formula: false });
  expect(second?.cells[7]).toEqual({ text: '2026-03-01 08:30:00', from: 'date', formula: false });
});

test('reads rich text, 1904 dates and custom formats as xlsxwriter writes them', async () => {
  expect(texts(await readXlsx(fixture('xlsxwriter-1904.xlsx')))).toEqual([
    ['姓名', '备注', '日期', '金额'],
    ['张 三 丰', 'a & <b> "c"\n第二行', '2026-03-02', '1234.5'],
  ]);
});

test('reads prefixed names, inline strings, cells without references, and leaves the readings of characters out', async () => {
  const file = await workbook(
    `<x:row><x:c t="inlineStr"><x:is><x:r><x:t>甲</x:t></x:r><x:r><x:t>乙</x:t></x:r><x:rPh><x:t>jia</x:t></x:rPh></x:is></x:c><x:c t="str"><x:v>丙_x000D_</x:v></x:c></x:row>
     <x:row r="9"><x:c r="C9"><x:v>1E3</x:v></x:c></x:row>`,
  );
  const rows = await readXlsx(file);
  expect(rows.map((row) => row.number)).toEqual([1, 9]);
  expect(texts(rows)).toEqual([
    ['甲乙', '丙\r'],
    ['', '', '1000'],
  ]);
});

test('what is written is read back unchanged, whatever the text', async () => {
  const text = fc.string({
    unit: fc.oneof(
      fc.constantFrom('=', '_x0041_', '\r', '\n', '\t', '<', '&', '"', ']]>', '\ud800', '\uffff', '\u0001', ' ', '张', '𠮷'),
      fc.string(),
    ),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(text, { minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 8 }), async (rows) => {
      // The first cell keeps the file from being empty; blank cells are not written back as text.
      const filled = rows.map((row) => ['x', ...row.map((cell) => (cell.trim() === '' ? 'y' : cell))]);
      const read = await readXlsx(await writeXlsx([{ name: '表', rows: filled }]));
      expect(texts(read)).toEqual(filled);
      expect(read.every((row) => row.cells.every((cell) => cell?.from === 'text' && !cell.formula))).toBe(true);
    }),
    { numRuns: 150 },
  );
});

test('[F36] refuses what is no spreadsheet, is encrypted, damaged or empty', async () => {
  expect(await codeOf(() => readXlsx(Buffer.from('<html>名单</html>')))).toBe('file.notSpreadsheet');
  expect(await codeOf(() => readXlsx(Buffer.alloc(0)))).toBe('file.empty');
  const docx = await zipOf({
    '_rels/.rels': relations(['officeDocument', 'word/document.xml']),
    'word/document.xml': '<w:document xmlns:w="w"/>',
  });
  expect(await codeOf(() => readXlsx(docx))).toBe('file.notSpreadsheet');
  expect(await codeOf(async () => readXlsx(await zipOf({ 'photo.jpg': 'x' })))).toBe('file.notSpreadsheet');
  const good = await writeXlsx([{ name: '表', rows: [['甲']] }]);
  expect(await codeOf(() => readXlsx(good.subarray(0, good.length - 200)))).toBe('file.damaged');
  expect(await codeOf(async () => readXlsx(await writeXlsx([{ name: '表', rows: [['', ' ']] }])))).toBe('file.empty');
  expect(await codeOf(async () => readXlsx(await workbook('<x:row><x:c r="A1"><x:v>no number</x:v></x:c></x:row>')))).toBe('file.damaged');
  expect(await codeOf(async () => readXlsx(await workbook('<x:row>')))).toBe('file.damaged');

  const passwordZip = Buffer.from(good);
  for (let at = passwordZip.indexOf('PK\x01\x02'); at !== -1; at = passwordZip.indexOf('PK\x01\x02', at + 4))
    passwordZip[at + 8] = (passwordZip[at + 8] ?? 0) | 1;
  expect(await codeOf(() => readXlsx(passwordZip))).toBe('file.encrypted');
  const compound = Buffer.concat([Buffer.from('d0cf11e0a1b11ae1', 'hex'), Buffer.alloc(600)]);
  expect(await codeOf(() => readXlsx(compound))).toBe('file.oldExcel');
  expect(await codeOf(() => readXlsx(Buffer.concat([compound, Buffer.from('EncryptedPackage', 'utf16le')])))).toBe('file.encrypted');
});

test('[F36] refuses a zip bomb before unpacking it, also one that lies about its size', async () => {
  const bomb = await workbook('', {
    'xl/worksheets/sheet1.xml': `<worksheet><sheetData>${' '.repeat(70_000_000)}</sheetData></worksheet>`,
  });
  expect(bomb.length).toBeLessThan(100_000);
  const started = performance.now();
  expect(await codeOf(() => readXlsx(bomb))).toBe('file.bomb');
  expect(performance.now() - started).toBeLessThan(200);

  const many = await zipOf(Object.fromEntries(Array.from({ length: 201 }, (_, index) => [`p${index}`, ''])));
  expect(await codeOf(() => readXlsx(many))).toBe('file.bomb');

  // The entry claims 1,000 bytes and holds more: both size fields of the sheet are overwritten.
  const liar = await workbook(`<x:row><x:c t="inlineStr"><x:is><x:t>${'甲'.repeat(9_000)}</x:t></x:is></x:c></x:row>`);
  const at = liar.lastIndexOf('xl/worksheets/sheet1.xml') - 46;
  liar.writeUInt32LE(1_000, at + 24);
  expect(await codeOf(() => readXlsx(liar))).toBe('file.bomb');
  expect(await codeOf(() => readXlsx(Buffer.concat([Buffer.from('PK\x03\x04'), Buffer.alloc(sheetLimits.maxBytes)])))).toBe(
    'file.tooLarge',
  );
});

test('[F36] no document type: entities of its own cannot be declared', async () => {
  const file = await workbook('', { 'xl/worksheets/sheet1.xml': '<!DOCTYPE x [<!ENTITY a "aaaa">]><worksheet><sheetData/></worksheet>' });
  expect(await codeOf(() => readXlsx(file))).toBe('file.damaged');
});

test('[F36] reads 10,000 rows quickly and refuses more; refuses too many columns and a cell that is too long', async () => {
  const rows = Array.from({ length: 10_001 }, (_, index) => [`学员${index}`, '13800000000', 'a', 'b', 'c', 'd', 'e']);
  const file = await writeXlsx([{ name: '表', rows }]);
  const started = performance.now();
  expect(await readXlsx(file)).toHaveLength(10_001);
  expect(performance.now() - started).toBeLessThan(5_000);
  expect(await codeOf(async () => readXlsx(await writeXlsx([{ name: '表', rows: [...rows, ['x']] }])))).toBe('file.tooManyRows');
  expect(await codeOf(async () => readXlsx(await writeXlsx([{ name: '表', rows: [Array.from({ length: 61 }, () => 'x')] }])))).toBe(
    'file.tooManyColumns',
  );
  expect(await codeOf(async () => readXlsx(await writeXlsx([{ name: '表', rows: [['x'.repeat(2_001)]] }])))).toBe('file.cellTooLong');
  expect(readCsv(writeCsv(rows))).toHaveLength(10_001);
  expect(await codeOf(() => readCsv(writeCsv([...rows, ['x']])))).toBe('file.tooManyRows');
});

test('the same CSV in UTF-8, UTF-8 with mark, UTF-16 and GB 18030 gives the same rows', () => {
  const table = [
    ['姓名', '身份证号', '备注'],
    ['张三', '350104199003071233', '一, "二"\n三'],
    ['𠮷田', '㐀䶵', '€'],
  ];
  const text = csvText(table);
  for (const file of [Buffer.from(text), writeCsv(table), Buffer.from(`\ufeff${text}`, 'utf16le'), encodeGb18030(text)]) {
    expect(texts(readCsv(file))).toEqual(table);
  }
  expect(texts(readCsv(Buffer.from('姓名\t手机\n\n张三\t138\n')))).toEqual([
    ['姓名', '手机'],
    ['张三', '138'],
  ]);
  expect(readCsv(Buffer.from('姓名,手机\n\n张三,138\n')).map((row) => row.number)).toEqual([1, 3]);
});

test('a formula in a CSV is flagged, the ="…" trick is text, and what is written is guarded and read back', async () => {
  const cells = readCsv(Buffer.from('="350104199003071233",=1+1,"=cmd|x"\n'))[0]?.cells;
  expect(cells?.map((cell) => [cell?.text, cell?.formula])).toEqual([
    ['350104199003071233', false],
    ['=1+1', true],
    ['=cmd|x', true],
  ]);
  expect(writeCsv([['=1+1', '@x', '-1', "'=", 'ok']]).toString()).toBe("\ufeff'=1+1,'@x,'-1,''=,ok\r\n");
  fc.assert(
    fc.property(
      fc.array(
        fc.array(fc.string({ unit: fc.constantFrom('=', "'", '+', '-', '@', '\t', ',', ';', '"', '\n', '\r', '张', 'a') }), {
          minLength: 3,
          maxLength: 3,
        }),
        { minLength: 1 },
      ),
      (rows) => {
        const filled = rows.map((row) => ['姓名', ...row].map((cell) => (cell.trim() === '' ? 'y' : cell)));
        const head = [['a', 'b', 'c', 'd'], ...filled];
        expect(texts(readCsv(writeCsv([Array.from({ length: 50 }, () => 'h'), ...head]))).slice(1)).toEqual(head);
      },
    ),
    { numRuns: 100 },
  );
  expect(await codeOf(() => readCsv(Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 0, 0, 13])))).toBe('file.notSpreadsheet');
  expect(await codeOf(() => readCsv(Buffer.from('\n\n')))).toBe('file.empty');
  expect(await codeOf(() => readCsv(Buffer.from('a,"b\n')))).toBe('file.damaged');
});

test('GB 18030: every character of the basic plane and of the planes above comes back', () => {
  const decode = (bytes: Buffer) => new TextDecoder('gb18030', { fatal: true }).decode(bytes);
  const wrong: string[] = [];
  for (let point = 0; point <= 0x10ffff; point += point < 0xffff ? 1 : 97) {
    if (point >= 0xd800 && point <= 0xdfff) continue;
    const character = String.fromCodePoint(point);
    if (decode(encodeGb18030(`a${character}`)) !== `a${character}`) wrong.push(point.toString(16));
  }
  // One private-use character has no code, and 18 others became proper characters in the 2022 edition (their codes are kept).
  expect(wrong).toHaveLength(19);
  expect(wrong.every((point) => /^e[5-8]/.test(point))).toBe(true);
  expect(decode(encodeGb18030('\ue78d\ue81e\ue864'))).toBe('\ufe10\u9fb4\u9fbb');
  expect(encodeGb18030('中文€𠮷').toString('hex')).toBe('d6d0cec4a2e39534b235');
  expect(decode(encodeGb18030('\ud800x'))).toBe('\ufffdx');
});

test('columns have the names that Excel gives them', () => {
  expect([0, 25, 26, 51, 52, 701, 702].map(columnName)).toEqual(['A', 'Z', 'AA', 'AZ', 'BA', 'ZZ', 'AAA']);
});
