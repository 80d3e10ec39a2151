/** Official papers over real HTTP: printed by kind, for those within the scope. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { issuePaper } from '../../db/papers.ts';
import type { Ask } from '../../workflows/domain/procedures.ts';
import { review } from '../support/by-hand/asks.ts';
import { draftClass, openProvince, type Province, returnClass } from '../support/province.ts';

let province: Province;
beforeAll(async () => {
  province = await openProvince();
});
afterAll(async () => {
  await province?.close();
});

describe('papers', () => {
  const content: Record<string, Record<string, unknown>> = {
    opening_review: {
      number: 'N',
      title: '班次甲',
      institution: '示范技工学校',
      startDate: '2026-03-23',
      endDate: '2026-04-01',
      headcount: 4,
      amountFen: 280_000,
      pack: { zh: '福建省补贴性职业技能培训政策包（2022）', en: 'Fujian policy pack for subsidised training (2022)' },
      reviews: [{ step: 'pre_training.first_review', name: '周明', at: '2026-03-03T09:00:00+08:00', outcome: 'approve', reason: '' }],
    },
    refusal_notice: { number: 'N', title: '班次甲', institution: '示范技工学校', reason: '名册多人不知情' },
    disclosure_notice: {
      list: 'subsidy',
      disclosure: '350104-2026-00001',
      digest: 'abc123',
      fromDate: '2026-03-02',
      dueDate: '2026-03-09',
      snapshot: {
        classNumber: 'N',
        classTitle: '班次甲',
        institution: '示范技工学校',
        project: '中式烹调师',
        people: [{ seat: 1, name: '张*', id: '3501**********0012', amountFen: 70_000 }],
        totalFen: 70_000,
      },
    },
    subsidy_roster: {
      number: 'A-1',
      title: '班次甲',
      institution: '示范技工学校',
      fund: 'employment_subsidy',
      year: 2026,
      totalFen: 70_000,
      people: [
        { seat: 1, name: '张三', id: '3501**********0012', account: '**** 1234', standardFen: 70_000, percent: 100, amountFen: 70_000 },
      ],
    },
    funds_request: {
      number: 'A-1',
      title: '班次甲',
      institution: '示范技工学校',
      fund: 'employment_subsidy',
      year: 2026,
      totalFen: 70_000,
      headcount: 1,
    },
    supervision_order: {
      number: 'N',
      title: '班次甲',
      institution: '示范技工学校',
      step: 'pre_training.first_review',
      due: '2026-03-05T16:00:00.000Z',
      reason: '已超期两日',
    },
  };
  const shows: Record<string, string[]> = {
    opening_review: ['开班审核表', '二〇二六年三月二十三日', '培训前初审', '周明', '¥2,800.00', '政策包（2022）'],
    correction_notice: ['补正通知书', '补充每日安排', '5 个工作日', '一次性告知'],
    refusal_notice: ['不予通过告知书', '名册多人不知情', '60 日', '行政复议', '6 个月', '行政诉讼'],
    disclosure_notice: ['补贴公示', '2026年3月9日', '张*', 'abc123'],
    subsidy_roster: ['补贴花名册', '张三', '**** 1234', '100%', '就业补助资金'],
    funds_request: ['用款申请', '¥700.00', '财政部门'],
    supervision_order: ['督办单', '2026年3月5日', '已超期两日'],
  };

  test('[N31] each kind prints with number, date in words, office and signatory; outside the scope there is none', async () => {
    const number = await returnClass(province, 17);
    const classId = (await province.db('classes').where({ number }).first('id')).id;
    const signatory = (await province.db('users').where({ login: 'cs-approve-1' }).first('id', 'name')) as { id: string; name: string };
    const ids: Record<string, string> = { correction_notice: (await province.db('papers').where({ class_id: classId }).first('id')).id };
    for (const [kind, own] of Object.entries(content)) {
      ids[kind] = (
        await province.db.transaction((trx) =>
          issuePaper(trx, {
            kind: kind as 'opening_review',
            classId,
            procedureId: `class-${number}`,
            region: '350104',
            signatory: signatory.id,
            content: own,
          }),
        )
      ).id;
    }
    const officer = await province.browser('cs-first-1');
    for (const [kind, texts] of Object.entries(shows)) {
      const page = await officer.get(`/papers/${ids[kind]}`);
      expect(page.status).toBe(200);
      for (const text of [...texts, '仓山区人力资源和社会保障局', '二〇二六年三月二日', '〔2026〕'])
        expect([kind, page.html.includes(text) ? text : 'missing']).toEqual([kind, text]);
      if (kind !== 'correction_notice') expect([kind, page.html.includes(signatory.name)]).toEqual([kind, true]);
      expect((await (await province.as('gl-first-1')).get(`/papers/${ids[kind]}`)).status).toBe(404);
      expect((await (await province.as('kangning-1')).get(`/papers/${ids[kind]}`)).status).toBe(404);
      const own = await (await province.as('shifan-1')).get(`/papers/${ids[kind]}`);
      expect([kind, own.status]).toEqual([kind, kind === 'supervision_order' ? 404 : 200]);
      expect((await (await province.browser('cs-first-1')).get(`/papers/${ids[kind]}?lang=en`)).html).not.toMatch(/papers\.[a-z]/i);
    }
    expect((await (await province.as('cs-first-1')).get('/papers/not-a-number')).status).toBe(404);
    type Papers = { papers: { kind: string }[] };
    const forSchool = (await (await province.as('shifan-1')).get<Papers>(`/classes/${number}/papers`)).body.papers.map(
      (paper) => paper.kind,
    );
    expect(forSchool).not.toContain('supervision_order');
    expect((await (await province.as('cs-first-1')).get<Papers>(`/classes/${number}/papers`)).body.papers).toHaveLength(7);
  });

  test('[N31] [F10] a class is found by the number of a paper that somebody holds in hand, as it is typed, within the own regions', async () => {
    const number = await returnClass(province, 18);
    const { id: classId } = await province.db('classes').where({ number }).first('id');
    const { number: notice } = await province.db('papers').where({ class_id: classId }).first('number');
    const [, serial] = /〕(\d+)号$/.exec(notice) ?? [];
    const order = await province.db.transaction((trx) =>
      issuePaper(trx, {
        kind: 'supervision_order',
        classId,
        procedureId: `class-${number}`,
        region: '350104',
        content: content['supervision_order'] ?? {},
      }),
    );
    type Found = { classes: { number: string }[] };
    const found = async (login: string, path: string, typed: string) =>
      (await (await province.as(login)).get<Found>(`${path}?q=${encodeURIComponent(typed)}`)).body.classes.map((one) => one.number);
    for (const typed of [
      notice,
      `仓山区人社培补[2026]${serial}号`,
      `人社培补（2026）${serial}`,
      ` 仓山区人社培补〔２０２６〕 0${serial} 号`,
    ])
      for (const [login, path] of [
        ['cs-first-1', '/classes'],
        ['shifan-1', '/classes'],
        ['shifan-1', '/workplace'],
      ] as const)
        expect([login, typed, await found(login, path, typed)]).toEqual([login, typed, [number]]);
    expect(await found('cs-first-1', '/classes', order.number)).toEqual([number]);
    // An order is between offices, and what lies elsewhere is nobody's here.
    for (const login of ['shifan-1', 'kangning-1', 'gl-first-1']) expect(await found(login, '/classes', order.number)).toEqual([]);
    for (const login of ['kangning-1', 'gl-first-1']) expect(await found(login, '/classes', notice)).toEqual([]);
    expect(await found('cs-first-1', '/classes', `仓山区人社培补〔2026〕9${serial}号`)).toEqual([]);
    const tasks = await (await province.as('shifan-1')).get<{ tasks: { number: string }[] }>(`/tasks?q=${encodeURIComponent(notice)}`);
    expect(tasks.body.tasks.map((task) => task.number)).toEqual([number]);
    const answers = await (await province.as('shifan-1')).get<{ answers: { classNumber: string }[] }>(
      `/workplace/answers?q=${encodeURIComponent(notice)}`,
    );
    expect(new Set(answers.body.answers.map((answer) => answer.classNumber))).toEqual(new Set([number]));
  });

  test('[N31] the sheet of a review prints an approval and a proposal that was not followed alike; the decision stands in its own words', async () => {
    const number = await draftClass(province, { seed: 18, login: 'shifan-1', trainees: 4 });
    const id = `class-${number}`;
    expect((await (await province.as('shifan-1')).post(`/classes/${number}/submit`)).status).toBe(200);
    await province.db.raw(
      `insert into verifications (enrolment_id, register, result, asked_at, answered_at)
       select e.id, register, 'yes', now(), now() from enrolments e join classes c on c.id = e.class_id, unnest(array['identity', 'insurance', 'duplicate']) register where c.number = ?`,
      [number],
    );
    const steps = [
      { login: 'cs-first-1', step: 'first_review', role: 'first_reviewer', outcome: 'approve' },
      { login: 'cs-second-1', step: 'second_review', role: 'second_reviewer', outcome: 'propose_refusal' },
      { login: 'cs-approve-1', step: 'approval', role: 'approver', outcome: 'approve' },
    ] as const;
    for (const { login, step, role, outcome } of steps) {
      const outcomes: Ask['outcomes'] = role === 'approver' ? ['approve', 'return', 'refuse'] : ['approve', 'return', 'propose_refusal'];
      await province.step(id, 'pre_training', { asks: [{ ...review, step: `pre_training.${step}`, role, outcomes } as Ask] });
      const task = await province
        .db('tasks')
        .where({ procedure_id: id, step: `pre_training.${step}`, status: 'open' })
        .first('id');
      const said = await (await province.as(login)).post(`/tasks/${task.id}/decide`, { outcome, reason: '内部理由' });
      expect([step, said.status, said.body]).toEqual([step, 200, said.body]);
    }
    await province.step(id, 'pre_training', { acts: [{ act: 'approveClass' }] });
    const { id: paper } = await province.db('papers').where({ procedure_id: id, kind: 'opening_review' }).first('id');
    for (const login of ['cs-first-1', 'shifan-1']) {
      const { html } = await (await province.browser(login)).get(`/papers/${paper}?lang=zh-CN`);
      const rows = [...html.matchAll(/<tr><td>(培训前[^<]+)<\/td><td>([^<]*)<\/td>/g)].map(([, step, opinion]) => [step, opinion]);
      expect([login, rows]).toEqual([
        login,
        [
          ['培训前初审', '已办理，转下一环节'],
          ['培训前复核', '已办理，转下一环节'],
          ['培训前审批', '通过：内部理由'],
        ],
      ]);
      const english = (await (await province.browser(login)).get(`/papers/${paper}?lang=en`)).html;
      expect([english.split('Dealt with, passed on').length - 1, english.includes('Refusal proposed')]).toEqual([2, false]);
    }
  });

  test('[N31] a notice of refusal rests on the refusal that ended the matter, never on a proposal or on a change that was not agreed to', async () => {
    const proposed = await returnClass(province, 19);
    const refused = await returnClass(province, 20);
    const officer = await province.as('cs-first-1');
    const decided = async (id: string, ask: Partial<Ask>, login: string, outcome: string, reason: string) => {
      await province.step(id, 'pre_training', { asks: [{ ...review, ...ask } as Ask] });
      const task = await province.db('tasks').where({ procedure_id: id, step: ask.step, status: 'open' }).first('id');
      const { status, body } = await (login === 'cs-first-1' ? officer : await province.as(login)).post(`/tasks/${task.id}/decide`, {
        outcome,
        reason,
      });
      expect([status, body]).toEqual([200, body]);
    };
    for (const number of [proposed, refused])
      await decided(`class-${number}`, { step: 'pre_training.first_review' }, 'cs-first-1', 'propose_refusal', '初审的提议');
    await decided(
      `class-${refused}`,
      { step: 'pre_training.approval', role: 'approver', outcomes: ['approve', 'refuse'] } as Partial<Ask>,
      'cs-approve-1',
      'refuse',
      '名册多人不知情',
    );
    for (const number of [proposed, refused])
      await province.step(`class-${number}`, 'pre_training', { acts: [{ act: 'closeClass', code: 'refused' }] });
    const noticesOf = (number: string) =>
      province
        .db('papers as p')
        .join('users as u', 'u.id', 'p.signatory')
        .where({ 'p.procedure_id': `class-${number}`, kind: 'refusal_notice' })
        .select('u.login', province.db.raw(`p.content ->> 'reason' as reason`));
    // The class ended with its claim, which has its own notice: what somebody once proposed about the class is no refusal.
    expect(await noticesOf(proposed)).toEqual([]);
    expect(await noticesOf(refused)).toEqual([{ login: 'cs-approve-1', reason: '名册多人不知情' }]);
  });
});
