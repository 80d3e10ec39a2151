/** The batch payment file (批量代发) and the bank's answer to it, as lines of text. The encoding (mostly GB 18030) is the caller's. */
import { isCivilDate } from '../calendar/calendar.ts';
import { type ErrorParams, InputError, type Issue, inputError } from '../errors.ts';
import type { AnswerHeaderField, AnswerLineField, BankTemplate, BatchHeaderField, BatchLineField } from './bank-templates.ts';
import { parseYuan, plainYuan, sumFen } from './money.ts';

export type BatchLine = {
  serial: number;
  reference: string;
  account: string;
  name: string;
  bank: string;
  amountFen: number;
  purpose: string;
};
/** `date` is civil, 'YYYY-MM-DD'. */
export type PaymentBatch = { batchNumber: string; date: string; payerName?: string; payerAccount?: string; lines: readonly BatchLine[] };

export type AnswerLine = {
  reference: string;
  amountFen: number;
  status: 'success' | 'failed';
  /** Only of a failed line, and then at least one of the two. */
  reasonCode?: string;
  reason?: string;
  bankSerial?: string;
  /** 'YYYY-MM-DDTHH:mm:ss+08:00' */
  time?: string;
};
export type BankAnswer = { batchNumber: string; date?: string; lines: AnswerLine[] };

/** Reasons for returns (退票) as banks word them, by code. */
export const returnReasons: Record<string, string> = {
  R01: '账号户名不符',
  R02: '账户已销户',
  R03: '账户状态异常',
  R04: '收款行不存在',
  R05: '账户不存在',
  R06: '社保卡金融账户未激活',
  R07: '二类账户超过限额',
  R90: '银行系统处理超时',
};

/** Returns for the bank's own reasons: the account is right, the line simply goes out again. */
export const retryReasons: readonly string[] = ['R90'];

/**
 * The text of the payment file; its total is the sum of the lines. Throws InputError bank.unwritable where a number or name holds the
 * separator; in the bank's name and the purpose it becomes a blank.
 */
export function formatBatchFile(template: BankTemplate, batch: PaymentBatch): string {
  const { lines } = batch;
  const header: Record<BatchHeaderField, string> = {
    batchNumber: strict(template, batch.batchNumber, 'batchNumber', 1),
    date: writeDate(template, batch.date),
    count: String(lines.length),
    total: writeAmount(template, sumFen(lines.map((line) => line.amountFen))),
    payerName: strict(template, batch.payerName ?? '', 'payerName', 1),
    payerAccount: strict(template, batch.payerAccount ?? '', 'payerAccount', 1),
    currency: 'CNY',
  };
  const rows = lines.map((line, index) => {
    const at = index + 2;
    const values: Record<BatchLineField, string> = {
      serial: String(line.serial),
      account: strict(template, line.account, 'account', at),
      name: strict(template, line.name, 'name', at),
      bank: loose(template, line.bank),
      amount: writeAmount(template, line.amountFen),
      purpose: loose(template, line.purpose),
      reference: strict(template, line.reference, 'reference', at),
    };
    return joinLine(template, template.batch.lineMark, template.batch.line, values);
  });
  return text(template, [joinLine(template, template.batch.headerMark, template.batch.header, header), ...rows]);
}

/** The bank's side, for the simulator and tests. */
export function formatBankAnswer(template: BankTemplate, answer: BankAnswer): string {
  const { lines } = answer;
  const good = lines.filter((line) => line.status === 'success');
  const bad = lines.filter((line) => line.status === 'failed');
  const total = (list: readonly AnswerLine[]) => writeAmount(template, sumFen(list.map((line) => line.amountFen)));
  const header: Record<AnswerHeaderField, string> = {
    batchNumber: answer.batchNumber,
    date: answer.date === undefined ? '' : writeDate(template, answer.date),
    count: String(lines.length),
    total: total(lines),
    successCount: String(good.length),
    successTotal: total(good),
    failedCount: String(bad.length),
    failedTotal: total(bad),
  };
  const rows = lines.map((line, index) => {
    const values: Record<AnswerLineField, string> = {
      serial: String(index + 1),
      reference: line.reference,
      amount: writeAmount(template, line.amountFen),
      status: template.answer[line.status][0],
      reasonCode: loose(template, line.reasonCode ?? ''),
      reason: loose(template, line.reason ?? ''),
      bankSerial: loose(template, line.bankSerial ?? ''),
      time: line.time === undefined ? '' : writeTime(template, line.time),
      account: '',
      name: '',
    };
    return joinLine(template, template.answer.lineMark, template.answer.line, values);
  });
  return text(template, [joinLine(template, template.answer.headerMark, template.answer.header, header), ...rows]);
}

const MAX_ISSUES = 20;

/**
 * Reads the bank's answer. Whether it is for the right batch is the caller's check. With `sent` (the lines of the batch) unknown references,
 * other amounts and lines without an answer are found too.
 * Throws InputError with one issue per fault (at most 20) on field `file`, naming the line (1 = header): bank.answerMissing, .head, .line,
 * .amount, .status, .time, .reasonMissing, .count, .total, .twice, .unknownReference, .amountDiffers, .incomplete. Nothing of a
 * faulty answer is usable.
 */
export function parseBankAnswer(
  template: BankTemplate,
  text: string,
  sent?: readonly { reference: string; amountFen: number }[],
): BankAnswer {
  const rows = text
    .replace(/^\ufeff/, '')
    .split(/\r\n|\n|\r/)
    .map((line, index) => ({ number: index + 1, line }))
    .filter(({ line }) => line.trim() !== '' && line !== '\u001a');
  const [first, ...rest] = rows;
  if (!first) throw inputError('file', 'bank.answerMissing');

  const issues: Issue[] = [];
  const report: Report = (code, params) => issues.push({ field: 'file', code: `bank.${code}`, params });
  const header = readHeader(template, first, report);
  const lines = rest.flatMap((row) => {
    const line = readLine(template, row, report);
    return line ? [{ number: row.number, read: line }] : [];
  });
  // Totals of lines that could not be read would only say the same again.
  if (header && issues.length === 0)
    checkTotals(
      template,
      header,
      lines.map((line) => line.read),
      report,
    );
  checkReferences(lines, sent, report);
  if (!header || issues.length > 0) throw new InputError(issues.slice(0, MAX_ISSUES));
  const date = header.date === undefined || header.date === '' ? undefined : readDate(header.date);
  return {
    batchNumber: header.batchNumber ?? '',
    ...(date === undefined ? {} : { date }),
    lines: lines.map((line) => line.read),
  };
}

type Report = (code: string, params: ErrorParams) => void;
type NumberedLine = { number: number; line: string };
type AnswerHeader = Partial<Record<AnswerHeaderField, string>>;

function readHeader(template: BankTemplate, { number, line }: NumberedLine, report: Report): AnswerHeader | undefined {
  const values = splitLine(template, template.answer.headerMark, template.answer.header, line);
  const dateWrong = values?.date !== undefined && values.date !== '' && readDate(values.date) === undefined;
  if (values && values.batchNumber !== '' && !dateWrong) return values;
  report('head', { line: number });
  return undefined;
}

function readLine(template: BankTemplate, { number, line }: NumberedLine, report: Report): AnswerLine | undefined {
  const values = splitLine(template, template.answer.lineMark, template.answer.line, line);
  if (!values?.reference) {
    report('line', { line: number, fields: template.answer.line.length });
    return undefined;
  }
  const amountFen = readAmount(template, values.amount ?? '');
  const status = (['success', 'failed'] as const).find((kind) => template.answer[kind].includes(values.status ?? ''));
  const time = values.time ? readTime(values.time) : undefined;
  if (amountFen === undefined) report('amount', { line: number });
  if (status === undefined) report('status', { line: number });
  if (values.time && time === undefined) report('time', { line: number });
  if (status === 'failed' && !values.reasonCode && !values.reason) report('reasonMissing', { line: number });
  if (amountFen === undefined || status === undefined) return undefined;
  const reasonCode = values.reasonCode || Object.keys(returnReasons).find((code) => returnReasons[code] === values.reason);
  const reason =
    values.reason || (Object.hasOwn(returnReasons, values.reasonCode ?? '') ? returnReasons[values.reasonCode ?? ''] : undefined);
  return {
    reference: values.reference,
    amountFen,
    status,
    ...(status === 'failed' && reasonCode ? { reasonCode } : {}),
    ...(status === 'failed' && reason ? { reason } : {}),
    ...(values.bankSerial ? { bankSerial: values.bankSerial } : {}),
    ...(time === undefined ? {} : { time }),
  };
}

function checkTotals(template: BankTemplate, header: AnswerHeader, lines: readonly AnswerLine[], report: Report): void {
  const parts: [AnswerHeaderField, AnswerHeaderField, readonly AnswerLine[]][] = [
    ['count', 'total', lines],
    ['successCount', 'successTotal', lines.filter((line) => line.status === 'success')],
    ['failedCount', 'failedTotal', lines.filter((line) => line.status === 'failed')],
  ];
  for (const [count, total, list] of parts) {
    const stated = header[count];
    if (stated !== undefined && stated !== String(list.length)) report('count', { line: 1, said: stated.slice(0, 20), given: list.length });
    const fen = sumFen(list.map((line) => line.amountFen));
    const statedTotal = header[total];
    if (statedTotal !== undefined && readAmount(template, statedTotal) !== fen)
      report('total', { line: 1, said: statedTotal.slice(0, 20), given: plainYuan(fen) });
  }
}

function checkReferences(
  lines: readonly { number: number; read: AnswerLine }[],
  sent: readonly { reference: string; amountFen: number }[] | undefined,
  report: Report,
): void {
  const first = new Map<string, number>();
  const amounts = sent && new Map(sent.map((line) => [line.reference, line.amountFen]));
  for (const { number, read } of lines) {
    const { reference, amountFen } = read;
    const other = first.get(reference);
    if (other !== undefined) report('twice', { line: number, other, reference: reference.slice(0, 60) });
    else first.set(reference, number);
    const expected = amounts?.get(reference);
    if (amounts && expected === undefined) report('unknownReference', { line: number, reference: reference.slice(0, 60) });
    else if (expected !== undefined && expected !== amountFen)
      report('amountDiffers', { line: number, reference: reference.slice(0, 60), expected: plainYuan(expected) });
  }
  const answered = sent?.filter((line) => first.has(line.reference)).length ?? 0;
  if (sent && answered < sent.length) report('incomplete', { given: answered, expected: sent.length });
}

function splitLine<F extends string>(
  template: BankTemplate,
  mark: string,
  fields: readonly F[],
  line: string,
): Partial<Record<F, string>> | undefined {
  const parts = line.split(template.separator).map((part) => part.trim());
  if (template.trailingSeparator && parts.at(-1) === '') parts.pop();
  if (mark !== '' && parts.shift() !== mark) return undefined;
  if (parts.length !== fields.length) return undefined;
  const values: Partial<Record<F, string>> = {};
  for (const [index, field] of fields.entries()) values[field] = parts[index] ?? '';
  return values;
}

function joinLine<F extends string>(template: BankTemplate, mark: string, fields: readonly F[], values: Record<F, string>): string {
  const parts = fields.map((field) => values[field]);
  if (mark !== '') parts.unshift(mark);
  return parts.join(template.separator) + (template.trailingSeparator ? template.separator : '');
}

function text(template: BankTemplate, lines: readonly string[]): string {
  return lines.join(template.lineEnd) + template.lineEnd;
}

/** For what must arrive letter by letter. */
function strict(template: BankTemplate, value: string, field: string, line: number): string {
  if (value.includes(template.separator) || /[\u0000-\u001f]/.test(value))
    throw inputError('file', 'bank.unwritable', { line, part: field });
  return value;
}

function loose(template: BankTemplate, value: string): string {
  return value
    .replaceAll(template.separator, ' ')
    .replace(/[\u0000-\u001f]/g, ' ')
    .trim();
}

function writeAmount(template: BankTemplate, fen: number): string {
  return template.amounts === 'fen' ? String(fen) : plainYuan(fen);
}

function readAmount(template: BankTemplate, value: string): number | undefined {
  if (template.amounts === 'yuan') return parseYuan(value);
  return /^\d{1,14}$/.test(value) ? Number(value) : undefined;
}

function writeDate(template: BankTemplate, date: string): string {
  return template.dates === 'YYYYMMDD' ? date.replaceAll('-', '') : date;
}

function readDate(value: string): string | undefined {
  const date = value.replace(/^(\d{4})[-/]?(\d{2})[-/]?(\d{2})$/, '$1-$2-$3');
  return isCivilDate(date) ? date : undefined;
}

/** Banks write China's time. */
function writeTime(template: BankTemplate, time: string): string {
  const [date = '', clock = ''] = time.slice(0, 19).split('T');
  return template.dates === 'YYYYMMDD' ? (date + clock).replace(/[-:]/g, '') : `${date} ${clock}`;
}

function readTime(value: string): string | undefined {
  const [, day = '', hours, minutes, seconds] = /^(\d{4}[-/]?\d{2}[-/]?\d{2})[ T]?(\d{2}):?(\d{2}):?(\d{2})$/.exec(value) ?? [];
  const date = readDate(day);
  if (!date || Number(hours) > 23 || Number(minutes) > 59 || Number(seconds) > 59) return undefined;
  return `${date}T${hours}:${minutes}:${seconds}+08:00`;
}
