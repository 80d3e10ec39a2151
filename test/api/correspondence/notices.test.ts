/** Notices inside the product: who is told of what, in the transaction of the act; read one by one or all at once; never across the line between office and institution. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadWords } from '../../../api/pages/i18n.ts';
import { occasionNames } from '../../../db/correspondence/occasions.ts';
import { tell } from '../../../db/correspondence/tell.ts';
import { inTransaction } from '../../../db/client.ts';
import { withdrawProcedure } from '../../../db/protocol/life.ts';
import { lockProcedure } from '../../../db/protocol/procedures.ts';
import { getTask } from '../../../db/protocol/tasks.ts';
import { sendingBack } from '../../support/by-hand/asks.ts';
import { firstReview } from '../../support/by-hand/cases.ts';
import { type CounterOfTests, openCounter } from '../../support/counter.ts';

type Notice = {
  id: string;
  no: number;
  occasion: string;
  title: string;
  subject: string;
  href: string;
  author: string | null;
  remark: string | null;
  read: boolean;
};
type Notices = { notices: Notice[]; unread: number; next: number | null };

let counter: CounterOfTests;
/** The review of the class that there is. */
let review: { id: string; taskId: string };
beforeAll(async () => {
  counter = await openCounter();
  const { id, taskIds } = await counter.cases.open([firstReview], { id: `class-${counter.cases.classNumber}` });
  review = { id, taskId: taskIds[0] ?? '' };
});
afterAll(() => counter?.close());

const idOf = async (login: string) => (await counter.cases.actor(login)).userId;
const read = async (login: string, query = '') => (await (await counter.as(login)).get<Notices>(`/notices${query}`)).body;
const told = async (login: string, about: string, query = '') =>
  (await read(login, query)).notices.filter(({ href }) => href.includes(about)).map(({ occasion }) => occasion);

describe('notices', () => {
  test('[F06] whoever a task concerns is told of each act on it, and who acts is not', async () => {
    const { taskId } = await counter.openReview();
    const boss = await counter.as('supervise-1');
    const holder = await counter.as('first-1');
    const colleague = await idOf('first-2');
    await holder.post(`/tasks/${taskId}/claim`);
    await holder.post(`/tasks/${taskId}/delegate`, { to: colleague, question: '场地是否合适' });
    await (await counter.as('first-2')).post(`/tasks/${taskId}/opinion`, { opinion: '合适' });
    await holder.post(`/tasks/${taskId}/delegate`, { to: colleague, question: '师资是否合适' });
    await holder.post(`/tasks/${taskId}/recall`);
    expect((await boss.post(`/tasks/${taskId}/urge`)).status).toBe(200);
    expect((await boss.post(`/tasks/${taskId}/reassign`, { to: colleague, reason: '平衡工作量' })).status).toBe(200);
    expect((await boss.post(`/tasks/${taskId}/escalate`, { reason: '久拖未办' })).status).toBe(200);
    expect((await boss.post(`/tasks/${taskId}/suspend`, { reason: '等函复' })).status).toBe(200);
    expect(await told('first-1', taskId)).toEqual(['task.taken_over', 'task.urged', 'task.opinion_given']);
    expect(await told('first-2', taskId)).toEqual([
      'task.suspended',
      'task.reported',
      'task.assigned',
      'task.opinion_recalled',
      'task.opinion_asked',
      'task.opinion_asked',
    ]);
    expect(await told('city-supervise-1', taskId)).toEqual(['task.escalated']);
    expect(await told('supervise-1', taskId)).toEqual([]);
    expect(await told('other-first-1', taskId)).toEqual([]);
  });

  test('[F06] a review that is sent back is told to whoever did it, with the reason; nobody else of the queue, no institution', async () => {
    const { id, taskIds } = await counter.cases.open([firstReview, sendingBack]);
    const [first = '', second = ''] = taskIds;
    expect(
      (await (await counter.as('first-1')).post(`/tasks/${first}/decide`, { outcome: 'propose_refusal', reason: '场地证明缺页' })).status,
    ).toBe(200);
    await counter
      .db('procedures')
      .where({ id })
      .update({ applied_no: counter.db.ref('fact_no') });
    const above = await counter.as('second-1');
    expect((await above.post(`/tasks/${second}/decide`, { outcome: 'back_to_1', reason: '' })).status).toBe(422);
    expect(await told('first-1', second)).toEqual([]);
    expect((await above.post(`/tasks/${second}/decide`, { outcome: 'back_to_1', reason: '请补查场地证明' })).status).toBe(200);
    const [notice] = (await read('first-1')).notices.filter(({ href }) => href.includes(second));
    expect(notice).toMatchObject({ occasion: 'task.sent_back', title: '退回培训前初审重新办理', remark: '请补查场地证明', read: false });
    for (const login of ['first-2', 'second-1', 'school-1']) expect([login, await told(login, second)]).toEqual([login, []]);
  });

  test('[F06] whoever has a task of what is withdrawn in hand is told; the other queues are not', async () => {
    const { id, taskId } = await counter.openReview();
    await (await counter.as('first-2')).post(`/tasks/${taskId}/claim`);
    const by = { actor: await idOf('school-1'), reason: '计划有变', act: 'class.withdraw' };
    await inTransaction(counter.db, async (trx) => withdrawProcedure(trx, await lockProcedure(trx, id), by));
    expect(await told('first-2', taskId)).toEqual(['task.cancelled']);
    expect(await told('first-1', taskId)).toEqual([]);
  });

  test('[F06] what asked for something about a task waits for nobody once the task has ended, whoever ended it', async () => {
    const { taskId } = await counter.openReview();
    const before = (await read('first-2')).unread;
    await (await counter.as('supervise-1')).post(`/tasks/${taskId}/urge`);
    expect((await read('first-2')).unread).toBe(before + 1);
    expect(await told('first-2', taskId, '?unread=1')).toEqual(['task.urged']);
    expect((await (await counter.as('first-1')).post(`/tasks/${taskId}/decide`, { outcome: 'approve' })).status).toBe(200);
    expect((await read('first-2')).unread).toBe(before);
    expect(await told('first-2', taskId, '?unread=1')).toEqual([]);
    const [notice] = (await read('first-2')).notices.filter(({ href }) => href.includes(taskId));
    expect(notice).toMatchObject({ occasion: 'task.urged', read: true });
  });

  test('[F06] an act that is rolled back tells nobody; the same event told twice is one notice', async () => {
    const { taskId } = await counter.openReview();
    const people = [await idOf('first-1')];
    const say = (fail: boolean) =>
      inTransaction(counter.db, async (trx) => {
        const task = await getTask(trx, taskId);
        await tell(trx, 'task.assigned', { task, procedure: await lockProcedure(trx, task.procedure_id), people, key: 'once' });
        if (fail) throw new Error('rolled back');
      });
    await expect(say(true)).rejects.toThrow('rolled back');
    expect(await told('first-1', taskId)).toEqual([]);
    await say(false);
    await say(false);
    expect(await told('first-1', taskId)).toEqual(['task.assigned']);
  });

  test('[N4] what is inside the office reaches no institution, and an institution learns of its own matters only', async () => {
    const outsider = await idOf('school-1');
    const officer = await idOf('first-1');
    await inTransaction(counter.db, async (trx) => {
      const procedure = await lockProcedure(trx, review.id);
      const task = await getTask(trx, review.taskId);
      const people = [outsider, officer];
      for (const name of ['task.assigned', 'class.copied', 'message.received'] as const)
        await tell(trx, name, { procedure, task, people, key: `side/${name}` });
      // Somebody else's class.
      const foreign = { ...procedure, institution_id: null, class_id: null };
      await tell(trx, 'message.received', { procedure: foreign, people, key: 'foreign' });
      await tell(trx, 'class.returned', { procedure, key: 'returned', params: { paper: 'X-1' }, actor: officer });
    });
    const school = await read('school-1');
    expect(school.notices.map(({ occasion, author }) => [occasion, author])).toEqual([
      ['class.returned', null],
      ['message.received', null],
    ]);
    expect(school.notices[0]).toMatchObject({ title: '退回补正，补正通知书 X-1', href: `/classes/${counter.cases.classNumber}` });
    expect((await read('first-1')).notices.filter(({ occasion }) => occasion === 'class.returned')).toEqual([]);
  });

  test('[F06] opening a notice marks it read and leads to the task; another person has no such notice', async () => {
    const { taskId } = await counter.openReview();
    const boss = await counter.as('supervise-1');
    await boss.post(`/tasks/${taskId}/reassign`, { to: await idOf('first-2'), reason: '平衡工作量' });
    const [notice] = (await read('first-2')).notices;
    expect(notice).toMatchObject({ occasion: 'task.assigned', read: false, href: `/tasks/${taskId}` });
    expect((await (await counter.as('first-1')).get(`/notices/${notice?.id}`)).status).toBe(404);
    expect((await (await counter.as('first-1')).post(`/notices/${notice?.id}/read`)).status).toBe(404);
    expect((await counter.browse('first-2', '/notices')).html).toContain(`/notices/${notice?.id}`);
    expect(await counter.browse('first-2', `/notices/${notice?.id}`)).toMatchObject({ status: 303, location: `/tasks/${taskId}` });
    expect((await read('first-2')).notices[0]).toMatchObject({ id: notice?.id, read: true });
    expect((await read('first-2', '?unread=1')).notices.map(({ id }) => id)).not.toContain(notice?.id);
  });

  test('[F10] the list goes by keyset pages; all up to what was seen are marked read, and the header counts the rest', async () => {
    const person = await idOf('inspect-1');
    await counter.db.raw(
      `insert into notices (user_id, occasion, key, params, created_at)
       select cast(? as uuid), 'substitution.named', 'page/' || n, '{"from": "2026-03-02", "until": "2026-03-03"}', business_now() from generate_series(1, 65) n`,
      [person],
    );
    const pages: Notices[] = [await read('inspect-1')];
    while (pages.at(-1)?.next) pages.push(await read('inspect-1', `?before=${pages.at(-1)?.next}`));
    const all = pages.flatMap(({ notices }) => notices.map(({ no }) => no));
    expect(pages.map(({ notices }) => notices.length)).toEqual([30, 30, 5]);
    expect(all).toEqual([...new Set(all)].sort((a, b) => b - a));
    expect((await counter.browse('inspect-1', '/tasks')).html).toContain('65 条未读通知');
    const answer = await (await counter.as('inspect-1')).post<{ marked: number }>('/notices/read', { upTo: all[1] });
    expect(answer.body.marked).toBe(64);
    expect((await read('inspect-1', '?unread=1')).notices.map(({ no }) => no)).toEqual([all[0]]);
    expect((await counter.browse('inspect-1', '/tasks?lang=en')).html).toContain('1 unread notice<');
    expect(await counter.browse('inspect-1', '/notices/read', {})).toMatchObject({ status: 303 });
    expect((await counter.browse('inspect-1', '/tasks')).html).not.toContain('未读通知');
  });

  test('[N4] a message is a notice to the other side, one until it is looked at; opening the conversation answers it', async () => {
    const number = counter.cases.classNumber;
    await counter.db('notices').update({ read_at: counter.db.fn.now() });
    const school = await counter.as('school-1');
    const officer = await counter.as('first-1');
    for (const text of ['请补充场地照片', '并注明日期'])
      expect((await officer.post(`/classes/${number}/messages`, { text })).status).toBe(201);
    expect(await told('school-1', number, '?unread=1')).toEqual(['message.received']);
    expect((await school.get(`/classes/${number}/messages`)).status).toBe(200);
    expect((await read('school-1')).unread).toBe(0);
    expect((await school.post(`/classes/${number}/messages`, { text: '已补充' })).status).toBe(201);
    expect(await told('first-1', number, '?unread=1')).toEqual(['message.received']);
    expect(await told('inspect-1', number, '?unread=1')).toEqual([]);
  });

  test('[F06] every occasion has words in both languages, and no notice holds a name', async () => {
    const words = loadWords();
    expect(occasionNames.filter((name) => !words.has(`notices.occasions.${name.replace('.', '_')}`))).toEqual([]);
    const rows: { params: object }[] = await counter.db('notices').select('params');
    expect(JSON.stringify(rows)).not.toMatch(/周明|李静|陈岚/);
  });
});
