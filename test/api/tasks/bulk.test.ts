/** Acts on many tasks at once over HTTP: verdicts, partial success, a crash in the middle; real PostgreSQL, no Temporal. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createBulkJob, resumeBulkJobs, workOffBulkJob } from '../../../db/inbox/bulk-jobs.ts';
import { closeDatabase, openDatabase } from '../../../db/client.ts';
import { findBrokenLink } from '../../../db/protocol/procedures.ts';
import { county, firstReview } from '../../support/by-hand/cases.ts';
import { type CounterOfTests, openCounter } from '../../support/counter.ts';

type Job = {
  id: string;
  status: string;
  total: number;
  waiting: number;
  done: number;
  refused: number;
  leftOut: number;
  items: { taskId: string; title: string | null; status: string; code: string | null; reason: string | null }[];
};

let counter: CounterOfTests;
beforeAll(async () => {
  counter = await openCounter();
});
afterAll(() => counter?.close());

/** `count` procedures that wait for a first review of the county. */
async function plantReviews(prefix: string, count: number): Promise<string[]> {
  await counter.db.raw(
    `insert into procedures (id, type, subject_id, region, region_path, subject_number, subject_title, institution_name, headcount, amount_fen, stage, step, terms,
                             fact_no, applied_no, step_no, opened_at)
     select '${prefix}-' || n, 'trainingClass', 'none', ?, ?, '${prefix}-' || n, '养老护理员（四级）第 ' || n || ' 期', '仓山康宁职业培训学校', 30, 3000000,
            'review', 'first_review', '{}', 1, 1, 2, business_now() from generate_series(1, ?) n`,
    [county.code, county.path, count],
  );
  await counter.db.raw(
    `insert into facts (procedure_id, no, kind, at) select id, 1, 'submitted', business_now() from procedures where id like '${prefix}-%'`,
  );
  await counter.db.raw(
    `insert into tasks (id, procedure_id, step, round, kind, role, office, office_path, outcomes, four_eyes, subject_number, subject_title, institution_name, headcount,
                        amount_fen, opened_at, from_date, working_days, due_date, due_at, calendar_version)
     select p.id || '/review.first_review/1', p.id, 'review.first_review', 1, 'review', 'first_reviewer', p.region, p.region_path,
            '{approve,return,propose_refusal}', array[p.id || '/review'], p.subject_number, p.subject_title, p.institution_name, p.headcount, p.amount_fen,
            business_now(), business_today(), 5, business_today() + 7, business_now() + interval '7 days', 'test'
       from procedures p where p.id like '${prefix}-%'`,
  );
  return Array.from({ length: count }, (_, at) => `${prefix}-${at + 1}/review.first_review/1`);
}

async function userId(login: string): Promise<string> {
  return (await counter.db('users').where({ login }).first('id')).id;
}

async function decisions(prefix: string): Promise<{ procedures: number; facts: number }> {
  const { rows } = await counter.db.raw(
    `select count(*)::int as facts, count(distinct procedure_id)::int as procedures from facts where kind = 'decided' and procedure_id like '${prefix}-%'`,
  );
  return rows[0];
}

const codesOf = (job: Job): (string | null)[] => job.items.filter((item) => item.status === 'refused').map((item) => item.code);

describe('many at once', () => {
  test('[F07] 500 items with 7 planted violations → 493 done and 7 reasons; sent again, nothing changes', async () => {
    const prefix = 'bulk';
    const ids = await plantReviews(prefix, 500);
    const one = await counter.as('first-1');
    const own = await userId('first-1');
    const other = await userId('first-2');
    const task = (n: number) => counter.db('tasks').where({ id: ids[n] });
    // What the preview sees: another step signed, held by a colleague, another office, a step of money, a kind with a form of its own.
    await counter.db('signatures').insert({ scope: `${prefix}-1/review`, user_id: own, step: 'review.other', signed_at: new Date() });
    await task(1).update({ claimed_by: other, claimed_at: new Date('2026-03-02T10:00:00+08:00') });
    await task(2).update({ role: 'second_reviewer' });
    await task(3).update({ kind: 'funds' });
    await task(4).update({ kind: 'inspection' });
    const key = randomUUID();
    const body = { act: 'approve', selected: ids };
    const prepared = await one.post<Job>('/tasks/bulk', body, { key });
    expect(prepared.status).toBe(201);
    expect(prepared.body).toMatchObject({ status: 'preview', total: 500, waiting: 495, done: 0, refused: 5, leftOut: 0 });
    expect(codesOf(prepared.body)).toEqual(['task.fourEyes', 'task.claimed', 'task.notYours', 'bulk.money', 'bulk.ownPage']);
    expect(await decisions(prefix)).toEqual({ procedures: 0, facts: 0 });
    expect((await one.post<Job>('/tasks/bulk', body, { key })).body.id).toBe(prepared.body.id);
    // What happens between preview and confirmation: other evidence, and a decision by a colleague.
    await task(5).update({ version: 2 });
    expect((await (await counter.as('first-2')).post(`/tasks/${ids[6]}/decide`, { outcome: 'approve' })).status).toBe(200);

    const confirmKey = randomUUID();
    const confirm = () => one.post<Job>(`/tasks/bulk/${prepared.body.id}/confirm`, {}, { key: confirmKey, headers: { prefer: 'wait=10' } });
    const [first, double] = await Promise.all([confirm(), confirm()]);
    expect([first.status, double.status]).toEqual([200, 200]);
    let job = first.body;
    for (const until = Date.now() + 150_000; job.status !== 'finished' && Date.now() < until; ) {
      await new Promise((resolve) => setTimeout(resolve, 200));
      job = (await one.get<Job>(`/tasks/bulk/${prepared.body.id}`)).body;
    }
    expect(job).toMatchObject({ status: 'finished', total: 500, waiting: 0, done: 493, refused: 7 });
    expect(codesOf(job)).toEqual([
      'task.fourEyes',
      'task.claimed',
      'task.notYours',
      'bulk.money',
      'bulk.ownPage',
      'task.changed',
      'task.decided',
    ]);
    expect(job.items.filter((item) => item.status === 'refused').every((item) => item.reason && !/errors\./.test(item.reason))).toBe(true);
    expect(job.items[1]?.reason).toContain('李静');
    expect(await decisions(prefix)).toEqual({ procedures: 494, facts: 494 });
    expect(await counter.db('audit_log').where({ act: 'task.approve', actor: own }).count('* as n')).toEqual([{ n: 493 }]);
    expect(await findBrokenLink(counter.db, `${prefix}-100`)).toBeUndefined();

    // Again: the same confirmation, under the same key and another one; and the same tasks as a new job.
    expect((await confirm()).body).toMatchObject({ status: 'finished', done: 493, refused: 7 });
    expect((await one.post<Job>(`/tasks/bulk/${prepared.body.id}/confirm`)).body).toMatchObject({ done: 493, refused: 7 });
    const anew = (await one.post<Job>('/tasks/bulk', body)).body;
    expect(anew).toMatchObject({ status: 'preview', waiting: 1, refused: 499 });
    expect(await decisions(prefix)).toEqual({ procedures: 494, facts: 494 });
    expect(await counter.db('audit_log').where({ act: 'bulk.confirm' }).count('* as n')).toEqual([{ n: 1 }]);

    // Only what failed comes again: the changed evidence was seen by now.
    const again = (await one.post<Job>(`/tasks/bulk/${job.id}/again`)).body;
    expect(again).toMatchObject({ status: 'preview', total: 7, waiting: 1, refused: 6 });
    const late = (await one.post<Job>(`/tasks/bulk/${again.id}/confirm`, {}, { headers: { prefer: 'wait=10' } })).body;
    expect(late).toMatchObject({ status: 'finished', done: 1, refused: 6 });
    expect(await decisions(prefix)).toEqual({ procedures: 495, facts: 495 });
  }, 240_000);

  test('[F07] a crash in the middle is resumed by the next look at the page, and nothing is done twice', async () => {
    const ids = await plantReviews('crash', 120);
    const one = await counter.as('first-1');
    const prepared = (await one.post<Job>('/tasks/bulk', { act: 'approve', selected: ids })).body;
    const { url, left } = await crashAfter(prepared.id, 40);
    expect(left).toBeGreaterThan(0);
    expect(left).toBeLessThan(120);
    expect(url).toContain('postgres');
    let job = (await one.get<Job>(`/tasks/bulk/${prepared.id}`)).body;
    for (const until = Date.now() + 60_000; job.status !== 'finished' && Date.now() < until; ) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      job = (await one.get<Job>(`/tasks/bulk/${prepared.id}`)).body;
    }
    expect(job).toMatchObject({ status: 'finished', done: 120, refused: 0 });
    expect(await decisions('crash')).toEqual({ procedures: 120, facts: 120 });
  }, 120_000);

  test('[F07] nobody looks: the worker goes on, two at once do nothing twice, and rights are those of the moment', async () => {
    const ids = await plantReviews('alone', 90);
    const one = await counter.as('first-2');
    const prepared = (await one.post<Job>('/tasks/bulk', { act: 'approve', selected: ids })).body;
    await crashAfter(prepared.id, 20);
    await asOwner((owner) =>
      owner('grants')
        .whereIn('user_id', owner('users').where({ login: 'first-2' }).select('id'))
        .update({ valid_to: '2026-03-02' }),
    );
    await Promise.all([resumeBulkJobs(counter.db, 0), resumeBulkJobs(counter.db, 0)]);
    const row = await counter.db('bulk_jobs').where({ id: prepared.id }).first('status');
    expect(row.status).toBe('finished');
    const items = await counter.db('bulk_items').where({ job_id: prepared.id });
    const done = items.filter((item) => item.status === 'done').length;
    expect(done).toBeGreaterThanOrEqual(20);
    expect(done).toBeLessThan(90);
    expect(new Set(items.filter((item) => item.status === 'refused').map((item) => item.code))).toEqual(new Set(['task.unknown']));
    expect(await decisions('alone')).toEqual({ procedures: done, facts: done });
    await asOwner((owner) =>
      owner('grants')
        .whereIn('user_id', owner('users').where({ login: 'first-2' }).select('id'))
        .update({ valid_to: null }),
    );
  });

  test('claim and release together; what is out of sight is unknown, and the job of somebody else too', async () => {
    const ids = await plantReviews('hold', 4);
    await counter.db('tasks').where({ id: ids[3] }).update({ office: '350102', office_path: '350000/350100/350102' });
    await counter.db('procedures').where({ id: 'hold-4' }).update({ region: '350102', region_path: '350000/350100/350102' });
    const one = await counter.as('first-1');
    const claim = (await one.post<Job>('/tasks/bulk', { act: 'claim', selected: [...ids, 'none-1/a.b/1'] })).body;
    expect(codesOf(claim)).toEqual(['task.unknown', 'task.unknown']);
    expect(claim.items[3]?.title).toBeNull();
    expect((await (await counter.as('first-2')).get(`/tasks/bulk/${claim.id}`)).status).toBe(404);
    expect((await (await counter.as('first-2')).post(`/tasks/bulk/${claim.id}/confirm`)).status).toBe(404);
    const wait = { headers: { prefer: 'wait=10' } };
    expect((await one.post<Job>(`/tasks/bulk/${claim.id}/confirm`, {}, wait)).body).toMatchObject({ done: 3, refused: 2 });
    expect(
      await counter
        .db('tasks')
        .whereIn('id', ids)
        .where({ claimed_by: await userId('first-1') }),
    ).toHaveLength(3);
    const release = (await one.post<Job>('/tasks/bulk', { act: 'release', selected: ids.slice(0, 3) })).body;
    expect((await one.post<Job>(`/tasks/bulk/${release.id}/confirm`, {}, wait)).body).toMatchObject({ done: 3, refused: 0 });
    expect(await counter.db('tasks').whereIn('id', ids).whereNotNull('claimed_by')).toHaveLength(0);
    expect(codesOf((await one.post<Job>('/tasks/bulk', { act: 'release', selected: ids.slice(0, 1) })).body)).toEqual(['bulk.notHeld']);
  });

  test('[F07] while a job is being checked it tells nothing of its tasks but the ids that were sent', async () => {
    const ids = await plantReviews('dark', 2);
    await counter.db('tasks').where({ id: ids[1] }).update({ office: '350102', office_path: '350000/350100/350102' });
    await counter.db('procedures').where({ id: 'dark-2' }).update({ region: '350102', region_path: '350000/350100/350102' });
    const one = await counter.as('first-1');
    const actor = await counter.cases.actor('first-1');
    const { id } = await createBulkJob(counter.db, actor, { act: 'claim', taskIds: ids, list: '', leftOut: 0 });
    // Verdicts wait, readers do not.
    await counter.db.transaction(async (trx) => {
      await trx.raw('lock table bulk_items in share row exclusive mode');
      const job = (await one.get<Job>(`/tasks/bulk/${id}`)).body;
      expect(job.items).toMatchObject(ids.map((taskId) => ({ taskId, status: 'unchecked', number: null, title: null })));
      const { status, html } = await counter.browse('first-1', `/tasks/bulk/${id}`);
      expect(status).toBe(200);
      expect(html).not.toMatch(/养老护理员|仓山康宁/);
    });
    let job = (await one.get<Job>(`/tasks/bulk/${id}`)).body;
    for (const until = Date.now() + 30_000; job.status === 'checking' && Date.now() < until; ) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      job = (await one.get<Job>(`/tasks/bulk/${id}`)).body;
    }
    expect(job.items).toMatchObject([{ title: '养老护理员（四级）第 1 期' }, { title: null, code: 'task.unknown' }]);
  }, 60_000);

  test('[F07] what a review checks is checked in bulk: outstanding answers of the registers leave it out', async () => {
    const { taskIds } = await counter.cases.open([firstReview]);
    const job = (await (await counter.as('first-1')).post<Job>('/tasks/bulk', { act: 'approve', selected: taskIds })).body;
    expect(codesOf(job)).toEqual(['checks.outstanding']);
    expect(job.items[0]?.reason).toMatch(/核查未通过/);
    expect(await counter.db('tasks').where({ id: taskIds[0] }).first('status', 'version', 'claimed_by')).toEqual({
      status: 'open',
      version: 1,
      claimed_by: null,
    });
  });

  test('nothing chosen, too much, an act that is not offered, a role without a queue', async () => {
    const one = await counter.as('first-1');
    expect((await one.post('/tasks/bulk', { act: 'approve', selected: [] })).body).toMatchObject({
      status: 422,
      issues: [{ field: 'selected', code: 'bulk.none' }],
    });
    const many = Array.from({ length: 501 }, (_, at) => `many-${at}/a.b/1`);
    expect((await one.post('/tasks/bulk', { act: 'approve', selected: many })).status).toBe(422);
    expect((await one.post('/tasks/bulk', { act: 'return', selected: ['a/b/1'] })).status).toBe(422);
    expect((await (await counter.as('school-1')).post('/tasks/bulk', { act: 'claim', selected: ['a/b/1'] })).status).toBe(403);
    expect((await (await counter.as('audit-1')).post('/tasks/bulk', { act: 'claim', selected: ['a/b/1'] })).status).toBe(403);
  });
});

describe('in a browser, without JavaScript', () => {
  test('[F07] tick, everything that matches as a second step, preview, confirm, result', async () => {
    const ids = await plantReviews('PAGE', 30);
    const list = await counter.browse('first-1', '/tasks?q=PAGE-');
    // All are due in the same second: which of them stand on the first page is not said.
    expect(ids.filter((id) => list.html.includes(`name="selected" value="${id}"`))).toHaveLength(25);
    expect(list.html).toContain('全部符合条件的 30 件也选上');
    const all = await counter.browse('first-1', '/tasks?q=PAGE-&select=all');
    expect(all.html).toContain('已选全部符合条件的 30 件');
    const none = await counter.browse('first-1', '/tasks/bulk', { act: 'approve', list: 'q=PAGE-' });
    expect(none).toMatchObject({ status: 303, location: '/tasks?q=PAGE-' });
    const sent = await counter.browse('first-1', '/tasks/bulk', { act: 'approve', all: '1', list: 'q=PAGE-' });
    expect(sent.status).toBe(303);
    const preview = await counter.browse('first-1', sent.location ?? '');
    expect(preview.html).toContain('共选 30 件：可办理 30 件');
    expect(await decisions('PAGE')).toEqual({ procedures: 0, facts: 0 });
    const confirmed = await counter.browse('first-1', `${sent.location}/confirm`, {});
    expect(confirmed).toMatchObject({ status: 303, location: sent.location });
    let result = await counter.browse('first-1', sent.location ?? '');
    for (const until = Date.now() + 60_000; !result.html.includes('已通过 30 件') && Date.now() < until; ) {
      await new Promise((resolve) => setTimeout(resolve, 200));
      result = await counter.browse('first-1', sent.location ?? '');
    }
    expect(result.html).toContain('已通过 30 件');
    expect(await decisions('PAGE')).toEqual({ procedures: 30, facts: 30 });
  }, 120_000);

  test('a list longer than one job: the most urgent 500, and how many are left out', async () => {
    await plantReviews('LONG', 503);
    const sent = await counter.browse('first-1', '/tasks/bulk', { act: 'claim', all: '1', list: 'q=LONG-' });
    const job = (await (await counter.as('first-1')).get<Job>(sent.location ?? '')).body;
    expect(job).toMatchObject({ total: 500, leftOut: 3 });
    expect((await counter.browse('first-1', sent.location ?? '')).html).toContain('还有 3 件不在其中');
  });
});

async function asOwner<T>(work: (owner: ReturnType<typeof openDatabase>) => Promise<T>): Promise<T> {
  const owner = openDatabase(databaseUrl(), { owner: true, max: 1 });
  try {
    return await work(owner);
  } finally {
    await closeDatabase(owner);
  }
}

function databaseUrl(): string {
  return (counter.db.client as { config: { connection: { connectionString: string } } }).config.connection.connectionString;
}

/** Confirms the job and lets a process work on it that loses its connection after some items. Returns how many were left. */
async function crashAfter(jobId: string, items: number): Promise<{ url: string; left: number }> {
  const url = databaseUrl();
  await counter.db('bulk_jobs').where({ id: jobId, status: 'preview' }).update({ status: 'running', confirmed_at: new Date() });
  const dying = openDatabase(url, { max: 1, applicationName: 'dying' });
  const work = workOffBulkJob(dying, jobId).then(
    () => 'finished',
    () => 'crashed',
  );
  const left = async (): Promise<number> =>
    Number((await counter.db('bulk_items').where({ job_id: jobId, status: 'waiting' }).count('* as n'))[0]?.['n']);
  const all = await left();
  while ((await left()) > all - items);
  let ended = false;
  const outcome = work.finally(() => (ended = true));
  await asOwner(async (owner) => {
    while (!ended) await owner.raw(`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'dying'`);
  });
  expect(await outcome).toBe('crashed');
  await closeDatabase(dying);
  return { url, left: await left() };
}
