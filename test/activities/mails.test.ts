/** Mails leave by a real SMTP server, html and text, in the reader's language; without one they are kept. */
import type { Knex } from 'knex';
import type { AddressObject } from 'mailparser';
import pino from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startMailDesk } from '../../activities/correspondence/mail-desk.ts';
import { closeDatabase, inTransaction, openDatabase } from '../../db/client.ts';
import { loadDemonstration } from '../../db/demonstration/load.ts';
import { listMails, queueMails } from '../../db/correspondence/mails.ts';
import { type MailServer, openMailServer } from '../support/mail-server.ts';
import { freshDatabase } from '../support/servers.ts';

let database: Awaited<ReturnType<typeof freshDatabase>>;
let db: Knex;
let server: MailServer;
const log = pino({ level: 'silent' });

beforeAll(async () => {
  database = await freshDatabase();
  db = openDatabase(database.url);
  await loadDemonstration(db, { passwordHash: 'none', clockSpeed: 1 });
  server = await openMailServer();
});

afterAll(async () => {
  await server?.close();
  await closeDatabase(db);
  await database.drop();
});

async function queue(login: string, occasion: string): Promise<void> {
  const user = await db('users').where({ login }).first('id');
  await inTransaction(db, (trx) =>
    queueMails(trx, [user.id, user.id], {
      template: 'overdue',
      params: { number: '350104-2026-00001', title: '电工（三级）', task: 'class-1/pre_training.first_review/1' },
      occasion,
    }),
  );
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + 15_000;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error('it did not happen in time');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

test('a mail is sent once per person and occasion, with subject, html and text', async () => {
  await queue('cs-supervise-1', 'occasion-1');
  await queue('cs-supervise-1', 'occasion-1');
  const desk = startMailDesk({ db, smtpUrl: server.url, baseUrl: 'https://shiming.example', log });
  await until(async () => server.received.length > 0);
  await desk.stop();
  expect(server.received).toHaveLength(1);
  const [mail] = server.received;
  expect(mail?.subject).toBe('超期：350104-2026-00001');
  expect((mail?.to as AddressObject | undefined)?.text).toBe('cs-supervise-1@demo.invalid');
  expect(mail?.text).toContain('https://shiming.example/tasks/class-1/pre_training.first_review/1');
  expect(mail?.html).toContain('电工（三级）');
  expect((await listMails(db, ['350000'], { size: 10 })).mails.map((row) => row.status)).toEqual(['sent']);
});

test('a mail is in the language of its reader', async () => {
  await db('users').where({ login: 'cs-supervise-2' }).update({ locale: 'en' });
  await queue('cs-supervise-2', 'occasion-2');
  const desk = startMailDesk({ db, smtpUrl: server.url, baseUrl: 'https://shiming.example', log });
  await until(async () => server.received.length > 1);
  await desk.stop();
  expect(server.received[1]?.subject).toBe('Overdue: 350104-2026-00001');
});

test('without a mail server a mail is kept; with one that does not answer it is tried again', async () => {
  await queue('cs-approve-1', 'occasion-3');
  const silent = startMailDesk({ db, smtpUrl: 'smtp://127.0.0.1:1', baseUrl: 'https://shiming.example', log });
  await until(async () => (await db('mails').where({ status: 'queued' }).where('attempts', '>', 0).first('id')) !== undefined);
  await silent.stop();
  await db('mails').where({ status: 'queued' }).update({ next_at: db.fn.now() });
  const desk = startMailDesk({ db, smtpUrl: undefined, baseUrl: 'https://shiming.example', log });
  await until(async () => (await db('mails').where({ status: 'kept' }).first('id')) !== undefined);
  await desk.stop();
  const kept = await db('mails').where({ status: 'kept' }).first();
  expect(kept.subject).toContain('350104-2026-00001');
  expect(server.received).toHaveLength(2);
});
