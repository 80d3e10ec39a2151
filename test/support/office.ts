/** The whole product in the test's process, on a database of its own and the real Temporal: pages, worker, relay, simulators. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Knex } from 'knex';
import { inject } from 'vitest';
import { closeDatabase, openDatabase } from '../../db/client.ts';
import type { ReconcilerTurns } from '../../activities/relay/reconciler.ts';
import { type Product, startProduct } from '../../start/product.ts';
import { type Person, signIn } from '../../start/demonstration/person.ts';
import { freshDatabase } from './servers.ts';

export type Office = {
  product: Product;
  origin: string;
  taskQueue: string;
  /** As the owner of the schema: for looking, and for planting faults. */
  db: Knex;
  as(login: string): Promise<Person>;
  /** Jumps the business clock to the next deadline, as the page 业务时钟 does. */
  jump(to?: Date): Promise<void>;
  close(): Promise<void>;
};

/** `begin`: where the business clock begins; absent: where the demonstration does. `turns`: whoever has them scheduled removes the schedule. */
export async function openOffice({ begin, turns }: { begin?: Date; turns?: ReconcilerTurns } = {}): Promise<Office> {
  process.env.TEMPORAL_ADDRESS = inject('temporalAddress');
  const database = await freshDatabase();
  const stateDir = mkdtempSync(join(tmpdir(), 'shiming-office-'));
  const taskQueue = `office-${process.pid}-${Date.now()}`;
  const product = await startProduct({
    stateDir,
    databaseUrl: database.url,
    port: 0,
    demo: true,
    clockSpeed: 1,
    begin,
    taskQueue,
    turns,
    workflowBundle: { codePath: inject('bundlePath') },
    log: () => undefined,
  });
  const db = openDatabase(database.url, { owner: true, max: 5 });
  const people = new Map<string, Promise<Person>>();
  const office: Office = {
    product,
    origin: product.url,
    taskQueue,
    db,
    as(login) {
      const known = people.get(login) ?? signIn(product.url, login);
      people.set(login, known);
      return known;
    },
    async jump(to) {
      const admin = await office.as('system-1');
      const answer = await admin.post('/clock/jump', to ? { to: to.toISOString() } : {});
      if (answer.status !== 200) throw new Error(`the clock did not jump: ${JSON.stringify(answer.body)}`);
    },
    async close() {
      await closeDatabase(db);
      await product.stop();
      await database.drop();
      rmSync(stateDir, { recursive: true, force: true });
    },
  };
  return office;
}

/** Has two people put a pack in force, as a county does. Throws with what was answered. */
export async function putInForce(office: Pick<Office, 'as'>, pack: object): Promise<void> {
  const made = await (await office.as('cs-catalogue-1')).post<{ uploadId: string }>('/packs', pack);
  const confirmed = await (await office.as('cs-catalogue-2')).post(`/packs/uploads/${made.body.uploadId}/confirm`, { from: '2026-03-02' });
  if (confirmed.status !== 200) throw new Error(`the pack is not in force: ${JSON.stringify([made.body, confirmed.body])}`);
}
