/** What the database itself refuses about grants, whatever the program says. */
import type { Knex } from 'knex';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { closeDatabase, openDatabase } from '../../db/client.ts';
import fujian from '../../db/regions/fujian.json' with { type: 'json' };
import { saveRegions } from '../../db/regions.ts';
import { roles, isAdministratorRole } from '../../workflows/domain/roles.ts';
import { passwordFault } from '../../workflows/domain/people/passwords.ts';
import { isOutsideRole } from '../../workflows/domain/tasks.ts';
import { freshDatabase } from '../support/servers.ts';

let database: Awaited<ReturnType<typeof freshDatabase>>;
let owner: Knex;
let app: Knex;
let serial = 0;
let institution: string;

beforeAll(async () => {
  database = await freshDatabase();
  owner = openDatabase(database.url, { owner: true, max: 4 });
  app = openDatabase(database.url, { max: 6 });
  await saveRegions(owner, fujian);
  const [row] = await owner('institutions')
    .insert({ credit_code: '52350104MJC0000001', name: '示范学校', kind: 'training', region: '350104' })
    .returning('id');
  institution = row.id;
});
afterAll(async () => {
  if (app) await closeDatabase(app);
  if (owner) await closeDatabase(owner);
  await database?.drop();
});

async function user(institutionId: string | null = null): Promise<string> {
  serial += 1;
  const [row] = await app('users')
    .insert({ login: `user-${serial}`, name: '某某', region: '350104', institution_id: institutionId })
    .returning('id');
  return row.id;
}

const grant = (user_id: string, role: string, more: Record<string, unknown> = {}) =>
  app('grants').insert({ user_id, role, region: '350104', ...more });
const refused = (constraint: string) => expect.objectContaining({ code: '23514', constraint });

describe('[F37] walls in the database', () => {
  test('[F37] an administrator role goes with no other role, in either order, for every role there is', async () => {
    for (const administrator of roles.filter(isAdministratorRole)) {
      for (const other of roles.filter((role) => role !== administrator && !isOutsideRole(role))) {
        const [one, two] = [await user(), await user()];
        await grant(one, administrator);
        await expect(grant(one, other), `${administrator} + ${other}`).rejects.toEqual(refused('grants_administrators_apart'));
        await grant(two, other);
        await expect(grant(two, administrator), `${other} + ${administrator}`).rejects.toEqual(refused('grants_administrators_apart'));
      }
    }
  });

  test('[F37] one after the other is allowed, at the same time is not', async () => {
    const person = await user();
    await grant(person, 'approver', { valid_from: '2026-01-01', valid_to: '2026-06-01' });
    await expect(grant(person, 'system_admin', { valid_from: '2026-05-31' })).rejects.toEqual(refused('grants_administrators_apart'));
    await grant(person, 'system_admin', { valid_from: '2026-06-01' });
    await expect(app('grants').where({ user_id: person, role: 'approver' }).update({ valid_to: null })).rejects.toEqual(
      refused('grants_administrators_apart'),
    );
  });

  test('[F37] of two grants at once that exclude each other one is made', async () => {
    for (let round = 0; round < 5; round += 1) {
      const person = await user();
      const done = await Promise.allSettled([grant(person, 'audit_admin'), grant(person, 'approver')]);
      expect(done.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    }
  });

  test('[F37] institutions’ roles are for institutions’ accounts, offices’ roles for the others', async () => {
    const [inside, office] = [await user(institution), await user()];
    await expect(grant(inside, 'approver')).rejects.toEqual(refused('grants_office_account'));
    await expect(grant(office, 'institution')).rejects.toEqual(refused('grants_institution_account'));
    await expect(grant(office, 'assessor')).rejects.toEqual(refused('grants_institution_account'));
    await grant(inside, 'institution');
    await expect(app('users').where({ id: inside }).update({ institution_id: null })).rejects.toEqual(refused('users_institution_fixed'));
  });

  test('[F37] who asks, who confirms and who benefits are three people', async () => {
    const [a, b, c] = [await user(), await user(), await user()];
    const base = { role: 'inspector', region: '350104', valid_from: '2026-03-02', reason: '任命', requested_at: new Date() };
    const ask = async (more: Record<string, unknown>): Promise<string> =>
      (
        await app('grant_requests')
          .insert({ ...base, ...more })
          .returning('id')
      )[0].id;
    await expect(ask({ user_id: a, requested_by: a })).rejects.toEqual(refused('grant_requests_not_to_oneself'));
    const id = await ask({ user_id: c, requested_by: a });
    const decide = (by: string) =>
      app('grant_requests').where({ id }).update({ status: 'confirmed', decided_by: by, decided_at: new Date() });
    await expect(decide(a)).rejects.toEqual(refused('grant_requests_two_people'));
    await expect(decide(c)).rejects.toEqual(refused('grant_requests_not_by_beneficiary'));
    const made = { granted_by: a, confirmed_by: b, request_id: id, valid_from: '2026-03-02' };
    await expect(grant(c, 'inspector', made)).rejects.toEqual(refused('grants_as_confirmed'));
    await decide(b);
    await expect(grant(c, 'approver', made)).rejects.toEqual(refused('grants_as_confirmed'));
    await expect(grant(c, 'inspector', { ...made, confirmed_by: a })).rejects.toMatchObject({ code: '23514' });
    await grant(c, 'inspector', made);
    await expect(grant(c, 'inspector', made)).rejects.toMatchObject({ code: '23505' });
    await expect(grant(b, 'inspector', { granted_by: b })).rejects.toMatchObject({ code: '23514' });
  });

  test('[F37] the program can neither delete a grant nor give it to somebody else', async () => {
    const person = await user();
    await grant(person, 'inspector');
    const denied = expect.objectContaining({ code: '42501' });
    await expect(app('grants').where({ user_id: person }).delete()).rejects.toEqual(denied);
    await expect(app('grants').where({ user_id: person }).update({ role: 'approver' })).rejects.toEqual(denied);
    await expect(app('users').where({ id: person }).delete()).rejects.toEqual(denied);
    await expect(app('audit_log').update({ act: 'forged' })).rejects.toEqual(denied);
  });
});

describe('passwords', () => {
  const person = { login: 'wangmin', name: '王敏' };
  test.each([
    ['Abcdef1', 'password.weak'],
    ['abcdefghijk', 'password.weak'],
    ['abcdefg8', 'password.weak'],
    ['xWANGMINx-99', 'password.own'],
    ['我是王敏我是王敏我是王敏', 'password.own'],
    ['P@ssw0rd2026!!', 'password.common'],
    ['aaaaaaaaaaaaA1', 'password.common'],
    ['x'.repeat(201), 'password.long'],
    ['Kuang-7zhe', undefined],
    ['correct horse battery', undefined],
    ['床前明月光疑是地上霜举头', undefined],
  ])('%s', (password, code) => {
    expect(passwordFault(password, person)).toBe(code);
  });
});
