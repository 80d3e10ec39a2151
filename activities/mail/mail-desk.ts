/**
 * The mail desk: takes queued mails and sends them by SMTP, html and text. Without a mail server they are kept and shown to the
 * administrator. A mail that cannot be sent is tried again with growing pauses, at most eight times.
 */
import { randomBytes } from 'node:crypto';
import type { Knex } from 'knex';
import nodemailer, { type Transporter } from 'nodemailer';
import type { Logger } from 'pino';
import { inTransaction, type Trx } from '../../db/client.ts';
import { type QueuedMail, settleMail, takeMails } from '../../db/mails.ts';
import { hashToken } from '../../db/accounts/sessions.ts';
import { keepMailedToken } from '../../db/accounts/setup-links.ts';
import { renderMail } from './mail-templates.ts';

const POLL_MS = 2_000;
const BATCH = 20;
const MOST_ATTEMPTS = 8;

export type MailDesk = { stop(): Promise<void> };
export type MailDeskOptions = { db: Knex; smtpUrl: string | undefined; baseUrl: string; log: Logger };

export function startMailDesk(options: MailDeskOptions): MailDesk {
  const transport = options.smtpUrl ? nodemailer.createTransport(options.smtpUrl) : undefined;
  let stopped = false;
  let wake: () => void = () => undefined;
  const running = (async () => {
    while (!stopped) {
      const sent = await sendBatch(options, transport).catch((error: Error) => {
        options.log.warn({ error: error.name }, 'mail desk: turn failed');
        return 0;
      });
      if (sent === 0 && !stopped) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, POLL_MS);
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
    }
  })();
  return {
    async stop() {
      stopped = true;
      wake();
      await running;
      transport?.close();
    },
  };
}

async function sendBatch({ db, baseUrl, log }: MailDeskOptions, transport: Transporter | undefined): Promise<number> {
  return inTransaction(db, async (trx) => {
    const mails = await takeMails(trx, BATCH);
    for (const mail of mails) {
      // What is kept never holds the link of a set-up: it is made here, goes out, and only its hash stays.
      const content = renderMail(mail, baseUrl);
      if (!transport || !mail.address) {
        await settleMail(trx, mail.id, { status: 'kept', ...content });
        continue;
      }
      const setUpToken = mail.template === 'set_up' ? await makeSetUpToken(trx, String(mail.params.setUp)) : undefined;
      try {
        await transport.sendMail(letter(mail, setUpToken ? renderMail(mail, baseUrl, setUpToken) : content, mail.address));
        await settleMail(trx, mail.id, { status: 'sent', ...content });
      } catch (error) {
        log.warn({ mail: mail.id, error: (error as Error).name }, 'mail desk: not sent');
        await settleMail(trx, mail.id, { status: mail.attempts + 1 >= MOST_ATTEMPTS ? 'failed' : 'again' });
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
