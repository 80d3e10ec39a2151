/** No free text that stays on record or goes out holds the number of a person: refused at its field, on every counter. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeCard, makeId } from '../../../workflows/domain/people/identity.ts';
import { type CounterOfTests, openCounter, plainReview } from '../../support/counter.ts';

type Issues = { issues?: { field: string; code: string }[] };

let counter: CounterOfTests;
beforeAll(async () => {
  counter = await openCounter();
});
afterAll(() => counter?.close());

const id = makeId({ region: '350104', birth: '1990-01-01', serial: 123 });
const numbers = [
  [id, 'personal.id'],
  [makeCard({ serial: 77 }), 'personal.card'],
  ['138 0013 8000', 'personal.phone'],
] as const;
const found = (answer: { body: unknown }) => ((answer.body as Issues).issues ?? []).map(({ field, code }) => [field, code]);

describe('personal numbers in free text', () => {
  test('[N2] reasons, opinions, questions and points of a decision are refused at the field; nothing reaches the record', async () => {
    const { id: procedure, taskIds } = await counter.cases.open([plainReview, { ...plainReview, step: 'review.second_look' }]);
    const [path, other] = taskIds.map((task) => `/tasks/${task}`);
    const [holder, colleague, supervisor] = await Promise.all(['first-1', 'first-2', 'supervise-1'].map((login) => counter.as(login)));
    if (!holder || !colleague || !supervisor) throw new Error('nobody');
    const to = (await counter.cases.actor('first-2')).userId;
    await holder.post(`${path}/claim`);
    for (const [number, code] of numbers) {
      const text = `学员 ${number} 有误`;
      const sent: [typeof holder, string, Record<string, unknown>, string][] = [
        [holder, `${path}/decide`, { outcome: 'return', reason: text }, 'reason'],
        [holder, `${path}/decide`, { outcome: 'return', items: [{ field: 'plan', text }] }, 'items.0.text'],
        [holder, `${path}/decide`, { outcome: 'return', items: [{ field: 'plan', text: '补充', why: text }] }, 'items.0.why'],
        [holder, `${path}/decide`, { outcome: 'return', judged: [{ item: crypto.randomUUID(), mark: 'again', text }] }, 'judged.0.text'],
        [holder, `${path}/delegate`, { to, question: text }, 'question'],
        [colleague, `${path}/opinion`, { opinion: text }, 'opinion'],
        [holder, `${path}/signers`, { to, question: text }, 'question'],
        [holder, '/tasks/views', { name: text }, 'name'],
        [holder, `${path}/suspend`, { reason: text }, 'reason'],
        [holder, `${path}/take-back`, { reason: text }, 'reason'],
        [supervisor, `${other}/reassign`, { to, reason: text }, 'reason'],
        [supervisor, `${other}/escalate`, { reason: text }, 'reason'],
      ];
      for (const [who, at, body, field] of sent) {
        const answer = await who.post(at, body);
        expect([at, answer.status, found(answer)]).toEqual([at, 422, [[field, code]]]);
      }
    }
    expect(await counter.db('facts').where({ procedure_id: procedure, kind: 'decided' })).toHaveLength(0);
    expect(await counter.db('task_delegations')).toHaveLength(0);
    const page = await counter.browse('first-1', `${path}/decide`, { outcome: 'return', reason: `学员 ${id} 有误` });
    expect(page.status).toBe(422);
    expect(page.html).toContain('文字中有身份证号，请删去');
    expect((await holder.post(`${path}/suspend`, { reason: '等 0591-87654321 来电，名册第 3、12 号' })).status).toBe(200);
  });

  test('[N2] titles, which stand in mails and notices, topics, plans and grounds of an objection are refused likewise', async () => {
    const school = await counter.as('school-1');
    for (const [number, code] of numbers) {
      const text = `学员 ${number} 有误`;
      const answer = await school.post('/classes', { projectId: crypto.randomUUID(), title: text, plan: text });
      expect([answer.status, found(answer)]).toEqual([
        422,
        code === 'personal.phone'
          ? [['title', code]]
          : expect.arrayContaining([
              ['title', code],
              ['plan', code],
            ]),
      ]);
    }
    expect(await counter.db('classes').whereLike('title', '学员%')).toHaveLength(0);
  });

  test('[N2] what belongs to the kind of task, as the remark of an inspection, is told at its field likewise', async () => {
    const { taskIds } = await counter.cases.open([
      { step: 'training.inspection', kind: 'inspection', role: 'inspector', level: 'county', outcomes: ['in_order', 'finding'] },
    ]);
    const inspector = await counter.as('inspect-1');
    const answer = await inspector.post(`/tasks/${taskIds[0]}/decide`, {
      outcome: 'in_order',
      method: 'phone',
      remark: `致电 ${numbers[2][0]}`,
    });
    expect([answer.status, found(answer)]).toEqual([422, [['remark', 'personal.phone']]]);
    const met = await inspector.post(`/tasks/${taskIds[0]}/decide`, {
      outcome: 'in_order',
      method: 'visit',
      presentCount: 1,
      companion: `王晓 ${id}`,
    });
    expect([met.status, found(met)]).toEqual([422, [['companion', 'personal.id']]]);
  });

  test('[N2] what is typed to find something is refused where it is somebody’s number, however it is encoded, and never kept: no audit line, job or saved view holds it', async () => {
    const [officer, admin] = await Promise.all([counter.as('first-1'), counter.as('audit-1')]);
    const spaced = `${id.slice(0, 4)} ${id.slice(4)}`;
    const encoded = [...id].map((sign) => `%${sign.charCodeAt(0).toString(16)}`).join('');
    const exportsBy = (q: string) =>
      [
        [officer, `/tasks/export.csv?q=${q}`],
        [admin, `/funds/export.csv?q=${q}`],
        [admin, `/admin/audit/export.csv?person=${q}`],
        [admin, `/admin/audit/export.csv?subject=${q}`],
      ] as const;
    for (const [who, at] of exportsBy('wang-1')) await who.download(at);
    for (const q of [encodeURIComponent(spaced), encoded]) {
      for (const [who, at] of exportsBy(q)) expect([at, (await who.get(at)).status]).toEqual([at, 422]);
      const saved = await officer.post('/tasks/views', { name: '查人', list: `view=mine&q=${q}` });
      expect([saved.status, found(saved)]).toEqual([422, [['list', 'personal.id']]]);
      const job = await officer.post('/tasks/bulk', { act: 'claim', selected: ['a/b/1'], list: `q=${q}` });
      expect([job.status, found(job)]).toEqual([422, [['list', 'personal.id']]]);
      const page = await counter.browse('first-1', '/tasks/bulk', { act: 'claim', selected: 'a/b/1', list: `q=${q}&view=mine` });
      expect(page).toMatchObject({ status: 303, location: '/tasks?view=mine' });
    }
    expect((await admin.get(`/admin/audit?act=${id}`)).status).toBe(422);
    const exports = await counter.db('audit_log').where('act', 'like', '%.export').orderBy('id').select('act', 'detail');
    expect(exports).toEqual([
      { act: 'inbox.export', detail: { view: 'queue', text: true } },
      { act: 'funds.export', detail: { text: true } },
      { act: 'audit.export', detail: { person: true } },
      { act: 'audit.export', detail: { subject: true } },
    ]);
    for (const table of ['audit_log', 'bulk_jobs', 'saved_views'])
      expect(JSON.stringify(await counter.db(table)).replace(/\W/g, '')).not.toContain(id.slice(4));
  });
});
