/** Reminders of one reader and one morning go out as one mail, by a real SMTP server. */
import type { Knex } from 'knex';
import pino from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startMailDesk } from '../../activities/correspondence/mail-desk.ts';
import { closeDatabase, inTransaction, openDatabase } from '../../db/client.ts';
import { loadDemonstration } from '../../db/demonstration/load.ts';
import { queueMails } from '../../db/correspondence/mails.ts';
import { type MailServer, openMailServer } from '../support/mail-server.ts';
import { freshDatabase } from '../support/servers.ts';

let database: Awaited<ReturnType<typeof freshDatabase>>;
let db: Knex;
let server: MailServer;

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

async function queue(login: string, serial: number, more: { digest?: string; template?: 'reminder' | 'overdue' } = {}): Promise<void> {
  const user = await db('users').where({ login }).first('id');
  await inTransaction(db, (trx) =>
    queueMails(trx, [user.id], {
      template: more.template ?? 'reminder',
      params: { number: `350104-2026-0000${serial}`, title: '电工（三级）', task: `class-${serial}/pre_training.first_review/1` },
      occasion: `task-${serial}/${more.template ?? 'reminder'}`,
      digest: more.digest,
    }),
  );
}

/** Runs the mail desk until nothing whose turn has come is left. */
async function send(): Promise<void> {
  const desk = startMailDesk({ db, smtpUrl: server.url, baseUrl: 'https://shiming.example', log: pino({ level: 'silent' }) });
  for (const end = Date.now() + 15_000; ; await new Promise((resolve) => setTimeout(resolve, 50))) {
    const [row] = await db('mails').where({ status: 'queued' }).whereRaw('next_at <= now()').count('* as n');
    if (Number(row?.['n']) === 0) break;
    if (Date.now() > end) throw new Error('the mail desk did not finish');
  }
  await desk.stop();
}

const turnCome = () => db('mails').where({ status: 'queued' }).update({ next_at: db.fn.now() });

test('[F04] reminders of one morning wait for each other and go out as one mail with numbers and links, no names', async () => {
  for (const serial of [1, 2]) await queue('cs-first-1', serial, { digest: '2026-03-05' });
  await queue('cs-first-1', 3, { digest: '2026-03-05', template: 'overdue' });
  await queue('cs-second-1', 4, { digest: '2026-03-05' });
  await send();
  expect(server.received).toHaveLength(0);
  await turnCome();
  await send();
  expect(server.received).toHaveLength(2);
  const digest = server.received.find((mail) => mail.subject === '今日提醒：3 件');
  for (const serial of [1, 2, 3]) {
    expect(digest?.text).toContain(`350104-2026-0000${serial}`);
    expect(digest?.html).toContain(`https://shiming.example/tasks/class-${serial}/pre_training.first_review/1`);
  }
  expect(digest?.text).not.toContain('电工');
  // Who has only one gets it as it is.
  expect(server.received.find((mail) => mail !== digest)?.subject).toBe('即将到期：350104-2026-00004');
  const rows = await db('mails').orderBy('created_at').select('status', 'merged_into', 'params');
  expect(rows.map(({ status }) => status).sort()).toEqual(['merged', 'merged', 'sent', 'sent']);
  expect(new Set(rows.filter(({ merged_into: into }) => into).map(({ merged_into: into }) => into)).size).toBe(1);
});

test('[F04] a digest that cannot be sent keeps its parts, and another day is another digest', async () => {
  await queue('cs-approve-1', 5, { digest: '2026-03-05' });
  await queue('cs-approve-1', 6, { digest: '2026-03-05' });
  await queue('cs-approve-1', 7, { digest: '2026-03-06' });
  await turnCome();
  server.refusing = true;
  await send();
  expect((await db('mails').where({ status: 'queued' })).length).toBe(3);
  server.refusing = false;
  await turnCome();
  await send();
  expect(
    server.received
      .slice(2)
      .map((mail) => mail.subject)
      .sort(),
  ).toEqual(['今日提醒：2 件', '即将到期：350104-2026-00007'].sort());
  expect((await db('mails').where({ status: 'queued' })).length).toBe(0);
});
