/** A set-up link that is used, and a role that is asked for or given, in the very same moment: refused as it would have been a moment later, not a fault. Over HTTP. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openProvince, type Province } from '../../support/province.ts';
import { waitForLock } from '../../support/servers.ts';
import { accountsIn, good } from './account-makers.ts';

let province: Province;
beforeAll(async () => {
  province = await openProvince();
}, 120_000);
afterAll(() => province?.close());

const { askForRole, newAccount, outside } = accountsIn(() => province);
const words = { newPassword: good, repeatPassword: good };

test.each(['application/json', 'text/html'])(
  '[F37] a role that is asked for while the link is being used holds the link (%s)',
  { timeout: 60_000 },
  async (accept) => {
    const told = '须由安全管理员放行';
    const { id, login, link } = await newAccount();
    // Whoever uses the link has looked at what it is worth, and waits for its row when the role is asked for.
    const holding = await province.db.transaction();
    let using: ReturnType<typeof outside>;
    try {
      await holding('setup_links').where({ user_id: id }).forUpdate().first('id');
      using = outside(link, words, accept);
      await waitForLock(province.db);
      expect((await askForRole(login, 'approver')).status).toBe(201);
    } finally {
      await holding.rollback();
    }
    const answer = await using;
    expect([answer.status, answer.text.includes(told)]).toEqual([409, true]);
    if (accept === 'application/json') expect(answer.body).toMatchObject({ code: 'setUp.held' });
    expect(await province.db('users').where({ id }).first('password_hash')).toEqual({ password_hash: null });
    // A moment later it is the same.
    const later = await outside(link, words, accept);
    expect([later.status, later.text.includes(told)]).toEqual([409, true]);
  },
);

test('[F37] a password that was set since the second person looked refuses the grant, and ends when it is confirmed again', async () => {
  const { id, login } = await newAccount();
  const { requestId } = (await askForRole(login, 'approver')).body;
  // In between, as nothing but a statement past the account's lock could: the database itself sets one before it looks.
  await province.db.raw(`
    create function set_in_between() returns trigger language plpgsql security definer as $$
      begin update users set password_hash = 'in between', password_changed_at = now() where id = new.user_id; return new; end $$;
    create trigger a_in_between before insert on grants for each row execute function set_in_between()`);
  const second = await province.as('security-2');
  const confirm = (lang = 'zh-CN') => second.post(`/admin/grants/requests/${requestId}/confirm?lang=${lang}`);
  try {
    expect(await confirm()).toMatchObject({
      status: 409,
      body: { code: 'grant.unproven', detail: expect.stringContaining('未经放行的链接') },
    });
    expect(await confirm('en')).toMatchObject({ status: 409, body: { detail: expect.stringContaining('Confirm again') } });
  } finally {
    await province.db.raw('drop trigger a_in_between on grants; drop function set_in_between()');
  }
  expect(await province.db('grants').where({ user_id: id })).toEqual([]);
  await province.db('users').where({ id }).update({ password_hash: 'in between', password_changed_at: province.db.fn.now() });
  expect(await confirm()).toMatchObject({ status: 200, body: { passwordEnded: true } });
  expect(await province.db('users').where({ id }).first('password_hash')).toEqual({ password_hash: null });
});
