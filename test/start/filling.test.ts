/** The province is alive when a demonstration starts: filled by acts, beside visitors, once, and resumed where it was cut off. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { getActor } from '../../db/accounts/account-in-force.ts';
import { countsFor } from '../../db/views/inbox/navigation-counts.ts';
import { findFilling } from '../../db/demonstration/filling.ts';
import { fillProvince } from '../../start/demonstration/filling.ts';
import { createRobot } from '../../start/demonstration/robot.ts';
import { findFaults } from '../faults/invariants.ts';
import { type Office, openOffice } from '../support/office.ts';

let office: Office;
beforeAll(async () => {
  office = await openOffice();
});
afterAll(() => office?.close());

const troubles: string[] = [];
const fill = (more: { classes?: number; say?: (line: string) => void } = {}) =>
  fillProvince({ db: office.db, origin: office.origin, classes: 4, weeks: 3, onTrouble: (error) => troubles.push(error.message), ...more });

const strip = async (): Promise<string> => (await fetch(`${office.origin}/?lang=en`, { headers: { accept: 'text/html' } })).text();

test('[F38] with no classes wanted nothing is filled', async () => {
  expect(await fill({ classes: 0 })).toBeUndefined();
  expect(await office.db('demonstration_filling')).toEqual([]);
  expect(await strip()).not.toContain('Filling the province');
});

test('[F38] a filling that is cut off says on every page how far it is, and goes on from there', { timeout: 120_000 }, async () => {
  const cut = new Error('the process ends');
  let submitted = 0;
  const cutOff = fillProvince({
    db: office.db,
    origin: office.origin,
    classes: 4,
    weeks: 3,
    onTrouble: (error) => {
      throw error;
    },
    say: (line) => {
      if (line.includes('提交') && (submitted += 1) === 2) throw cut;
    },
  });
  await expect(cutOff).rejects.toThrow(cut);
  const before = await findFilling(office.db);
  expect(before).toMatchObject({ planned: 4, until: '2026-03-23' });
  expect(before?.entered).toBeGreaterThan(0);
  expect(await strip()).toContain(`Filling the province: ${before?.entered} of 4 classes`);

  expect(await fill()).toBe('until');
  expect(troubles).toEqual([]);
  const classes = await office.db('classes').select<{ title: string; status: string }[]>('title', 'status');
  expect(new Set(classes.map(({ title }) => title)).size).toBe(4);
  expect(classes).toHaveLength(4);
  expect(new Set(classes.map(({ status }) => status)).size).toBeGreaterThan(1);
  expect((await findFaults(office.db)).filter((fault) => !fault.startsWith('classes that did not end'))).toEqual([]);
  expect(await strip()).not.toContain('Filling the province');
  const acts = await office.db('facts').where({ kind: 'decided' }).whereNotNull('actor').count<{ count: string }[]>('* as count');
  expect(Number(acts[0]?.count)).toBeGreaterThan(1);
  const { today } = (await office.db.raw<{ rows: { today: string }[] }>('select business_today()::text as today')).rows[0] ?? { today: '' };
  expect(today).toBe('2026-03-23');
});

test('[F10] the figure beside the inbox counts the own tasks of an institution, not those of its neighbours', async () => {
  let figures = 0;
  for (const { id } of await office.db('users').whereNotNull('institution_id').select<{ id: string }[]>('id')) {
    const actor = await getActor(office.db, id);
    const own = await office
      .db('tasks')
      .where({ institution_id: actor.institutionId, status: 'open' })
      .whereIn(
        'role',
        actor.grants.map((grant) => grant.role),
      );
    expect((await countsFor(office.db, actor))['tasks']).toBe(own.length);
    figures += own.length;
  }
  expect(figures).toBeGreaterThan(0);
});

test('[F38] what was filled once is not filled again', async () => {
  expect(await fill()).toBeUndefined();
  expect(await office.db('classes')).toHaveLength(4);
});

test('[F38] as soon as somebody drafts a class the clock stands still', { timeout: 120_000 }, async () => {
  const other = await openOffice();
  try {
    let entered = 0;
    let clockWhenDrafted = '';
    const options = { db: other.db, origin: other.origin, classes: 6, weeks: 8, onTrouble: (error: Error) => troubles.push(error.message) };
    const visitor = createRobot({ origin: other.origin });
    const now = async () => (await other.db.raw<{ rows: { now: Date }[] }>('select business_now() as now')).rows[0]?.now ?? new Date(0);
    const filling = fillProvince({ ...options, say: () => (entered += 1) });
    while (entered < 3) await new Promise((resolve) => setTimeout(resolve, 50));
    const days = ['2026-06-08', '2026-06-09'];
    await visitor.draftClass({ login: 'kangning-1', title: '访客的班', startDate: '2026-06-08', days, trainees: 2, seed: 77 });
    clockWhenDrafted = (await now()).toISOString();
    expect(await filling).toBe('stopped');
    // At most the step of the clock that was under way.
    expect((await now()).getTime() - Date.parse(clockWhenDrafted)).toBeLessThan(8 * 86_400_000);
    expect(await fillProvince(options)).toBeUndefined();
    expect((await other.db('demonstration_filling').first('ended')).ended).toBe('stopped');
  } finally {
    await other.close();
  }
});
