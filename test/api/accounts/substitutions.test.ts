/** Substitutes: named for a period, they work on the principal's tasks, and four eyes count both. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { returnEnded } from '../../../db/accounts/substitutions.ts';
import { setClock } from '../../../db/calendar/clock.ts';
import { countsFor } from '../../../db/views/inbox/navigation-counts.ts';
import { findBrokenLink } from '../../../db/protocol/procedures.ts';
import { casesBegin } from '../../support/by-hand/cases.ts';
import { type CounterOfTests, openCounter, plainReview } from '../../support/counter.ts';

type Detail = {
  mayDecide: boolean;
  substituteFor: string | null;
  holder: { name: string; self: boolean } | null;
  timeline: { act: string; who: string | null; for: string | null }[];
};
type Substitutions = { substitutions: { id: string; principal: string; substitute: string; state: string }[] };

let counter: CounterOfTests;
const ids: Record<string, string> = {};

beforeAll(async () => {
  counter = await openCounter();
  const [city] = await counter
    .db('users')
    .insert({ login: 'city-first-1', name: '苏敏', institution_id: null, email: 'city-first-1@example.invalid', demo: true })
    .returning('id');
  await counter.db('grants').insert({ user_id: city.id, role: 'first_reviewer', region: '350100' });
  for (const login of ['first-1', 'first-2', 'second-1', 'other-first-1', 'city-first-1'])
    ids[login] = (await counter.cases.actor(login)).userId;
});
afterAll(() => counter?.close());

const wanted = { role: 'first_reviewer', region: '350104', from: '2026-03-02', until: '2026-03-06', reason: '出差' };

async function name(by: string, more: Record<string, string | undefined>) {
  return (await counter.as(by)).post<{ substitutionId: string; code?: string; issues?: { field: string; code: string }[] }>(
    '/substitutions',
    {
      ...wanted,
      ...more,
    },
  );
}

async function detail(login: string, taskId: string): Promise<Detail> {
  return (await (await counter.as(login)).get<Detail>(`/tasks/${taskId}`)).body;
}

async function revokeAll(): Promise<void> {
  await counter
    .db('substitutions')
    .whereNull('revoked_at')
    .update({ revoked_by: ids['first-1'], revoked_at: counter.db.raw('business_now()') });
}

const pair = () => counter.cases.open([plainReview, { ...plainReview, step: 'review.second_look' }]);

describe('naming a substitute', () => {
  test('[F09] the same role in the same office or above, for a period; by the principal or by the supervisor of that office', async () => {
    const code = async (by: string, more: Record<string, string | undefined>) => (await name(by, more)).body.issues?.[0]?.code;
    expect(await code('first-1', { substitute: ids['second-1'] })).toBe('substitution.otherRole');
    expect(await code('first-1', { substitute: ids['other-first-1'] })).toBe('substitution.otherRole');
    expect(await code('first-1', { substitute: ids['first-1'] })).toBe('substitution.otherRole');
    expect(await code('first-1', { substitute: ids['first-2'], role: 'approver' })).toBe('substitution.notHeld');
    expect(await code('first-1', { substitute: ids['first-2'], from: '2026-03-01' })).toBe('substitution.past');
    expect(await code('first-1', { substitute: ids['first-2'], until: '2026-02-27' })).toBe('substitution.period');
    expect(await code('first-1', { substitute: ids['first-2'], until: '2027-03-02' })).toBe('substitution.tooLong');
    expect((await name('first-2', { principal: ids['first-1'], substitute: ids['first-2'] })).body).toMatchObject({
      status: 403,
      code: 'substitution.notYours',
    });
    expect((await name('other-supervise-1', { principal: ids['first-1'], substitute: ids['first-2'] })).status).toBe(403);
    expect((await name('supervise-1', { principal: ids['first-1'], substitute: ids['first-2'], reason: '突发疾病' })).status).toBe(201);
    expect(await code('first-1', { substitute: ids['first-2'] })).toBe('substitution.twice');
    expect(await counter.db('audit_log').where({ act: 'substitution.name' }).first('subject', 'detail')).toMatchObject({
      subject: `account-${ids['first-1']}`,
      detail: { substitute: ids['first-2'], role: 'first_reviewer', from: '2026-03-02', until: '2026-03-06', reason: '突发疾病' },
    });
    const mails = await counter.db('mails').where({ template: 'substitute' }).pluck('user_id');
    expect(mails.sort()).toEqual([ids['first-1'], ids['first-2']].sort());

    const lines = (await (await counter.as('first-2')).get<Substitutions>('/substitutions')).body.substitutions;
    expect(lines).toMatchObject([{ principal: '周明', substitute: '李静', state: 'inForce' }]);
    expect((await counter.browse('first-1', '/account')).html).toContain('李静 代 周明');
    expect((await counter.browse('supervise-1', '/board')).html).toContain('李静 代 周明');
    expect((await counter.browse('supervise-1', `/substitutions/new?principal=${ids['first-1']}&lang=en`)).html).toContain('苏敏');
    const unknown = await (await counter.as('supervise-1')).get('/substitutions/new?principal=0198a1f0-6c1e-7d3a-9b52-1f0c2a7be410');
    expect([unknown.status, unknown.body['code']]).toEqual([404, 'account.unknown']);
    expect((await (await counter.as('other-supervise-1')).get<Substitutions>('/substitutions')).body.substitutions).toEqual([]);
    await revokeAll();
  });
});

describe('while it lasts', () => {
  test('[F09] the substitute sees and takes what the principal has; every act says for whom', async () => {
    const { id, taskId } = await counter.openReview();
    await (await counter.as('first-1')).post(`/tasks/${taskId}/claim`);
    const two = await counter.as('first-2');
    expect((await two.post(`/tasks/${taskId}/claim`)).body).toMatchObject({ status: 409, code: 'task.claimed' });
    await name('first-1', { substitute: ids['first-2'] });
    const mine = (await two.get<{ tasks: { id: string }[]; counts: { mine: number } }>('/tasks?view=mine')).body;
    expect(mine.tasks.map((task) => task.id)).toContain(taskId);
    const { counts } = (await two.get<{ counts: { mine: number } }>('/tasks')).body;
    expect([counts.mine, mine.counts.mine]).toEqual([mine.tasks.length, mine.tasks.length]);
    expect((await counter.browse('first-2', `/tasks/${taskId}`)).html).toContain('代 周明 认领');
    expect((await counter.browse('first-2', `/tasks/${taskId}`)).html).toContain('即可办理');
    expect((await two.post(`/tasks/${taskId}/claim`)).status).toBe(200);
    expect(await detail('first-2', taskId)).toMatchObject({ substituteFor: '周明', holder: { name: '李静', self: true } });
    expect((await counter.browse('first-2', `/tasks/${taskId}`)).html).toContain('您代 周明 办理');
    expect((await two.post(`/tasks/${taskId}/decide`, { outcome: 'approve' })).status).toBe(200);

    expect(await counter.db('tasks').where({ id: taskId }).first('decided_by', 'decided_for')).toEqual({
      decided_by: ids['first-2'],
      decided_for: ids['first-1'],
    });
    const lines = await counter.db('audit_log').where({ subject: taskId }).whereIn('act', ['task.claim', 'task.approve']).orderBy('id');
    expect(lines.slice(-2).map((line) => line.detail.for)).toEqual([ids['first-1'], ids['first-1']]);
    const fact = await counter.db('facts').where({ procedure_id: id, kind: 'decided' }).first('actor', 'payload');
    expect(fact).toMatchObject({ actor: ids['first-2'], payload: { substituteFor: ids['first-1'] } });
    expect((await detail('first-1', taskId)).timeline[0]).toMatchObject({ act: 'task.approve', who: '李静', for: '周明' });
    expect((await counter.browse('first-1', `/tasks/${taskId}`)).html).toContain('李静（代 周明）');
    const signed = await counter.db('signatures').where('scope', 'like', `${id}/%`).pluck('user_id');
    expect(signed.sort()).toEqual([ids['first-1'], ids['first-2']].sort());
    expect(await findBrokenLink(counter.db, id)).toBeUndefined();
    await revokeAll();
  });

  test('[F09] what is in the queue is taken in the own right where there is one; a superior’s officer takes it for the principal only', async () => {
    await name('first-1', { substitute: ids['first-2'] });
    const own = (await counter.openReview()).taskId;
    await (await counter.as('first-2')).post(`/tasks/${own}/decide`, { outcome: 'approve' });
    expect(await counter.db('tasks').where({ id: own }).first('decided_for')).toEqual({ decided_for: null });
    const lent = (await counter.openReview()).taskId;
    const city = await counter.as('city-first-1');
    expect((await city.post(`/tasks/${lent}/decide`, { outcome: 'approve' })).body).toMatchObject({ status: 403, code: 'task.notYours' });
    await name('first-1', { substitute: ids['city-first-1'] });
    expect((await city.get<{ tasks: { id: string }[] }>('/tasks')).body.tasks.map((task) => task.id)).toContain(lent);
    expect((await city.post(`/tasks/${lent}/decide`, { outcome: 'approve' })).status).toBe(200);
    expect(await counter.db('tasks').where({ id: lent }).first('decided_for')).toEqual({ decided_for: ids['first-1'] });
    // It opens no other counter: a task of another post or office stays shut.
    const other = (await counter.cases.open([plainReview], { region: '350102' })).taskIds[0];
    expect((await city.post(`/tasks/${other}/decide`, { outcome: 'approve' })).status).toBe(403);
    await revokeAll();
  });
});

describe('four eyes', () => {
  test('[F09] what the principal signed, the substitute cannot sign on for him: single, claimed, in bulk', async () => {
    await name('first-1', { substitute: ids['city-first-1'] });
    const { taskIds } = await pair();
    const [signed, next] = [taskIds[0] ?? '', taskIds[1] ?? ''];
    await (await counter.as('first-1')).post(`/tasks/${signed}/decide`, { outcome: 'approve' });
    const city = await counter.as('city-first-1');
    expect((await city.post(`/tasks/${next}/claim`)).body).toMatchObject({ status: 403, code: 'task.fourEyesPrincipal' });
    expect((await city.post(`/tasks/${next}/decide`, { outcome: 'approve' })).body).toMatchObject({
      status: 403,
      code: 'task.fourEyesPrincipal',
    });
    const job = (await city.post<{ items: { code: string }[] }>('/tasks/bulk', { act: 'approve', selected: [next] })).body;
    expect(job.items[0]?.code).toBe('task.fourEyesPrincipal');
    expect((await counter.browse('city-first-1', `/tasks/${next}`)).status).toBe(200);
    await revokeAll();
  });

  test('[F09] what a substitute signed is signed by both: neither signs another step, also through another substitution', async () => {
    await name('first-1', { substitute: ids['city-first-1'] });
    const { taskIds } = await pair();
    const [signed, next] = [taskIds[0] ?? '', taskIds[1] ?? ''];
    const city = await counter.as('city-first-1');
    expect((await city.post(`/tasks/${signed}/decide`, { outcome: 'approve' })).status).toBe(200);
    const refused = { status: 403, code: 'task.fourEyes' };
    const principal = await counter.as('first-1');
    expect((await principal.post(`/tasks/${next}/claim`)).body).toMatchObject(refused);
    expect((await principal.post(`/tasks/${next}/decide`, { outcome: 'approve' })).body).toMatchObject(refused);
    // The substitute substitutes for somebody else as well, who signed nothing: the own signature counts.
    await name('supervise-1', { principal: ids['first-2'], substitute: ids['city-first-1'] });
    expect((await city.post(`/tasks/${next}/claim`)).body).toMatchObject(refused);
    expect((await city.post(`/tasks/${next}/decide`, { outcome: 'approve' })).body).toMatchObject(refused);
    const job = (await city.post<{ items: { code: string }[] }>('/tasks/bulk', { act: 'approve', selected: [next] })).body;
    expect(job.items[0]?.code).toBe('task.fourEyes');
    const supervisor = await counter.as('supervise-1');
    expect((await supervisor.post(`/tasks/${next}/reassign`, { to: ids['first-1'], reason: '请办' })).body).toMatchObject({
      status: 409,
      code: 'task.fourEyes',
    });
    expect((await (await counter.as('first-2')).post(`/tasks/${next}/decide`, { outcome: 'approve' })).status).toBe(200);
    await revokeAll();
  });

  test('[F09] the database refuses what the counters refuse: nobody decides for somebody without being named or without both signatures', async () => {
    const decide = (taskId: string) =>
      counter
        .db('tasks')
        .where({ id: taskId })
        .update({
          status: 'decided',
          decided_by: ids['first-2'],
          decided_for: ids['first-1'],
          decided_at: counter.db.raw('business_now()'),
          outcome: 'approve',
        });
    const { taskId } = await counter.openReview();
    await expect(decide(taskId)).rejects.toThrow(/without being named/);
    await name('first-1', { substitute: ids['first-2'] });
    await expect(decide(taskId)).rejects.toThrow(/signed for the principal/);
    const { id: _id, ...row } = await counter.db('substitutions').first();
    await expect(counter.db('substitutions').insert({ ...row, principal: row.substitute })).rejects.toThrow(/substitutions_two_people/);
    await revokeAll();
  });
});

describe('what else is done with a task', () => {
  test('[F09] the substitute goes on with what the principal suspended or asked, and never asks the principal, whose signature it will be', async () => {
    const { id, taskId } = await counter.openReview();
    const principal = await counter.as('first-1');
    await principal.post(`/tasks/${taskId}/claim`);
    await principal.post(`/tasks/${taskId}/suspend`, { reason: '等核查结果' });
    await name('first-1', { substitute: ids['city-first-1'] });
    const city = await counter.as('city-first-1');
    expect((await city.post(`/tasks/${taskId}/claim`)).body).toMatchObject({ status: 409, code: 'task.suspended' });
    expect((await city.post(`/tasks/${taskId}/resume`)).status).toBe(200);
    await principal.post(`/tasks/${taskId}/delegate`, { to: ids['first-2'], question: '课时够不够？' });
    expect((await city.post(`/tasks/${taskId}/claim`)).body).toMatchObject({ status: 409, code: 'task.delegated' });
    expect((await city.post(`/tasks/${taskId}/recall`)).status).toBe(200);
    expect((await city.post(`/tasks/${taskId}/claim`)).status).toBe(200);
    expect((await city.post(`/tasks/${taskId}/delegate`, { to: ids['first-1'], question: '您看呢？' })).status).toBe(422);
    expect((await city.post(`/tasks/${taskId}/delegate`, { to: ids['first-2'], question: '课时够不够？' })).status).toBe(200);
    expect((await (await counter.as('first-2')).post(`/tasks/${taskId}/opinion`, { opinion: '课时足够，无其他意见' })).status).toBe(200);
    expect((await city.post(`/tasks/${taskId}/decide`, { outcome: 'approve' })).status).toBe(200);
    const signed = await counter.db('signatures').where('scope', 'like', `${id}/%`).distinct().pluck('user_id');
    expect(signed.sort()).toEqual([ids['first-1'], ids['first-2'], ids['city-first-1']].sort());
    expect(await findBrokenLink(counter.db, id)).toBeUndefined();
    await revokeAll();
  });

  test('[F09] the figure of the header counts the queues of the principal as the list does', async () => {
    const figure = async () => countsFor(counter.db, await counter.cases.actor('city-first-1'));
    await counter.openReview();
    expect(await figure()).toMatchObject({ tasks: 0 });
    await name('first-1', { substitute: ids['city-first-1'] });
    const { counts } = (await (await counter.as('city-first-1')).get<{ counts: { total: number } }>('/tasks')).body;
    expect(counts.total).toBeGreaterThan(0);
    expect(await figure()).toMatchObject({ tasks: counts.total });
    await revokeAll();
  });

  test('[F09] the database refuses a decision on record without the signature of the principal', async () => {
    const { id, taskId } = await counter.openReview();
    await name('first-1', { substitute: ids['first-2'] });
    const task = await counter.db('tasks').where({ id: taskId }).first('four_eyes', 'step');
    const decided = { status: 'decided', outcome: 'approve', decided_by: ids['first-2'], decided_for: ids['first-1'] };
    const record = counter.db.transaction(async (trx) => {
      const now = trx.raw('business_now()');
      await trx('signatures').insert(
        task.four_eyes.map((scope: string) => ({ scope, user_id: ids['first-2'], step: task.step, signed_at: now })),
      );
      await trx('facts').insert({
        procedure_id: id,
        no: 99,
        kind: 'decided',
        task_id: taskId,
        outcome: 'approve',
        actor: ids['first-2'],
        at: now,
        payload: '{}',
      });
      await trx('tasks')
        .where({ id: taskId })
        .update({ ...decided, decided_at: now });
    });
    await expect(record).rejects.toThrow(/four eyes/);
    await revokeAll();
  });
});

describe('its end', () => {
  test('[F09] revoked: what the substitute has goes back to the principal at once', async () => {
    const { id, taskId } = await counter.openReview();
    await (await counter.as('first-1')).post(`/tasks/${taskId}/claim`);
    const named = (await name('first-1', { substitute: ids['city-first-1'] })).body.substitutionId;
    const city = await counter.as('city-first-1');
    expect((await city.post(`/tasks/${taskId}/claim`)).status).toBe(200);
    expect((await city.post(`/substitutions/${named}/revoke`)).status).toBe(403);
    expect((await (await counter.as('first-2')).post(`/substitutions/${named}/revoke`)).status).toBe(404);
    expect((await (await counter.as('first-1')).post(`/substitutions/${named}/revoke`)).body).toEqual({ tasks: 1 });
    expect(await counter.db('tasks').where({ id: taskId }).first('claimed_by', 'claimed_for')).toEqual({
      claimed_by: ids['first-1'],
      claimed_for: null,
    });
    expect((await city.post(`/tasks/${taskId}/decide`, { outcome: 'approve' })).status).toBe(403);
    expect((await (await counter.as('first-1')).post(`/substitutions/${named}/revoke`)).body).toMatchObject({ status: 409 });
    expect(await findBrokenLink(counter.db, id)).toBeUndefined();
  });

  test('[F09] by date: on the day after the last one the substitute cannot go on, and the principal takes the task back', async () => {
    const { taskId } = await counter.openReview();
    await (await counter.as('first-1')).post(`/tasks/${taskId}/claim`);
    await name('first-1', { substitute: ids['first-2'] });
    await (await counter.as('first-2')).post(`/tasks/${taskId}/claim`);
    await setClock(counter.db, { at: new Date('2026-03-06T23:59:00+08:00'), speed: 1 });
    expect(await detail('first-2', taskId)).toMatchObject({ mayDecide: true, substituteFor: '周明' });
    await setClock(counter.db, { at: new Date('2026-03-07T00:01:00+08:00'), speed: 1 });
    expect((await (await counter.as('first-2')).post(`/tasks/${taskId}/decide`, { outcome: 'approve' })).body).toMatchObject({
      status: 403,
      code: 'substitution.over',
    });
    const one = await counter.as('first-1');
    expect((await counter.browse('first-1', `/tasks/${taskId}`)).html).toContain('您先“收回自办”');
    expect((await one.post(`/tasks/${taskId}/claim`)).status).toBe(200);
    expect((await one.post(`/tasks/${taskId}/decide`, { outcome: 'approve' })).status).toBe(200);
    expect(await counter.db('tasks').where({ id: taskId }).first('decided_for')).toEqual({ decided_for: null });
    await setClock(counter.db, { at: casesBegin, speed: 1 });
    await revokeAll();
  });

  test('[F09] the account of the principal is closed: what somebody has for the principal goes back into the queue', async () => {
    const hire = async (login: string, role: string, region: string): Promise<string> => {
      const [row] = await counter.db('users').insert({ login, name: login, region, demo: true }).returning('id');
      await counter.db('grants').insert({ user_id: row.id, role, region });
      return row.id;
    };
    await hire('closing-admin', 'system_admin', '350100');
    const leaving = await hire('leaving-1', 'first_reviewer', '350104');
    const { taskId } = await counter.openReview();
    await (await counter.as('leaving-1')).post(`/tasks/${taskId}/claim`);
    await name('leaving-1', { substitute: ids['city-first-1'] });
    const city = await counter.as('city-first-1');
    expect((await city.post(`/tasks/${taskId}/claim`)).status).toBe(200);
    const closed = await (await counter.as('closing-admin')).post(`/admin/accounts/${leaving}/deactivate`, { reason: '调离' });
    expect(closed.status).toBe(200);
    expect(await counter.db('tasks').where({ id: taskId }).first('claimed_by', 'claimed_for')).toEqual({
      claimed_by: null,
      claimed_for: null,
    });
    expect((await (await counter.as('first-2')).post(`/tasks/${taskId}/decide`, { outcome: 'approve' })).status).toBe(200);
    await revokeAll();
  });

  test('[F09] revoked between the request of the substitute and its commit: refused in words, nothing is decided', async () => {
    const { id, taskId } = await counter.openReview();
    const named = (await name('first-1', { substitute: ids['city-first-1'] })).body.substitutionId;
    const city = await counter.as('city-first-1');
    const { sent } = await counter.db.transaction(async (trx) => {
      await trx('procedures').where({ id }).forUpdate().first('id');
      const sent = city.post(`/tasks/${taskId}/decide`, { outcome: 'approve' });
      // The decision waits for the procedure; what it read of the substitution is from before.
      // The role of the counters does not see what others wait for in the activity, only in the locks.
      const isWaiting = async () =>
        (await trx.raw('select from pg_locks l join pg_stat_activity a using (pid) where not l.granted and a.datname = current_database()'))
          .rowCount;
      await expect.poll(isWaiting, { timeout: 20_000 }).toBeGreaterThan(0);
      expect((await (await counter.as('first-1')).post(`/substitutions/${named}/revoke`)).status).toBe(200);
      return { sent };
    });
    expect((await sent).body).toMatchObject({ status: 403, code: 'substitution.over' });
    expect(await counter.db('tasks').where({ id: taskId }).first('status', 'decided_for')).toEqual({ status: 'open', decided_for: null });
    expect(await counter.db('facts').where({ procedure_id: id, kind: 'decided' })).toEqual([]);
  });

  test('[F09] revoked while the substitute claims: either the claim comes first and goes back, or it is refused; nothing stays with the substitute', async () => {
    const city = await counter.as('city-first-1');
    const principal = await counter.as('first-1');
    for (let round = 0; round < 8; round += 1) {
      const { taskId } = await counter.openReview();
      await principal.post(`/tasks/${taskId}/claim`);
      const named = (await name('first-1', { substitute: ids['city-first-1'] })).body.substitutionId;
      const [claimed, revoked] = await Promise.all([city.post(`/tasks/${taskId}/claim`), principal.post(`/substitutions/${named}/revoke`)]);
      expect([revoked.status, [200, 403].includes(claimed.status)]).toEqual([200, true]);
      expect(await counter.db('tasks').where({ id: taskId }).first('claimed_by', 'claimed_for')).toEqual({
        claimed_by: ids['first-1'],
        claimed_for: null,
      });
    }
  });

  test('[F09] a supervisor gives it to the substitute in the own right: then the end of the substitution changes nothing', async () => {
    const { taskId } = await counter.openReview();
    await (await counter.as('first-1')).post(`/tasks/${taskId}/claim`);
    const named = (await name('first-1', { substitute: ids['first-2'] })).body.substitutionId;
    const other = await counter.as('first-2');
    expect((await other.post(`/tasks/${taskId}/claim`)).status).toBe(200);
    const supervisor = await counter.as('supervise-1');
    expect((await counter.browse('supervise-1', `/tasks/${taskId}`)).html).toContain(`value="${ids['first-2']}"`);
    expect((await supervisor.post(`/tasks/${taskId}/reassign`, { to: ids['first-2'], reason: '由您办理' })).status).toBe(200);
    expect(await counter.db('tasks').where({ id: taskId }).first('claimed_by', 'claimed_for')).toEqual({
      claimed_by: ids['first-2'],
      claimed_for: null,
    });
    expect((await (await counter.as('first-1')).post(`/substitutions/${named}/revoke`)).body).toEqual({ tasks: 0 });
    expect((await other.post(`/tasks/${taskId}/decide`, { outcome: 'approve' })).status).toBe(200);
    expect(await counter.db('tasks').where({ id: taskId }).first('decided_for')).toEqual({ decided_for: null });
  });

  test('[F09] it idles while the principal does not hold the role: nobody substitutes for what the principal may not', async () => {
    const { taskId } = await counter.openReview();
    await name('first-1', { substitute: ids['city-first-1'] });
    const city = await counter.as('city-first-1');
    expect((await detail('city-first-1', taskId)).mayDecide).toBe(true);
    await counter.db('grants').where({ user_id: ids['first-1'] }).update({ valid_to: '2026-03-02' });
    expect((await detail('city-first-1', taskId)).mayDecide).toBe(false);
    expect((await city.post(`/tasks/${taskId}/decide`, { outcome: 'approve' })).status).toBe(403);
    expect((await city.get<Substitutions>('/substitutions')).body.substitutions).toMatchObject([{ state: 'suspended' }]);
    await counter.db('grants').where({ user_id: ids['first-1'] }).update({ valid_to: null });
    await revokeAll();
  });
});

describe('the last day', () => {
  test('[F09] what a substitute still has afterwards goes back into the queue by itself, with what was asked of a colleague, on record', async () => {
    await setClock(counter.db, { at: casesBegin, speed: 1 });
    await revokeAll();
    expect((await name('first-1', { substitute: ids['first-2'] })).status).toBe(201);
    const { id, taskIds } = await pair();
    const task = taskIds[0] ?? '';
    await (await counter.as('first-1')).post(`/tasks/${task}/claim`);
    const substitute = await counter.as('first-2');
    expect((await substitute.post(`/tasks/${task}/claim`)).status).toBe(200);
    expect(await detail('first-2', task)).toMatchObject({ substituteFor: expect.any(String), holder: { self: true } });
    expect(await returnEnded(counter.db)).toBe(0);

    await setClock(counter.db, { at: new Date('2026-03-06T23:59:00+08:00'), speed: 1 });
    expect(await returnEnded(counter.db)).toBe(0);
    await setClock(counter.db, { at: new Date('2026-03-07T00:01:00+08:00'), speed: 1 });
    expect((await substitute.post(`/tasks/${task}/decide`, { outcome: 'approve' })).body).toMatchObject({ code: 'substitution.over' });
    expect(await Promise.all([returnEnded(counter.db), returnEnded(counter.db)])).toContain(1);
    expect(await returnEnded(counter.db)).toBe(0);
    expect(await counter.db('tasks').where({ id: task }).first('claimed_by', 'claimed_for', 'status')).toEqual({
      claimed_by: null,
      claimed_for: null,
      status: 'open',
    });
    const lines = await counter.db('audit_log').where({ procedure_id: id, act: 'task.release' });
    expect(lines).toMatchObject([{ actor: null, subject: task, detail: { from: ids['first-2'], cause: 'substitution.over' } }]);
    expect(await findBrokenLink(counter.db, id)).toBeUndefined();
    expect((await substitute.post(`/tasks/${task}/claim`)).status).toBe(200);
    expect((await counter.browse('first-1', '/substitutions/new')).html).toContain('代理不能再转');
    await setClock(counter.db, { at: casesBegin, speed: 1 });
  });
});
