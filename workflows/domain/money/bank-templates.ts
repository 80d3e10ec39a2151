/**
 * How a bank wants the batch payment file (批量代发) and writes its answer. Banks agree on the content and differ in order, separators and
 * marks, so these are templates.
 */
export type BankTemplate = {
  id: string;
  name: string;
  separator: '|' | ',' | '\t' | ';';
  lineEnd: '\r\n' | '\n';
  /** Some banks want a separator after the last field too. */
  trailingSeparator: boolean;
  dates: 'YYYYMMDD' | 'YYYY-MM-DD';
  amounts: 'yuan' | 'fen';
  batch: { headerMark: string; header: readonly BatchHeaderField[]; lineMark: string; line: readonly BatchLineField[] };
  answer: {
    headerMark: string;
    header: readonly AnswerHeaderField[];
    lineMark: string;
    line: readonly AnswerLineField[];
    /** Words for the two results; the first of each is written. Any other word is an error: it never counts as paid. */
    success: readonly [string, ...string[]];
    failed: readonly [string, ...string[]];
  };
};

export type BatchHeaderField = 'batchNumber' | 'date' | 'count' | 'total' | 'payerName' | 'payerAccount' | 'currency';
export type BatchLineField = 'serial' | 'account' | 'name' | 'bank' | 'amount' | 'purpose' | 'reference';
export type AnswerHeaderField =
  | 'batchNumber'
  | 'date'
  | 'count'
  | 'total'
  | 'successCount'
  | 'successTotal'
  | 'failedCount'
  | 'failedTotal';
export type AnswerLineField =
  | 'serial'
  | 'reference'
  | 'amount'
  | 'status'
  | 'reasonCode'
  | 'reason'
  | 'bankSerial'
  | 'time'
  | 'account'
  | 'name';

/** The form that most banks here take: marked lines with `|`, totals at the top. */
export const defaultBankTemplate: BankTemplate = {
  id: 'common',
  name: '通用批量代发格式',
  separator: '|',
  lineEnd: '\r\n',
  trailingSeparator: false,
  dates: 'YYYYMMDD',
  amounts: 'yuan',
  batch: {
    headerMark: 'F',
    header: ['batchNumber', 'date', 'currency', 'count', 'total', 'payerAccount', 'payerName'],
    lineMark: 'D',
    line: ['serial', 'account', 'name', 'bank', 'amount', 'purpose', 'reference'],
  },
  answer: {
    headerMark: 'R',
    header: ['batchNumber', 'date', 'count', 'total', 'successCount', 'successTotal', 'failedCount', 'failedTotal'],
    lineMark: 'D',
    line: ['serial', 'reference', 'amount', 'status', 'reasonCode', 'reason', 'bankSerial', 'time'],
    success: ['S', '成功', '00'],
    failed: ['F', '失败', '01'],
  },
};

/** A plainer one without marks: commas, a comma at the end, amounts in fen. */
export const commaBankTemplate: BankTemplate = {
  id: 'comma',
  name: '逗号分隔格式',
  separator: ',',
  lineEnd: '\n',
  trailingSeparator: true,
  dates: 'YYYY-MM-DD',
  amounts: 'fen',
  batch: {
    headerMark: '',
    header: ['count', 'total', 'batchNumber', 'date'],
    lineMark: '',
    line: ['reference', 'name', 'account', 'bank', 'amount', 'purpose'],
  },
  answer: {
    headerMark: '',
    header: ['batchNumber', 'count', 'total'],
    lineMark: '',
    line: ['reference', 'name', 'amount', 'status', 'reason', 'bankSerial', 'time'],
    success: ['成功'],
    failed: ['失败', '退票'],
  },
};

export const bankTemplates: readonly BankTemplate[] = [defaultBankTemplate, commaBankTemplate];
