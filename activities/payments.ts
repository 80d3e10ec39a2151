/** Acts of the office on payment batches. */
import { retryFailedLines } from '../db/money/account-corrections.ts';
import { bankTemplateOf } from '../db/money/bank-answer-files.ts';
import { encodeGb18030 } from '../db/formats/gb18030.ts';
import { closeBatch, getBatchOf, keepBankFile, listBankLines } from '../db/money/payments.ts';
import { placeOf } from '../db/vault.ts';
import { formatBatchFile } from '../workflows/domain/money/bank-file.ts';
import type { SomeActs } from './acts.ts';

const PURPOSE = '职业技能培训补贴';

export const paymentActs = {
  /** Forms the bank file of a released batch, GB 18030. Kept as formed: a repeated act keeps the first. */
  sendBankFile: async ({ trx, procedure, vault }) => {
    const batch = await getBatchOf(trx, procedure.id);
    if (batch.bank_file_sealed) return;
    const lines = (await listBankLines(trx, batch.id)).map((line) => ({
      serial: line.serial,
      account: vault.open(placeOf('enrolments', 'account_sealed', line.enrolmentId), line.accountSealed),
      name: line.name,
      bank: line.bankName,
      amountFen: line.amountFen,
      purpose: PURPOSE,
      reference: line.reference,
    }));
    const text = formatBatchFile(bankTemplateOf(batch), {
      batchNumber: batch.number,
      date: procedure.today,
      payerName: batch.payer_name,
      payerAccount: batch.payer_account,
      lines,
    });
    await keepBankFile(trx, vault, batch.id, encodeGb18030(text));
  },

  closeBatch: async ({ trx, procedure, act }) => closeBatch(trx, procedure, act.code),
  retryFailedLines: async ({ trx, procedure }) => retryFailedLines(trx, procedure.id),
} satisfies SomeActs;
