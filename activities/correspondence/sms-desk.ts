/**
 * The SMS desk: takes waiting messages one by one, opens the number, hands them to the gateway. Without a gateway they are kept and shown to the
 * administrator. No answer means another try under the same id with growing pauses, at most eight times; a refused number is not tried again.
 */
import type { Knex } from 'knex';
import type { Logger } from 'pino';
import { inTransaction } from '../../db/client.ts';
import { mostAttempts } from '../../db/correspondence/attempts.ts';
import { findInForce } from '../../db/correspondence/letter-versions.ts';
import { renderSms } from '../../db/correspondence/letters.ts';
import { type QueuedSms, settleSms, type SmsResult, takeSms } from '../../db/correspondence/sms.ts';
import { placeOf, type Vault } from '../../db/vault.ts';
import type { SmsGateway } from '../connectors/sms.ts';
import { type Desk, startDesk } from './polling.ts';

export type SmsDeskOptions = { db: Knex; vault: Vault; gateway: SmsGateway | undefined; log: Logger };

export function startSmsDesk(options: SmsDeskOptions): Desk {
  return startDesk('sms desk', options.log, () => sendOne(options));
}

async function sendOne({ db, vault, gateway, log }: SmsDeskOptions): Promise<number> {
  return inTransaction(db, async (trx) => {
    const sms = await takeSms(trx);
    if (!sms) return 0;
    const letter = renderSms(sms.template, { locale: sms.locale, params: sms.params, inForce: await findInForce(trx, 'sms') });
    const result = gateway ? await hand(vault, gateway, sms, letter.text) : ({ status: 'kept' } as const);
    if ('failure' in result) log.warn({ sms: sms.id, failure: result.failure }, 'sms desk: not sent');
    await settleSms(trx, sms, result, letter);
    return 1;
  });
}

async function hand(vault: Vault, gateway: SmsGateway, sms: QueuedSms, text: string): Promise<SmsResult> {
  const phone = openPhone(vault, sms);
  if (phone === undefined) return { status: 'failed', failure: sms.phone_sealed === null ? 'no number' : 'number unreadable' };
  const answer = await gateway({ id: sms.id, phone, text });
  switch (answer.result) {
    case 'accepted':
      return { status: 'sent', reference: answer.reference, simulated: answer.simulated };
    case 'refused':
      return { status: 'refused', failure: answer.cause, simulated: answer.simulated };
    case 'none':
      return { status: sms.attempts + 1 >= mostAttempts ? 'failed' : 'again', failure: answer.cause };
  }
}

function openPhone(vault: Vault, sms: QueuedSms): string | undefined {
  try {
    return sms.phone_sealed === null
      ? undefined
      : vault.open(placeOf('institutions', 'contact_phone_sealed', sms.institution_id), sms.phone_sealed);
  } catch {
    return undefined;
  }
}
