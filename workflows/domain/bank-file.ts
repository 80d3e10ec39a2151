/**
 * The batch payment file as banks here take it and the answer that comes back: text lines by a template that can be configured. Encoding (GB 18030) is
 * the caller's. Amounts in yuan with two decimals.
 */
import { inputError } from './errors.ts';
import { parseYuan, plainYuan } from './money.ts';

export type BankTemplate = {
  separator: string;
  /** Columns of a payment line, in order. */
  columns: readonly ('serial' | 'account' | 'name' | 'bank' | 'amount' | 'purpose' | 'reference')[];
};

/** 批量代发: header with batch, date, count and total, then a line per payee. */
export const defaultBankTemplate: BankTemplate = { separator: '|', columns: ['serial', 'account', 'name', 'bank', 'amount', 'purpose', 'reference'] };

export type BankFileLine = { serial: number; account: string; name: string; bank: string; amountFen: number; purpose: string; reference: string };
export type BankFile = { batchNumber: string; date: string; lines: readonly BankFileLine[] };

export type BankAnswerLine = { reference: string; amountFen: number; status: 'success' | 'failed'; reasonCode?: string; reason?: string; bankSerial?: string };
export type BankAnswer = { batchNumber: string; date: string; lines: BankAnswerLine[] };

/** Reasons for returns (退票) as banks give them. */
export const returnReasons: Record<string, string> = { R01: '账号户名不符', R02: '账户已销户', R03: '账户状态异常', R04: '收款行不存在' };

const yuan = (fen: number): string => plainYuan(fen);

/** The file for the bank. A separator inside a value becomes a space. */
export function formatBatchFile(template: BankTemplate, file: BankFile): string {
  const clean = (value: string | number): string => String(value).replaceAll(template.separator, ' ').replace(/[\r\n]+/g, ' ');
  const total = file.lines.reduce((sum, line) => sum + line.amountFen, 0);
  const head = ['H', file.batchNumber, file.date, file.lines.length, yuan(total)].map(clean).join(template.separator);
  const lines = file.lines.map((line) => {
    const values: Record<BankTemplate['columns'][number], string | number> = { ...line, amount: yuan(line.amountFen) };
    return template.columns.map((column) => clean(values[column])).join(template.separator);
  });
  return `${[head, ...lines].join('\r\n')}\r\n`;
}

export function formatBankAnswer(template: BankTemplate, answer: BankAnswer): string {
  const s = template.separator;
  const total = answer.lines.reduce((sum, line) => sum + line.amountFen, 0);
  const head = ['A', answer.batchNumber, answer.date, answer.lines.length, yuan(total)].join(s);
  const lines = answer.lines.map((line) => [line.reference, yuan(line.amountFen), line.status === 'success' ? '成功' : '失败', line.reasonCode ?? '', line.reason ?? '', line.bankSerial ?? ''].join(s));
  return `${[head, ...lines].join('\r\n')}\r\n`;
}

/** Reads an answer. Throws InputError at field `file` naming the line: malformed, wrong count or total, a reference twice. */
export function parseBankAnswer(template: BankTemplate, text: string): BankAnswer {
  const rows = text.replace(/^\uFEFF/, '').split(/\r?\n/).filter((row) => row.trim() !== '');
  const [kind, batchNumber, date, count, total] = (rows[0] ?? '').split(template.separator).map((cell) => cell.trim());
  if (kind !== 'A' || !batchNumber || !date || !/^\d+$/.test(count ?? '')) throw inputError('file', 'bank.head');
  const seen = new Set<string>();
  const lines = rows.slice(1).map((row, at) => {
    const line = parseLine(template, row, at + 2);
    if (seen.has(line.reference)) throw inputError('file', 'bank.twice', { line: at + 2, reference: line.reference });
    seen.add(line.reference);
    return line;
  });
  if (lines.length !== Number(count)) throw inputError('file', 'bank.count', { given: lines.length, said: Number(count) });
  const sum = lines.reduce((fen, line) => fen + line.amountFen, 0);
  if (sum !== amountOf(total ?? '', 1)) throw inputError('file', 'bank.total');
  return { batchNumber, date, lines };
}

function parseLine(template: BankTemplate, row: string, number: number): BankAnswerLine {
  const [reference, amount, status, reasonCode, reason, bankSerial] = row.split(template.separator).map((cell) => cell.trim());
  const known = status === '成功' || status === '失败';
  if (!reference || !amount || !known || (status === '失败' && !reasonCode && !reason)) throw inputError('file', 'bank.line', { line: number });
  return {
    reference,
    amountFen: amountOf(amount, number),
    status: status === '成功' ? 'success' : 'failed',
    ...(reasonCode ? { reasonCode } : {}),
    ...(reason ? { reason } : {}),
    ...(bankSerial ? { bankSerial } : {}),
  };
}

function amountOf(text: string, line: number): number {
  if (!/^\d{1,12}(\.\d{1,2})?$/.test(text)) throw inputError('file', 'bank.line', { line });
  const fen = parseYuan(text);
  if (fen === undefined) throw inputError('file', 'bank.line', { line });
  return fen;
}
