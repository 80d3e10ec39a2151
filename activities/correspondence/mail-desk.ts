/**
 * The mail desk: takes queued mails and sends them by SMTP, html and text. Without a mail server they are kept and shown to the
 * administrator. Those of one reader and one morning go out as one. A mail that cannot be sent is tried again with growing pauses, at most eight times.
 */
import { randomBytes } from 'node:crypto';
import type { Knex } from 'knex';
import nodemailer, { type Transporter } from 'nodemailer';
import type { Logger } from 'pino';
import { inTransaction, type Trx } from '../../db/client.ts';
import { mergeMails, type QueuedMail, settleMail, takeMails, takeSiblings } from '../../db/correspondence/mails.ts';
import { mostAttempts } from '../../db/correspondence/attempts.ts';
import { findInForce } from '../../db/correspondence/letter-versions.ts';
import { renderDigest, renderMail } from '../../db/correspondence/letters.ts';
import { hashToken } from '../../db/accounts/sessions.ts';
import { keepMailedToken } from '../../db/accounts/setup-links.ts';
import { type Desk, startDesk } from './polling.ts';

const BATCH = 20;

export type MailDeskOptions = { db: Knex; smtpUrl: string | undefined; baseUrl: string; log: Logger };

export function startMailDesk(options: MailDeskOptions): Desk {
  const transport = options.smtpUrl ? nodemailer.createTransport(options.smtpUrl) : undefined;
  const desk = startDesk('mail desk', options.log, () => sendBatch(options, transport));
  return {
    async stop() {
      await desk.stop();
      transport?.close();
    },
  };
}

async function sendBatch({ db, baseUrl, log }: MailDeskOptions, transport: Transporter | undefined): Promise<number> {
  return inTransaction(db, async (trx) => {
    const mails = await takeMails(trx, BATCH);
    const paper = { baseUrl, inForce: mails.length > 0 ? await findInForce(trx, 'mail') : new Map() };
    const merged = new Set<string>();
    for (const mail of mails) {
      if (merged.has(mail.id)) continue;
      const siblings = await takeSiblings(trx, mail);
      for (const { id } of siblings) merged.add(id);
      const tellOfAll = async (): Promise<void> =>
        mergeMails(
          trx,
          siblings.map(({ id }) => id),
          mail.id,
        );
      // What is kept never holds the link of a set-up: it is made here, goes out, and only its hash stays.
      const content = siblings.length > 0 ? renderDigest([mail, ...siblings], paper) : renderMail(mail, paper);
      if (!transport || !mail.address) {
        await settleMail(trx, mail.id, { status: 'kept', ...content });
        await tellOfAll();
        continue;
      }
      const setUpToken = mail.template === 'set_up' ? await makeSetUpToken(trx, String(mail.params.setUp)) : undefined;
      try {
        await transport.sendMail(letter(mail, setUpToken ? renderMail(mail, { ...paper, setUpToken }) : content, mail.address));
        await settleMail(trx, mail.id, { status: 'sent', ...content });
        await tellOfAll();
      } catch (error) {
        log.warn({ mail: mail.id, error: (error as Error).name }, 'mail desk: not sent');
        await settleMail(trx, mail.id, { status: mail.attempts + 1 >= mostAttempts ? 'failed' : 'again' });
      }
    }
    return mails.length;
  });
}

/** Undefined when the link was used, replaced or is past its time. */
async function makeSetUpToken(trx: Trx, linkId: string): Promise<string | undefined> {
  const token = randomBytes(32).toString('base64url');
  return (await keepMailedToken(trx, linkId, hashToken(token))) ? token : undefined;
}

function letter(mail: QueuedMail, content: { subject: string; html: string; body: string }, address: string) {
  // The message id makes a mail that was sent twice after a crash recognisable to the receiving server.
  return {
    from: 'shiming@localhost',
    to: address,
    messageId: `<${mail.id}@shiming>`,
    subject: content.subject,
    html: content.html,
    text: content.body,
  };
}
