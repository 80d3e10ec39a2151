/** An order (督办单) about a late task with everything running: the last rung asks the city, the city signs, the county answers by its date. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CaseDetail } from '../../api/tasks/schemas.ts';
import { pause } from '../../start/demonstration/requests.ts';
import { findBrokenLink } from '../../db/protocol/procedures.ts';
import { captureHistories } from '../replay/capture.ts';
import { type Office, openOffice } from '../support/office.ts';
import { draftClass } from '../support/province.ts';

type Order = {
  procedure: string;
  number: string;
  state: string;
  paper: string | null;
  signatory: string | null;
  answerBy: string | null;
  answer: string | null;
};
type Detail = { ladder: { no: number; state: string }[]; order: Order | null };
type Listed = { tasks: { id: string; kind: string; paper: string | null; due: { date: string } }[] };

let office: Office;
beforeAll(async () => {
  office = await openOffice();
});
afterAll(() => office?.close());

async function until<T>(look: () => Promise<T | undefined | false | null>): Promise<T> {
  for (const end = Date.now() + 90_000; ; await pause(300)) {
    const found = await look();
    if (found) return found;
    if (Date.now() > end) throw new Error('it did not happen in time');
  }
}

async function taskOf(login: string, kind: string): Promise<Listed['tasks'][number]> {
  const person = await office.as(login);
  return until(async () => (await person.get<Listed>('/tasks')).body.tasks.find((task) => task.kind === kind));
}

async function page(login: string, path: string): Promise<{ status: number; html: string }> {
  const { token } = await office.as(login);
  const response = await fetch(`${office.origin}${path}`, { headers: { accept: 'text/html', authorization: `Bearer ${token}` } });
  return { status: response.status, html: await response.text() };
}

describe('an order of the superior authority', () => {
  let late: string;
  const detail = async (): Promise<Detail> => (await (await office.as('cs-supervise-1')).get<Detail>(`/tasks/${late}`)).body;

  test('[F04] the last rung asks the superior authority, which sees it in its inbox', async () => {
    const number = await draftClass(office, { trainees: 3, fortnight: 6 });
    await (await office.as('kangning-1')).post(`/classes/${number}/submit`);
    late = (await taskOf('cs-first-1', 'review')).id;
    const row = await office.db('tasks').where({ id: late }).first('rungs');
    // Rung by rung, as the mornings come.
    for (const [at, rung] of (row.rungs as Date[]).entries()) {
      await office.jump(new Date(rung.getTime() + 60_000));
      await until(
        async () =>
          (
            await office
              .db('task_rungs')
              .where({ task_id: late, no: at + 1 })
              .whereNotNull('told')
          ).length === 1,
      );
    }
    expect((await detail()).ladder.map(({ state }) => state)).toEqual(['rang', 'rang', 'rang', 'rang', 'rang']);
    expect((await detail()).order).toMatchObject({ state: 'requested', paper: null });
    expect((await page('cs-first-1', `/tasks/${late}`)).html).toMatch(/督办件 仓山区督办〔2026〕\d+号/);
    const issue = await taskOf('fz-supervise-1', 'order_issue');
    expect(
      (await (await office.as('cs-supervise-1')).post(`/tasks/${issue.id}/decide`, { outcome: 'issue', reason: '自己签' })).status,
    ).toBe(403);
    expect((await (await office.as('fz-supervise-1')).post(`/tasks/${issue.id}/decide`, { outcome: 'issue' })).status).toBe(422);
  });

  test('[F04] signed it is numbered by the city, names a date, and prints; the county answers on record', async () => {
    const issue = await taskOf('fz-supervise-1', 'order_issue');
    const signed = await (await office.as('fz-supervise-1')).post(`/tasks/${issue.id}/decide`, {
      outcome: 'issue',
      reason: '请三日内办结并书面说明原因',
    });
    expect(signed.status).toBe(200);
    const name = (await office.db('users').where({ login: 'fz-supervise-1' }).first('name')).name;
    const order = await until(async () => (await detail()).order);
    expect(order).toMatchObject({ state: 'issued', paper: '福州市人社培督〔2026〕1号', signatory: name });
    const answer = await taskOf('cs-supervise-1', 'order_answer');
    expect(answer.due.date).toBe(order.answerBy);

    // Two numbers, each named wherever it stands; the inbox finds the order by both.
    const { subject_number: caseNumber } = await office.db('procedures').where({ id: order.procedure }).first('subject_number');
    expect(order.number).toBe(caseNumber);
    expect(caseNumber).not.toBe(order.paper);
    for (const path of [`/tasks/${answer.id}`, '/tasks']) {
      const { html } = await page('cs-supervise-1', path);
      for (const words of [`督办单 ${order.paper}`, `督办件 ${caseNumber}`])
        expect([path, html.includes(words) ? words : html]).toEqual([path, words]);
    }
    expect((await page('cs-first-1', `/tasks/${late}`)).html).toContain(`督办单 ${order.paper}`);
    expect((await page('cs-supervise-1', `/tasks/${answer.id}`)).html).toContain(`<h1>督办单 ${order.paper}</h1><p class="muted">`);
    for (const [login, view] of [
      ['cs-supervise-1', 'queue'],
      ['cs-supervise-1', 'region'],
      ['fz-supervise-1', 'region'],
    ] as const)
      for (const text of [order.paper ?? '', '人社培督〔2026〕1', String(caseNumber)]) {
        const { tasks } = (await (await office.as(login)).get<Listed>(`/tasks?view=${view}&q=${encodeURIComponent(text)}`)).body;
        const found = tasks.map((task) => [task.id, task.paper]);
        // The paper is about a late task, which is found with it.
        const about = found.length > 1 ? [[late, null]] : [];
        expect([login, view, text, found]).toEqual([login, view, text, expect.arrayContaining([[answer.id, order.paper], ...about])]);
        expect(found.length).toBe(1 + about.length);
      }

    const { id } = await office.db('papers').where({ kind: 'supervision_order' }).first('id');
    for (const login of ['fz-supervise-1', 'cs-supervise-1']) {
      const paper = await page(login, `/papers/${id}`);
      expect(paper.status).toBe(200);
      for (const words of ['督办单', name, '福州市', '仓山区', '请三日内办结并书面说明原因', '前书面答复'])
        expect(paper.html).toContain(words);
    }
    expect((await page('kangning-1', `/papers/${id}`)).status).toBe(404);
    expect((await page('cs-supervise-1', `/tasks/${answer.id}`)).html).toContain('请三日内办结并书面说明原因');

    const county = await office.as('cs-supervise-1');
    const { evidence } = CaseDetail.parse((await county.get(`/tasks/${answer.id}`)).body);
    expect(evidence).toMatchObject({ kind: 'order', paper: '福州市人社培督〔2026〕1号', answerBy: order.answerBy });
    expect((await county.post(`/tasks/${answer.id}/decide`, { outcome: 'answer', reason: '已约谈办理人，明日办结' })).status).toBe(200);
    expect((await detail()).order).toMatchObject({ state: 'answered', answer: '已约谈办理人，明日办结' });
    await until(
      async () => (await office.db('procedures').where({ id: order.procedure, status: 'closed', outcome: 'answered' })).length === 1,
    );
    expect((await page('cs-first-1', `/tasks/${late}`)).html).toContain('已约谈办理人，明日办结');
    expect((await page('kangning-1', `/tasks/${late}`)).html).not.toContain('督办单');
    const noticesOf = async (login: string) =>
      (await (await office.as(login)).get<{ notices: { occasion: string; title: string; href: string }[] }>('/notices')).body.notices;
    expect((await noticesOf('fz-supervise-1')).find(({ occasion }) => occasion === 'order.answered')?.title).toContain(order.paper);
    expect((await noticesOf('cs-first-1')).find(({ occasion }) => occasion === 'order.issued')?.href).toBe(`/tasks/${late}`);
    expect((await noticesOf('kangning-1')).filter(({ occasion, title }) => /^(order|task)\./.test(occasion) || /督办/.test(title))).toEqual(
      [],
    );
    expect(await findBrokenLink(office.db, order.procedure)).toBeUndefined();
    expect(await office.db('procedures').where({ type: 'supervisionOrder' })).toHaveLength(1);
    // It is asked for once: by hand it is a conflict.
    expect((await county.post(`/tasks/${late}/escalate`, { reason: '再报' })).body).toMatchObject({
      status: 409,
      code: 'supervision.escalated',
    });
    if (process.env.CAPTURE_HISTORIES)
      await captureHistories(office.db, office.product.temporalAddress, office.taskQueue, 'ordered-and-answered');
  });
});
