/** The conversation of office and institution about a class: who writes, who reads, what stays. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { has } from '../../support/answers.ts';
import { findBrokenLink } from '../../../db/protocol/procedures.ts';
import { makeCard, makeId } from '../../../workflows/domain/people/identity.ts';
import { draftClass, openProvince, type Province, returnClass } from '../../support/province.ts';

type Conversation = {
  messages: { id: string; side: string; author: string; text: string; unread: boolean; readBy: string | null }[];
  mayWrite: boolean;
};
type Issues = { code: string; issues?: { field: string; code: string }[] };
type Inbox = { tasks: { number: string; unreadMessages: number }[] };

let province: Province;
let number: string;
beforeAll(async () => {
  province = await openProvince();
  number = await returnClass(province, 61);
});
afterAll(async () => {
  await province?.close();
});

const path = () => `/classes/${number}/messages`;

describe('conversation', () => {
  test('[N4] who may not write is refused; office and institution write, each sees what it has not read', async () => {
    for (const [login, status] of [
      ['kangning-1', 404],
      ['pingjia-1', 403],
      ['cs-audit-1', 403],
      ['system-1', 403],
    ] as const)
      expect([login, (await (await province.as(login)).post(path(), { text: '您好' })).status]).toEqual([login, status]);

    const school = await province.as('shifan-1');
    const officer = await province.as('cs-first-1');
    const asked = await school.post<{ id: string }>(path(), { text: '第 2 项所说的安排，是指每日课次吗？' });
    expect(asked.status).toBe(201);
    expect((await officer.post(path(), { text: '是，逐日写明课次和教师即可。' })).status).toBe(201);

    // The institution has not seen the answer: its first page says so, and its inbox.
    const workplace = (await school.get<{ asked: { kind: string; number: string; href: string }[] }>('/workplace')).body;
    expect(workplace.asked.find((row) => row.kind === 'message')).toMatchObject({ number, href: path() });
    expect((await school.get<Inbox>('/tasks')).body.tasks.find((task) => task.number === number)?.unreadMessages).toBe(1);
    has((await (await province.browser('shifan-1')).get(`/classes/${number}`)).html, '1 条未读留言');

    const read = (await school.get<Conversation>(path())).body;
    expect(read.messages.map(({ side, unread }) => [side, unread])).toEqual([
      ['office', true],
      ['institution', false],
    ]);
    expect((await school.get<Conversation>(path())).body.messages[0]?.unread).toBe(false);
    expect((await school.get<{ asked: { kind: string }[] }>('/workplace')).body.asked.some((row) => row.kind === 'message')).toBe(false);

    // Who wrote learns who has read it; the auditor reads without a trace of having answered.
    const auditor = (await (await province.as('cs-audit-1')).get<Conversation>(path())).body;
    expect(auditor).toMatchObject({ mayWrite: false, messages: [{ unread: false }, { unread: false, readBy: null }] });
    const seen = (await officer.get<Conversation>(path())).body.messages;
    expect(seen[0]?.readBy).toBe((await province.db('users').where({ login: 'shifan-1' }).first('name')).name);
    expect(await province.db('class_message_reads')).toHaveLength(2);
  });

  test('[F33] a message stands in the audit chain and in the timeline, and can be neither changed nor deleted', async () => {
    const { events } = (
      await (
        await province.as('shifan-1')
      ).get<{ events: { act: string; title: string; reason: string | null }[] }>(`/classes/${number}/timeline`)
    ).body;
    expect(events.filter((event) => event.act === 'message.send').map((event) => event.reason)).toEqual([
      '是，逐日写明课次和教师即可。',
      '第 2 项所说的安排，是指每日课次吗？',
    ]);
    expect(await findBrokenLink(province.db, `class-${number}`)).toBeUndefined();
    for (const act of [`update class_messages set body = 'x'`, 'delete from class_messages', 'delete from class_message_reads'])
      await expect(
        province.db.transaction(async (trx) => {
          await trx.raw('set local role shiming_app');
          await trx.raw(act);
        }),
      ).rejects.toThrow('permission denied');
    // The assessment body sees the class, and not what the two wrote.
    const assessor = await province.as('pingjia-1');
    expect((await assessor.get(`/classes/${number}`)).status).toBe(200);
    expect((await assessor.get(`/classes/${number}/messages`)).status).toBe(403);
    expect((await assessor.get(`/classes/${number}/timeline`)).status).toBe(404);
  });

  test('[N2] an ID or card number is refused at the field, with what was written kept; nothing of it reaches the record', async () => {
    const browser = await province.browser('cs-first-1');
    const id = makeId({ region: '350104', birth: '1988-05-06', serial: 11 });
    const refused = await browser.post(path(), { text: `请核对 ${id.slice(0, 6)} ${id.slice(6)}` });
    expect(refused.status).toBe(422);
    has(refused.html, '身份证号，请删去');
    has(refused.html, '请核对');
    const officer = await province.as('cs-first-1');
    const card = await officer.post<Issues>(path(), { text: `账户 ${makeCard({ serial: 5 })}` });
    expect([card.status, card.body.issues?.map(({ field, code }) => [field, code])]).toEqual([422, [['text', 'personal.card']]]);
    expect((await officer.post<Issues>(path(), { text: '   ' })).status).toBe(422);
    expect(await province.db('class_messages').where('body', 'like', '%请核对%')).toHaveLength(0);
  });

  test('[F36] sent twice with one key it is written once; a page goes back to where it was written', async () => {
    const officer = await province.as('cs-first-1');
    const key = randomUUID();
    const ids = await Promise.all(
      [1, 2].map(async () => (await officer.post<{ id: string }>(path(), { text: '请尽快补正。' }, { key })).body.id),
    );
    expect(new Set(ids).size).toBe(1);
    const browser = await province.browser('cs-first-1');
    const back = `/tasks/class-${number}/pre_training.first_review/1?part=messages`;
    expect((await browser.post(path(), { text: '已电话说明。', back })).location).toBe(back);
    expect((await browser.post(path(), { text: '再说明一次。', back: '//elsewhere.example/' })).status).toBe(422);
  });

  test('a draft has no conversation', async () => {
    const draft = await draftClass(province, { login: 'shifan-1', seed: 62, trainees: 0, materials: false });
    const school = await province.as('shifan-1');
    expect((await school.post(`/classes/${draft}/messages`, { text: '您好' })).status).toBe(404);
    expect((await (await province.browser('shifan-1')).get(`/classes/${draft}`)).html).not.toContain('/messages"');
  });
});
