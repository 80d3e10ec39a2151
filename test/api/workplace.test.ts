/** The workplace of an institution: what is asked of it and by when, its classes, the answers of the office. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { draftClass, openProvince, type Province, returnClass } from '../support/province.ts';
import { inspection, publishPlan } from '../support/by-hand/asks.ts';

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

type Answers = {
  answers: {
    at: string;
    kind: string;
    outcome: string;
    classNumber: string;
    href: string;
    paper: string | null;
    reason: string | null;
    name: string | null;
  }[];
  next: string | null;
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

/** Decisions as years would leave them: the third only proposed, the fourth one of several signatures, the fifth against a proposal, the sixth where one could have been made. */
async function plantDecisions(id: string, count: number): Promise<void> {
  const task = await province.db('tasks').where({ procedure_id: id, outcome: 'return' }).first();
  const fact = await province.db('facts').where({ procedure_id: id, outcome: 'return' }).first();
  for (let n = 1; n <= count; n += 1) {
    const at = new Date(task.decided_at.getTime() + n * 60_000);
    const outcome = n === 3 ? 'propose_refusal' : n === 5 ? 'overrule' : 'approve';
    const outcomes = ['approve', 'return', n === 3 || n === 6 ? 'propose_refusal' : 'refuse'];
    const taskId = `${id}/pre_training.first_review/${9000 + n}`;
    await province.db('tasks').insert({ ...task, id: taskId, round: 9000 + n, outcomes, outcome, decided_at: at });
    await province
      .db('facts')
      .insert({ ...fact, no: 9000 + n, kind: n === 4 ? 'signed' : 'decided', task_id: taskId, outcome, at, payload: '{"reason":"x"}' });
  }
}

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
    expect(answers[0]?.paper).toMatch(/^仓山区人社培补〔2026〕\d+号$/);
    const id = `class-${returned}`;
    await plantDecisions(id, 30);
    const school = await province.as('shifan-1');
    const seen: string[] = [];
    let after: string | null = '';
    while (after !== null) {
      const { body }: { body: Answers } = await school.get(`/workplace/answers?size=12${after ? `&after=${after}` : ''}`);
      seen.push(...body.answers.map((answer) => `${answer.at} ${answer.outcome}`));
      after = body.next;
    }
    // Thirty, without the one that is only proposed, the one that could have been, the one that was not followed and the one that was signed beside others,
    // and the return itself.
    expect(seen).toHaveLength(27);
    expect(new Set(seen).size).toBe(27);
    expect(seen).toEqual([...seen].sort().reverse());
    expect(seen.some((line) => line.includes('propose_refusal'))).toBe(false);
    expect(seen.some((line) => line.includes('overrule'))).toBe(false);
    await province.db('facts').where({ procedure_id: id }).where('no', '>', 9000).delete();
    await province.db('tasks').where({ procedure_id: id }).where('round', '>', 9000).delete();
  });

  test('[N28] the classes of the first page are found by number or words of the title; a text too long is refused at the field', async () => {
    const school = await province.as('shifan-1');
    const found = async (q: string) => {
      const { classes } = (await school.get<{ classes: { number: string }[] }>(`/workplace?q=${encodeURIComponent(q)}`)).body;
      return classes.map(({ number }) => number);
    };
    expect((await found('')).length).toBeGreaterThan(1);
    expect(await found(returned)).toEqual([returned]);
    expect(await found('没有这个班')).toEqual([]);
    // By the last part of the number as well, as everywhere else.
    expect(await found(String(Number(returned.split('-')[2])))).toContain(returned);
    const pageOf = async (query: string) => (await (await province.browser('shifan-1')).get(`/workplace${query}`)).html;
    const searched = await pageOf(`?q=${returned}`);
    expect(searched).toContain('action="/workplace#classes"');
    expect(searched).toContain(`name="q" value="${returned}"`);
    const nothing = await pageOf(`?q=${encodeURIComponent('没有这个班')}`);
    expect(nothing).toContain('没有符合条件的班次');
    expect(nothing).not.toContain('还没有班次');
    // Who sees all of them at once is asked for no word; whoever has more finds the field before a word is typed.
    expect(await pageOf('?size=1')).toContain('action="/workplace#classes"');
    expect(await pageOf('?size=100')).not.toContain('action="/workplace#classes"');
    const long = await school.get<{ issues: { field: string }[] }>(`/workplace?q=${'长'.repeat(101)}`);
    expect([long.status, long.body.issues.map(({ field }) => field)]).toEqual([422, ['q']]);
  });

  test('[N28] messages stand in the same list, what the school published itself does not; kind and class are in the address', async () => {
    const school = await province.as('shifan-1');
    const officer = await province.as('cs-first-1');
    expect((await officer.post(`/classes/${returned}/messages`, { text: '请在补正时写明课次。' })).status).toBe(201);
    expect((await school.post(`/classes/${returned}/messages`, { text: '好的。' })).status).toBe(201);
    await province.step(`class-${returned}`, 'plan', { asks: [publishPlan] });
    expect((await school.post(`/tasks/class-${returned}/plan.publish/1/decide`, { outcome: 'publish' })).status).toBe(200);

    const list = async (query: string) =>
      (await school.get<Answers>(`/workplace/answers${query}`)).body.answers.map(({ kind, outcome, classNumber }) => [
        kind,
        outcome,
        classNumber,
      ]);
    const all = [
      ['message', 'message', returned],
      ['correction', 'return', returned],
    ];
    expect(await list('')).toEqual(all);
    for (const line of all) expect(await list(`?kind=${line[0]}`)).toEqual([line]);
    expect(await list('?kind=payment')).toEqual([]);
    expect(await list(`?q=${returned}`)).toEqual(all);
    expect(await list(`?q=${encodeURIComponent('第 11 期')}&kind=message`)).toEqual([all[0]]);
    expect(await list('?q=%25')).toEqual([]);
    expect((await school.get('/workplace/answers?kind=publication')).status).toBe(422);
    const { answers } = (await school.get<Answers>('/workplace/answers')).body;
    expect(answers[0]).toMatchObject({ href: `/classes/${returned}/messages`, reason: '请在补正时写明课次。' });

    expect((await (await province.browser('shifan-1')).get(`/classes/${returned}/papers`)).html).toMatch(/仓山区人社培公〔2026〕\d+号/);

    // A second class: its number leads to its answers alone; another institution reads none of them.
    const other = await returnClass(province, 44);
    expect(await list(`?q=${other}`)).toEqual([['correction', 'return', other]]);
    const page = (await (await province.browser('shifan-1')).get('/workplace/answers?kind=correction')).html.replaceAll('&#x3D;', '=');
    for (const words of [`href="/workplace/answers?q=${other}"`, 'href="/workplace/answers?kind=message"', '补正通知书'])
      expect(page.includes(words) ? words : `missing ${words}`).toBe(words);
    expect(page.includes('请在补正时写明课次')).toBe(false);
    const stranger = (await (await province.as('kangning-1')).get<Answers>(`/workplace/answers?q=${returned}`)).body;
    expect(stranger.answers).toEqual([]);
    await school.post(`/classes/${other}/withdraw`, { reason: '改期另行申报' });
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

  test('[N28] a class that waits for the school says so first, however much sooner the office is due', async () => {
    await province.step(`class-${returned}`, 'training', { asks: [{ ...inspection, workingDays: 1 }] });
    const row = (await (await province.browser('shifan-1')).get(`/workplace?q=${returned}`)).html.split('id="classes"')[1] ?? '';
    expect(row).toContain('机构办理：申请补正');
    expect(row.split('id="answers"')[0]).not.toContain('主管部门办理');
  });

  test('the figure beside the tasks counts only the own ones', async () => {
    const { html } = await (await province.browser('kangning-1')).get('/workplace');
    // The open correction of another institution of the same county is not among them.
    expect(html).toMatch(/<a href="\/tasks">[^<]*<span class="count *" data-figure="tasks" hidden>/);
  });
});
