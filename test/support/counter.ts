/** The API alone on a database of its own with the cases of `cases.ts`: as a program and as a browser meets it. No Temporal, no worker. */
import { randomBytes } from 'node:crypto';
import type { Knex } from 'knex';
import pino from 'pino';
import { readApiConfig } from '../../api/config.ts';
import { startApi } from '../../api/server.ts';
import { closeDatabase, openDatabase } from '../../db/client.ts';
import { openVault } from '../../db/vault.ts';
import { type Person, person } from '../../start/demonstration/person.ts';
import type { Ask } from '../../workflows/domain/procedures.ts';
import { type Cases, firstReview, openCases } from './by-hand/cases.ts';
import { freshDatabase } from './servers.ts';

export type BrowserAnswer = { status: number; html: string; location: string | null };
export type CounterOfTests = {
  origin: string;
  db: Knex;
  cases: Cases;
  as(login: string): Promise<Person>;
  /** With a cookie; a form is posted, redirects are not followed. */
  browse(login: string, path: string, form?: Record<string, string>): Promise<BrowserAnswer>;
  /** A procedure that waits for one review. */
  openReview(): Promise<{ id: string; taskId: string }>;
  close(): Promise<void>;
};

/** A review of no stage of a class: what belongs to a class is tested where its rules are. */
export const plainReview: Ask = { ...firstReview, step: 'review.first_review' };

export async function openCounter(): Promise<CounterOfTests> {
  const database = await freshDatabase();
  const db = openDatabase(database.url, { max: 15 });
  const vault = openVault({ keys: { k1: randomBytes(32) }, currentKid: 'k1', indexKey: randomBytes(32) });
  const cases = await openCases(db, vault);
  const config = readApiConfig({ port: 0, demo: true, strict: true, secret: randomBytes(32) }, {});
  const api = await startApi({ db, vault, config, log: pino({ level: 'silent' }), checks: {} });
  const people = new Map<string, Person>();

  async function as(login: string): Promise<Person> {
    const known = people.get(login) ?? person(api.url, login, await cases.token(login));
    people.set(login, known);
    return known;
  }

  return {
    origin: api.url,
    db,
    cases,
    as,
    async browse(login, path, form) {
      const { token } = await as(login);
      const response = await fetch(`${api.url}${path}`, {
        headers: {
          accept: 'text/html',
          cookie: `shiming-session=${token}`,
          ...(form ? { 'content-type': 'application/x-www-form-urlencoded' } : {}),
        },
        redirect: 'manual',
        ...(form ? { method: 'POST', body: new URLSearchParams({ _csrf: 'csrf', ...form }) } : {}),
      });
      return { status: response.status, html: await response.text(), location: response.headers.get('location') };
    },
    async openReview() {
      const { id, taskIds } = await cases.open([plainReview]);
      return { id, taskId: taskIds[0] ?? '' };
    },
    async close() {
      await api.close();
      await closeDatabase(db);
      await database.drop();
    },
  };
}
