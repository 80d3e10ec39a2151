/** What a signer found in order stays on record with who and when; those who sign after see it, and the sheet of the review prints it. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Ask } from '../../../workflows/domain/procedures.ts';
import { signersOf } from '../../../workflows/domain/signing.ts';
import { filing, review } from '../../support/by-hand/asks.ts';
import { openProvince, type Province, returnClass } from '../../support/province.ts';

let province: Province;
beforeAll(async () => {
  province = await openProvince();
});
afterAll(() => province?.close());

const joint = { mode: 'all', with: [{ role: 'second_reviewer', level: 'county' }] } as const;
const asks = signersOf('pre_training', {
  step: 'first_review',
  role: 'first_reviewer',
  level: 'county',
  workingDays: 3,
  joint: { mode: joint.mode, with: [...joint.with] },
}).map((signer) => ({ ...review, ...signer, workingDays: 3 }));

/** A class that came back corrected, for both signers or as asked; every register has said yes. */
async function openAgain(seed: number, asked: Ask[] = asks): Promise<string> {
  const number = await returnClass(province, seed);
  const sent = await (await province.as('shifan-1')).post(`/classes/${number}/resubmit`, { answers: [{ no: 1, done: true }] });
  expect(sent.status).toBe(200);
  await province.db.raw(
    `insert into verifications (enrolment_id, register, result, asked_at, answered_at)
     select e.id, register, 'yes', now(), now() from enrolments e join classes c on c.id = e.class_id, unnest(array['identity', 'insurance', 'duplicate']) register where c.number = ?`,
    [number],
  );
  await province.step(`class-${number}`, 'pre_training', { acts: [{ act: 'setClassStatus', code: 'in_review' }], asks: asked });
  return `class-${number}`;
}

const answeredPoints = async (id: string): Promise<{ id: string }[]> =>
  province.db('correction_items').where({ status: 'answered' }).where('task_id', 'like', `${id}/%`).select('id');
const nameOf = async (login: string): Promise<string> => (await province.db('users').where({ login }).first('name')).name;
/** The row of a point of the checklist, as its text. */
const rowOf = (html: string, title: string): string =>
  new RegExp(`<tr[^>]*>\\s*<th scope="row"><strong>${title}</strong>[\\s\\S]*?</tr>`).exec(html)?.[0] ?? '';

test('[N14] 会签: the second signer sees beside each point who found it in order, marks it for themselves, and both stand on the sheet', async () => {
  const id = await openAgain(83);
  const { id: item } = await province.db('correction_items').where({ status: 'answered' }).first('id');
  const [first, second] = [`/tasks/${id}/pre_training.first_review/2`, `/tasks/${id}/pre_training.first_review.and-1/1`];
  const [one, two] = [await nameOf('cs-first-1'), await nameOf('cs-second-1')];
  const reader = await province.browser('cs-second-1');
  const before = (await reader.get(second)).html;
  expect(before).toContain('随签署留存');
  expect(before).not.toContain('已核');

  const signed = await (await province.as('cs-first-1')).post(`${first}/decide`, {
    outcome: 'approve',
    items: [
      { field: 'plan', mark: 'pass' },
      { field: 'teachers', mark: 'pass' },
      { field: 'hours', mark: '' },
      { field: 'invented', mark: 'pass' },
      ...Array.from({ length: 60 }, () => ({ field: 'plan', mark: 'pass' })),
    ],
    // Each point counts once, and only those of the list.
    judged: [
      { item, mark: 'accepted' },
      { item: randomUUID(), mark: 'accepted' },
      { item, mark: 'accepted' },
    ],
  });
  expect(signed.status).toBe(200);
  const fact = await province.db('facts').where({ procedure_id: id, kind: 'signed' }).first('payload', 'actor', 'at');
  expect(fact.payload.checked).toEqual(['plan', 'teachers', item]);

  const { html } = await reader.get(second);
  for (const title of ['教学计划', '师资']) expect(rowOf(html, title)).toContain(`${one} 已核`);
  expect(rowOf(html, '课时结构')).not.toContain('已核');
  // The answer that was accepted is still the second one's to judge.
  expect(html).toContain(`value="${item}"`);
  expect(html.split(`${one} 已核`)).toHaveLength(4);
  // The mark of one is not that of another.
  expect(rowOf(html, '教学计划')).toMatch(/value="pass"(?! checked)/);
  // Who signed reads it too, and the institution does not.
  expect(rowOf((await (await province.browser('cs-first-1')).get(first)).html, '教学计划')).toContain(`${one} 已核`);
  expect((await (await province.browser('shifan-1')).get(second)).html).not.toContain('已核');

  const decided = await (await province.as('cs-second-1')).post(`${second}/decide`, {
    outcome: 'approve',
    items: [
      { field: 'plan', mark: 'pass' },
      { field: 'hours', mark: 'pass' },
    ],
  });
  expect(decided.status).toBe(200);
  await province.step(id, 'pre_training', { acts: [{ act: 'approveClass' }] });
  const { id: paper } = await province.db('papers').where({ procedure_id: id, kind: 'opening_review' }).first('id');
  const sheet = (await reader.get(`/papers/${paper}`)).html;
  const points = [...sheet.matchAll(/<tr><td>([^<]+)<\/td><td>((?:<div>[^<]+<\/div>)+)<\/td><\/tr>/g)].map(([, label, marks = '']) => [
    label,
    [one, two].filter((name) => marks.includes(name)),
  ]);
  expect(points).toEqual([
    ['教学计划', [one, two]],
    ['师资', [one]],
    ['课时结构', [two]],
  ]);
});

test('[N14] marks of a signature that is taken back are shown no longer; those from before a return belong to the file as it was', async () => {
  const reader = await province.browser('cs-second-1');
  const one = await province.as('cs-first-1');
  const signed = async (seed: number) => {
    const id = await openAgain(seed);
    const [first, second] = [`/tasks/${id}/pre_training.first_review/2`, `/tasks/${id}/pre_training.first_review.and-1/1`];
    const pass = { outcome: 'approve', items: [{ field: 'teachers', mark: 'pass' }] };
    expect((await one.post(`${first}/decide`, pass)).status).toBe(200);
    expect((await reader.get(second)).html).toContain('已核');
    return { id, first, second };
  };
  const taken = await signed(84);
  expect((await one.post(`${taken.first}/take-back`, { reason: '场地还要再看一次' })).status).toBe(200);
  expect((await reader.get(taken.second)).html).not.toContain('已核');

  const returned = await signed(85);
  const { id: item } = await province
    .db('correction_items')
    .where({ status: 'answered' })
    .whereLike('task_id', `${returned.id}/%`)
    .first('id');
  const back = { outcome: 'return', judged: [{ item, mark: 'again', text: '仍不完整' }] };
  expect((await (await province.as('cs-second-1')).post(`${returned.second}/decide`, back)).status).toBe(200);
  expect((await reader.get(returned.second)).html).not.toContain('已核');
});

test('[N14] marks of a review to which the file is sent back, and of those behind it, are shown no longer; one before it keeps its own', async () => {
  const pass = (field: string) => ({ outcome: 'approve', items: [{ field, mark: 'pass' }] });
  const second: Ask = { ...review, step: 'pre_training.second_review', role: 'second_reviewer' };
  const approval: Ask = {
    ...review,
    step: 'pre_training.approval',
    role: 'approver',
    outcomes: ['approve', 'return', 'back_to_1', 'back_to_2', 'refuse'],
  };
  /** What the approver sees, and after sending the file back who reviews next. */
  const sentBack = async (seed: number, outcome: string, next: Ask, task: string): Promise<[string, string, string]> => {
    const id = await openAgain(seed, [review]);
    const decide = async (login: string, of: string, decision: Record<string, unknown>) =>
      expect((await (await province.as(login)).post(`/tasks/${id}/pre_training.${of}/decide`, decision)).status, of).toBe(200);
    await decide('cs-first-1', 'first_review/2', pass('plan'));
    await province.step(id, 'pre_training', { asks: [second] });
    await decide('cs-second-1', 'second_review/1', pass('teachers'));
    await province.step(id, 'pre_training', { asks: [approval] });
    const before = (await (await province.browser('cs-approve-1')).get(`/tasks/${id}/pre_training.approval/1`)).html;
    await decide('cs-approve-1', 'approval/1', { outcome, reason: '教师资质再核', items: [{ field: 'hours', mark: 'pass' }] });
    await province.step(id, 'pre_training', { asks: [next] });
    const reader = next.role === 'first_reviewer' ? 'cs-first-1' : 'cs-second-1';
    return [before, (await (await province.browser(reader)).get(`/tasks/${id}/pre_training.${task}`)).html, id];
  };
  const seenOn = (html: string) => ['教学计划', '师资', '课时结构'].filter((title) => rowOf(html, title).includes('已核'));

  const [before, first] = await sentBack(86, 'back_to_1', review, 'first_review/3');
  expect(seenOn(before)).toEqual(['教学计划', '师资']);
  expect(rowOf(first, '教学计划')).not.toBe('');
  expect(seenOn(first)).toEqual([]);
  const [, again] = await sentBack(87, 'back_to_2', second, 'second_review/2');
  expect(seenOn(again)).toEqual(['教学计划']);

  // The way back is itself taken back, unread: what had been found before stands again.
  const [, , id] = await sentBack(88, 'back_to_1', review, 'first_review/3');
  await province
    .db('tasks')
    .where({ id: `${id}/pre_training.first_review/3` })
    .update({ read_at: null });
  const approver = await province.as('cs-approve-1');
  expect((await approver.post(`/tasks/${id}/pre_training.approval/1/take-back`, { reason: '退错了环节' })).status).toBe(200);
  expect((await province.db('tasks').where({ procedure_id: id, status: 'open' })).length).toBe(0);
  await province.step(id, 'pre_training', { asks: [approval] });
  const standing = (await (await province.browser('cs-approve-1')).get(`/tasks/${id}/pre_training.approval/2`)).html;
  expect(seenOn(standing)).toEqual(['教学计划', '师资']);
});

test('[N14] a stage without a checklist and a list keeps no marks, and an approval cannot ask for a point again', async () => {
  const number = await returnClass(province, 84);
  const id = `class-${number}`;
  await province.step(id, 'filing', { asks: [filing] });
  const path = `/tasks/${id}/filing.first_review/1`;
  const officer = await province.as('cs-first-1');
  const made = randomUUID();
  const again = await officer.post(`${path}/decide`, { outcome: 'approve', judged: [{ item: made, mark: 'again', text: '请重做' }] });
  expect(again).toMatchObject({ status: 422, body: { issues: [{ field: 'outcome', code: 'task.marked' }] } });
  const body = {
    outcome: 'propose_refusal',
    reason: '不符合条件',
    items: [{ field: 'plan', mark: 'pass' }],
    judged: [{ item: made, mark: 'accepted' }],
  };
  expect((await officer.post(`${path}/decide`, body)).status).toBe(200);
  expect(
    (
      await province
        .db('facts')
        .where({ procedure_id: id, task_id: path.slice('/tasks/'.length) })
        .first('payload')
    ).payload,
  ).toEqual({
    reason: '不符合条件',
  });
});

test('[N7] an approval on the page that leaves points unmarked or materials unread is asked about before it counts; what programs send is not', async () => {
  const id = await openAgain(91, [review]);
  const opened = await province.db('tasks').where({ procedure_id: id, status: 'open' }).first('id');
  const task = `/tasks/${opened.id}`;
  const [{ id: item } = { id: '' }] = await answeredPoints(id);
  const form = {
    outcome: 'approve',
    checklist: '1',
    reason: '意见写在这里',
    'items[0][field]': 'plan',
    'items[0][mark]': 'pass',
    'judged[0][item]': item,
    'judged[0][mark]': 'accepted',
  };
  const reader = await province.browser('cs-first-1');
  const asked = await reader.post(`${task}/decide`, form);
  expect(asked.status).toBe(422);
  expect(asked.html).toMatch(/class="error-summary"[^>]*data-focus[\s\S]*11 项未标注、3 份材料未看/);
  expect(asked.html).toMatch(/name="confirmUnmarked" value="1"(?! checked)/);
  expect(asked.html).toContain('已核查，确认通过');
  // The other language of what was drawn at the address of the act: drawn again with what was typed; whoever goes there by the address gets the page.
  expect(asked.html).toContain(`<form id="language" method="post" action="${task}/decide?lang&#x3D;en"`);
  expect(asked.html).toMatch(/<input type="hidden" data-typed name="reason" value="意见写在这里">/);
  const switched = await reader.get(`${task}/decide?lang=en`);
  expect([switched.status, switched.location]).toEqual([303, `${task}?lang=en`]);
  expect((await (await province.as('cs-first-1')).get(`${task}/decide`)).status).toBe(405);
  expect(asked.html).toContain('意见写在这里');
  expect(rowOf(asked.html, '教学计划')).toMatch(/value="pass" checked/);
  expect(await province.db('tasks').where({ id: opened.id }).first('status')).toEqual({ status: 'open' });

  const meant = await reader.post(`${task}/decide`, { ...form, confirmUnmarked: '1' });
  expect(meant.status).toBe(303);
  const fact = await province.db('facts').where({ procedure_id: id, kind: 'decided' }).orderBy('no', 'desc').first('payload');
  expect(fact.payload).toMatchObject({ checked: ['plan', item], unmarked: 11, unread: 3 });

  const elsewhere = await openAgain(92, [review]);
  const open = await province.db('tasks').where({ procedure_id: elsewhere, status: 'open' }).first('id');
  const points = await answeredPoints(elsewhere);
  const sent = await (await province.as('cs-first-1')).post(`/tasks/${open.id}/decide`, {
    outcome: 'approve',
    judged: points.map((point) => ({ item: point.id, mark: 'accepted' })),
  });
  expect(sent.status).toBe(200);
});
