/** Copies (抄送): to colleagues who may read the class, for information; inside the office, and nothing is decided by them. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findBrokenLink } from '../../../db/protocol/procedures.ts';
import { makeId } from '../../../workflows/domain/people/identity.ts';
import { firstReview } from '../../support/by-hand/cases.ts';
import { type CounterOfTests, openCounter } from '../../support/counter.ts';

type Issues = { issues?: { field: string; code: string }[] };
type Copies = { copies: { sender: string; readers: string[]; remark: string }[]; readers: { id: string; name: string }[] };

let counter: CounterOfTests;
let path: string;
let taskId: string;
beforeAll(async () => {
  counter = await openCounter();
  const { taskIds } = await counter.cases.open([firstReview], { id: `class-${counter.cases.classNumber}` });
  taskId = taskIds[0] ?? '';
  path = `/classes/${counter.cases.classNumber}/copies`;
});
afterAll(() => counter?.close());

const idOf = async (login: string) => (await counter.cases.actor(login)).userId;

test('[F06] an institution, an auditor and an officer of another county are refused', async () => {
  const body = { to: [await idOf('first-2')], remark: '请知悉' };
  for (const [login, status] of [
    ['school-1', 403],
    ['audit-1', 403],
    ['other-first-1', 404],
  ] as const)
    expect([login, (await (await counter.as(login)).post(path, body)).status]).toEqual([login, status]);
});

test('[N2] a reader outside the region and personal numbers are refused at their field; nothing of it stays', async () => {
  const sender = await counter.as('first-1');
  const post = async (to: string[], remark: string) => {
    const answer = await sender.post<Issues>(path, { to, remark });
    return [answer.status, answer.body.issues?.map(({ field, code }) => `${field} ${code}`)];
  };
  const colleague = await idOf('first-2');
  expect(await post([], '请知悉')).toEqual([422, ['to copy.nobody']]);
  expect(await post([await idOf('other-first-1')], '请知悉')).toEqual([422, ['to copy.notReader']]);
  expect(await post([await idOf('school-1')], '请知悉')).toEqual([422, ['to copy.notReader']]);
  expect(await post([colleague], `学员 ${makeId({ region: '350104', birth: '1990-01-01', serial: 7 })} 有疑问`)).toEqual([
    422,
    ['remark personal.id'],
  ]);
  expect(await post([colleague], '字'.repeat(201))).toEqual([422, ['remark tooLong']]);
  expect(await counter.db('notices').where({ occasion: 'class.copied' })).toHaveLength(0);
  const page = await counter.browse('first-1', path, { to: colleague, remark: '' });
  expect(page.status).toBe(422);
  expect(page.html).toMatch(new RegExp(`value="${colleague}" checked`));
});

test('[F06] a copy is a notice with its remark, a line of the class inside the office, and leaves the task as it was', async () => {
  const page = (await counter.browse('first-1', path)).html;
  // By office, the nearest open; the field to find somebody shows with JavaScript alone.
  expect(page).toMatch(/<details class="disclose office" open><summary>[^<]+<small>\d+ 人/);
  expect(page).toMatch(/data-find="colleagues" hidden/);
  const before = await counter.db('tasks').where({ id: taskId }).first();
  const sender = await counter.as('first-1');
  const to = [await idOf('second-1'), await idOf('audit-1')];
  const request = { to, remark: '同一场地本月第三个班，请知悉' };
  expect(await sender.post(path, request, { key: 'copy-1' })).toMatchObject({ status: 201, body: { told: 2 } });
  expect(await sender.post(path, request, { key: 'copy-1' })).toMatchObject({ status: 201, body: { told: 2 } });
  const notices = (await (await counter.as('second-1')).get<{ notices: unknown[] }>('/notices')).body.notices;
  expect(notices).toHaveLength(1);
  expect(notices[0]).toMatchObject({
    occasion: 'class.copied',
    author: '周明',
    remark: request.remark,
    href: `/classes/${counter.cases.classNumber}`,
  });
  expect(await counter.db('tasks').where({ id: taskId }).first()).toEqual(before);

  const events = async (login: string) =>
    (await (await counter.as(login)).get<{ events: { act: string; reason: string }[] }>(`/classes/${counter.cases.classNumber}/timeline`))
      .body.events;
  expect((await events('second-1')).find(({ act }) => act === 'class.copy')?.reason).toBe(request.remark);
  expect(JSON.stringify(await events('school-1'))).not.toContain('第三个班');
  expect(await findBrokenLink(counter.db, `class-${counter.cases.classNumber}`)).toBeUndefined();
  const { copies } = (await sender.get<Copies>(path)).body;
  expect(copies).toMatchObject([{ sender: '周明', remark: request.remark, readers: expect.arrayContaining(['王涛', '许清']) }]);
  expect((await counter.browse('first-1', `/tasks/${taskId}`)).html).toContain(`${path}?back`);
});
