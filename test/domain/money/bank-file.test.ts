import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type AnswerLine,
  type BankAnswer,
  formatBankAnswer,
  formatBatchFile,
  type PaymentBatch,
  parseBankAnswer,
  returnReasons,
} from '../../../workflows/domain/money/bank-file.ts';
import { bankTemplates, commaBankTemplate, defaultBankTemplate } from '../../../workflows/domain/money/bank-templates.ts';
import { InputError } from '../../../workflows/domain/errors.ts';

const batch: PaymentBatch = {
  batchNumber: '350104-2026-0001',
  date: '2026-05-08',
  payerName: '仓山区人力资源和社会保障局',
  payerAccount: '35001234567890',
  lines: [
    {
      serial: 1,
      reference: 'B1-0001',
      account: '6228480000000000017',
      name: '李芳',
      bank: '中国农业银行',
      amountFen: 84_000,
      purpose: '职业培训补贴',
    },
    {
      serial: 2,
      reference: 'B1-0002',
      account: '6222020000000000025',
      name: '阿卜杜·热合曼',
      bank: '工行|城南',
      amountFen: 70_005,
      purpose: '职业培训补贴',
    },
  ],
};
const answer: BankAnswer = {
  batchNumber: '350104-2026-0001',
  date: '2026-05-09',
  lines: [
    { reference: 'B1-0001', amountFen: 84_000, status: 'success', bankSerial: 'N77', time: '2026-05-09T10:02:03+08:00' },
    {
      reference: 'B1-0002',
      amountFen: 70_005,
      status: 'failed',
      reasonCode: 'R01',
      reason: '账号户名不符',
      bankSerial: 'N78',
      time: '2026-05-09T10:02:04+08:00',
    },
  ],
};

function issuesOf(act: () => unknown): unknown[] {
  try {
    act();
  } catch (error) {
    if (error instanceof InputError) return error.issues.map((issue) => [issue.code, issue.params?.line ?? null]);
    throw error;
  }
  return [];
}
const problems = (text: string, sent?: { reference: string; amountFen: number }[]) =>
  issuesOf(() => parseBankAnswer(defaultBankTemplate, text, sent));

test('[F28] the payment file has a header with count and total, and one line per payment', () => {
  expect(formatBatchFile(defaultBankTemplate, batch)).toBe(
    [
      'F|350104-2026-0001|20260508|CNY|2|1540.05|35001234567890|仓山区人力资源和社会保障局',
      'D|1|6228480000000000017|李芳|中国农业银行|840.00|职业培训补贴|B1-0001',
      'D|2|6222020000000000025|阿卜杜·热合曼|工行 城南|700.05|职业培训补贴|B1-0002',
      '',
    ].join('\r\n'),
  );
  expect(formatBatchFile(commaBankTemplate, batch).split('\n').slice(0, 2)).toEqual([
    '2,154005,350104-2026-0001,2026-05-08,',
    'B1-0001,李芳,6228480000000000017,中国农业银行,84000,职业培训补贴,',
  ]);
});

test('[F28] a name with the separator in it is refused, not bent', () => {
  const [line] = batch.lines;
  if (!line) throw new Error('no line');
  const named = (name: string) => issuesOf(() => formatBatchFile(defaultBankTemplate, { ...batch, lines: [{ ...line, name }] }));
  expect(named('李|芳')).toEqual([['bank.unwritable', 2]]);
  expect(named('李\n芳')).toEqual([['bank.unwritable', 2]]);
});

test('[F28] the answer of the simulator is read back, in every template', () => {
  expect(formatBankAnswer(defaultBankTemplate, answer)).toBe(
    [
      'R|350104-2026-0001|20260509|2|1540.05|1|840.00|1|700.05',
      'D|1|B1-0001|840.00|S|||N77|20260509100203',
      'D|2|B1-0002|700.05|F|R01|账号户名不符|N78|20260509100204',
      '',
    ].join('\r\n'),
  );
  expect(parseBankAnswer(defaultBankTemplate, formatBankAnswer(defaultBankTemplate, answer), batch.lines.slice())).toEqual(answer);

  const line: fc.Arbitrary<Omit<AnswerLine, 'reference'>> = fc
    .record({ amountFen: fc.integer({ min: 1, max: 1_000_000_000 }), reason: fc.constantFrom(undefined, ...Object.entries(returnReasons)) })
    .map(({ amountFen, reason }) => ({
      amountFen,
      ...(reason ? { status: 'failed' as const, reasonCode: reason[0], reason: reason[1] } : { status: 'success' as const }),
      bankSerial: `S${amountFen}`,
      time: '2026-02-28T23:59:59+08:00',
    }));
  for (const template of bankTemplates) {
    fc.assert(
      fc.property(fc.array(line, { maxLength: 30 }), (list) => {
        const given: BankAnswer = { batchNumber: 'B1', lines: list.map((entry, index) => ({ ...entry, reference: `B1-${index}` })) };
        expect(parseBankAnswer(template, formatBankAnswer(template, given))).toEqual(given);
      }),
    );
  }
});

test('[F28] other words, line ends, grouping of amounts and blank lines of other banks are understood', () => {
  const text =
    '\ufeffR|B1|2026-05-09|2|1,540.05|1|840|1|700.05\n\n D | 1 | B1-0001 | 840 | 成功 |  |  | N77 | 2026-05-09 10:02:03 \nD|2|B1-0002|700.05|失败|R02||N78|\n\u001a';
  expect(parseBankAnswer(defaultBankTemplate, text)).toEqual({
    batchNumber: 'B1',
    date: '2026-05-09',
    lines: [
      { reference: 'B1-0001', amountFen: 84_000, status: 'success', bankSerial: 'N77', time: '2026-05-09T10:02:03+08:00' },
      { reference: 'B1-0002', amountFen: 70_005, status: 'failed', reasonCode: 'R02', reason: '账户已销户', bankSerial: 'N78' },
    ],
  });
});

test('[F28] a malformed answer names each line at fault', () => {
  const head = 'R|B1|20260509|2|1540.05|1|840.00|1|700.05';
  const one = 'D|1|B1-0001|840.00|S|||N77|20260509100203';
  const two = 'D|2|B1-0002|700.05|F|R01|账号户名不符|N78|20260509100204';
  const of = (...lines: string[]) => problems(lines.join('\r\n'));
  expect(of(head, one, two)).toEqual([]);
  expect(of('')).toEqual([['bank.answerMissing', null]]);
  expect(of('你好', one)).toEqual([['bank.head', 1]]);
  expect(of(head.replace('20260509', '20260231'), one, two)).toEqual([['bank.head', 1]]);
  expect(of(head, 'D|1|B1-0001|840.00|S', two)).toEqual([['bank.line', 2]]);
  expect(of(head, one, two.replace('D|', 'X|'))).toEqual([['bank.line', 3]]);
  expect(of(head, one.replace('840.00', '8.4e2'), two)).toEqual([['bank.amount', 2]]);
  expect(of(head, one.replace('|S|', '|?|'), two)).toEqual([['bank.status', 2]]);
  expect(of(head, one.replace('|S|', '||'), two)).toEqual([['bank.status', 2]]);
  expect(of(head, one.replace('100203', '250203'), two)).toEqual([['bank.time', 2]]);
  expect(of(head, one, two.replace('R01|账号户名不符', '|'))).toEqual([['bank.reasonMissing', 3]]);
  expect(of(head, one)).toEqual([
    ['bank.count', 1],
    ['bank.total', 1],
    ['bank.count', 1],
    ['bank.total', 1],
  ]);
  expect(of(head.replace('1540.05', '1540.06'), one, two)).toEqual([['bank.total', 1]]);
  expect(of(head.replace('|1|840', '|2|840'), one, two)).toEqual([['bank.count', 1]]);
  expect(of(head, one, two.replace('B1-0002', 'B1-0001'))).toEqual([['bank.twice', 3]]);
  expect(problems([head, ...Array.from({ length: 500 }, () => 'nonsense')].join('\n'))).toHaveLength(20);
});

test('[F28] held against the batch: unknown references, other amounts and lines without a result', () => {
  const text = formatBankAnswer(defaultBankTemplate, answer);
  expect(problems(text, [{ reference: 'B1-0001', amountFen: 84_000 }])).toEqual([['bank.unknownReference', 3]]);
  expect(
    problems(
      text,
      batch.lines.map((line) => ({ ...line, amountFen: 84_000 })),
    ),
  ).toEqual([['bank.amountDiffers', 3]]);
  expect(problems(text, [...batch.lines, { reference: 'B1-0003', amountFen: 1 }])).toEqual([['bank.incomplete', null]]);
});

test('whatever the text, the reader answers or names a fault', () => {
  const field = fc.oneof(fc.string({ maxLength: 6 }), fc.constantFrom('R', 'D', '|', '\n', '840.00', 'S', 'F', '1', '20260509'));
  for (const template of bankTemplates) {
    fc.assert(
      fc.property(fc.array(field, { maxLength: 60 }), (parts) => {
        expect(() => issuesOf(() => parseBankAnswer(template, parts.join(template.separator)))).not.toThrow();
      }),
    );
  }
});
