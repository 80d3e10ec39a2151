/** The workplace of an institution: what is asked of it and by when, its classes, the answers of the office. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { draftClass, openProvince, type Province, returnClass } from '../support/province.ts';

type Workplace = {
  asked: {
    kind: string;
    task: string | null;
    number: string;
    href: string;
    what: string;
    due: { state: string; date: string | null; day: number | null; of: number | null };
  }[];
  askedTotal: number;
  classes: { number: string; status: string; stage: string; expectedFen: number; claimedFen: number | null; paidFen: number }[];
  next: string | null;
  answers: { number: string; outcome: string; reason: string | null; paper: string | null; href: string }[];
};

let province: Province;
let returned: string;
beforeAll(async () => {
  province = await openProvince();
  returned = await returnClass(province, 41);
});
afterAll(async () => {
  await province?.close();
});

const workplaceOf = async (login: string, query = '') => (await (await province.as(login)).get<Workplace>(`/workplace${query}`)).body;

describe('workplace', () => {
  test('[N28] a correction and a draft stand in one list by due date, with the working day that is counted', async () => {
    const draft = await draftClass(province, { login: 'shifan-1', seed: 42, trainees: 3, fortnight: 0 });
    const first = await workplaceOf('shifan-1');
    expect(first.askedTotal).toBe(2);
    expect(first.asked.map(({ kind, number, due }) => [kind, number, due.date])).toEqual([
      ['correction', returned, '2026-03-09'],
      // Five working days before 23 March.
      ['draft', draft, '2026-03-16'],
    ]);
    expect(first.asked[0]).toMatchObject({ href: `/classes/${returned}#correction`, due: { state: 'later', of: 5 } });
    expect(first.asked[0]?.what).toContain('1');

    // On the third of its five days the page says so: Friday, the make-up Saturday and this Monday.
    await province
      .db('tasks')
      .where({ id: first.asked[0]?.task ?? '' })
      .update({ from_date: '2026-02-26', due_date: '2026-03-04' });
    const { html } = await (await province.browser('shifan-1')).get('/workplace');
    for (const words of ['第 3/5 个工作日', '中式烹调师（五级）第 11 期', '申请补正', '草稿', '培训前审核', '2/10'])
      expect(html.includes(words) ? words : `missing ${words}`).toBe(words);
    expect((await workplaceOf('shifan-1')).asked[0]?.due).toMatchObject({ day: 3, of: 5 });
  });

  test('[N28] every answer of the office is there with its paper, newest first; a proposal inside the office is none', async () => {
    const { answers } = await workplaceOf('shifan-1');
    expect(answers).toMatchObject([{ number: returned, outcome: 'return', reason: '教学计划过于简略', href: `/classes/${returned}` }]);
    expect(answers[0]?.paper).toMatch(/^350104-/);
    const id = `class-${returned}`;
    await province.db.raw(
      `insert into facts (procedure_id, no, kind, task_id, outcome, actor, at, payload)
       select procedure_id, 9000 + n, 'decided', task_id, case when n = 3 then 'propose_refusal' else 'approve' end, actor, at + n * interval '1 minute', '{"reason":"x"}'
         from facts, generate_series(1, 30) n where procedure_id = ? and outcome = 'return'`,
      [id],
    );
    const school = await province.as('shifan-1');
    const seen: string[] = [];
    let after: string | null = '';
    while (after !== null) {
      const { body }: { body: { answers: { at: string; outcome: string }[]; next: string | null } } = await school.get(
        `/workplace/answers?size=12${after ? `&after=${after}` : ''}`,
      );
      seen.push(...body.answers.map((answer) => `${answer.at} ${answer.outcome}`));
      after = body.next;
    }
    expect(seen).toHaveLength(30);
    expect(seen).toEqual([...seen].sort().reverse());
    expect(seen.some((line) => line.includes('propose_refusal'))).toBe(false);
    await province.db('facts').where({ procedure_id: id }).where('no', '>', 9000).delete();
  });

  test('[N28] classes come a page at a time, none twice and none left out; nobody sees those of another institution', async () => {
    const own: string[] = [];
    for (let n = 0; n < 3; n += 1)
      own.push(await draftClass(province, { login: 'kangning-1', seed: 50 + n, trainees: 0, materials: false, fortnight: n }));
    const seen: string[] = [];
    let after: string | null = '';
    while (after !== null) {
      const body: Workplace = await workplaceOf('kangning-1', `?size=2${after ? `&after=${after}` : ''}`);
      seen.push(...body.classes.map((line) => line.number));
      after = body.next;
    }
    expect(seen).toEqual([...own].reverse());
    expect(JSON.stringify(await workplaceOf('shifan-1'))).not.toContain(own[0]);
    expect(await workplaceOf('kangning-1', '?after=bm9ib2R5')).toMatchObject({ classes: [{ number: own[2] }, {}, {}] });
  });

  test('it is the first page after signing in; officers have none', async () => {
    const signedIn = await fetch(`${province.origin}/demo/switch`, {
      method: 'POST',
      redirect: 'manual',
      headers: { accept: 'text/html', origin: province.origin },
      body: new URLSearchParams({ login: 'shifan-1' }),
    });
    expect([signedIn.status, signedIn.headers.get('location')]).toEqual([303, '/workplace']);
    expect((await (await province.as('cs-first-1')).get('/workplace')).status).toBe(403);
    expect((await (await province.as('pingjia-1')).get('/workplace/answers')).status).toBe(403);
    // The assessment body sees how far its classes are, and no money of others.
    const assessor = await (await province.browser('pingjia-1')).get('/workplace');
    expect([assessor.status, assessor.html.includes(returned), assessor.html.includes('已拨付')]).toEqual([200, true, false]);
  });

  test('the figure beside the tasks counts only the own ones', async () => {
    const { html } = await (await province.browser('kangning-1')).get('/workplace');
    // The open correction of another institution of the same county is not among them.
    expect(/<a href="\/tasks">[^<]*<span class="count/.test(html)).toBe(false);
  });
});
