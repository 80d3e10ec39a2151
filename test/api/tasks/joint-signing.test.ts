/** Several signatures under one step over HTTP: all of n (会签), one of n (或签), and a signer whom a holder adds (加签) and recalls (减签). */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findBrokenLink } from '../../../db/protocol/procedures.ts';
import { takeStep } from '../../../db/protocol/steps.ts';
import type { Answer } from '../../../start/demonstration/person.ts';
import type { Ask } from '../../../workflows/domain/procedures.ts';
import { signersOf } from '../../../workflows/domain/signing.ts';
import { type CounterOfTests, openCounter } from '../../support/counter.ts';

let counter: CounterOfTests;
beforeAll(async () => {
  counter = await openCounter();
  await hire('second-2', ['second_reviewer', '350104']);
  await hire('finance-1', ['finance_officer', '350104']);
  await hire('city-approve-1', ['approver', '350100']);
  await hire('both-1', ['first_reviewer', '350104'], ['second_reviewer', '350104']);
});
afterAll(() => counter?.close());

async function hire(login: string, ...grants: [string, string][]): Promise<void> {
  const [row] = await counter
    .db('users')
    .insert({ login, name: `签${login}`, demo: true })
    .returning('id');
  await counter.db('grants').insert(grants.map(([role, region]) => ({ user_id: row.id, role, region })));
}

const idOf = async (login: string): Promise<string> => (await counter.cases.actor(login)).userId;

type Mode = 'all' | 'any';
/** As the review opens them: the first reviewer and the second one of the county, of a stage that no class has. */
function asksOf(mode: Mode): Ask[] {
  const row = {
    step: 'first_review',
    role: 'first_reviewer',
    level: 'county',
    workingDays: 3,
    joint: { mode, with: [{ role: 'second_reviewer', level: 'county' }] },
  } as const;
  return signersOf('review', { ...row, joint: { mode, with: [...row.joint.with] } }).map((signer) => ({
    ...signer,
    kind: 'review',
    outcomes: ['approve', 'return', 'propose_refusal'],
    workingDays: 3,
  }));
}

async function openGroup(mode: Mode = 'all'): Promise<{ id: string; first: string; second: string }> {
  const { id, taskIds } = await counter.cases.open(asksOf(mode));
  return { id, first: taskIds[0] ?? '', second: taskIds[1] ?? '' };
}

async function act(
  login: string,
  taskId: string,
  path: string,
  body: Record<string, unknown> = {},
): Promise<Answer<Record<string, unknown>>> {
  return (await counter.as(login)).post(`/tasks/${taskId}/${path}`, body);
}
const decide = (login: string, taskId: string, outcome = 'approve', reason = '已核对材料，意见如上') =>
  act(login, taskId, 'decide', { outcome, reason });

const factsOf = async (id: string): Promise<string[]> =>
  (await counter.db('facts').where({ procedure_id: id }).orderBy('no').select('kind', 'outcome')).map(({ kind, outcome }) =>
    [kind, outcome].filter(Boolean).join(' '),
  );
const statusOf = async (taskId: string) => (await counter.db('tasks').where({ id: taskId }).first('status')).status as string;

type Seen = {
  acts: string[];
  signatures: { task: string; state: string; name: string | null; at: string | null; reason: string | null }[];
};
const look = async (login: string, taskId: string): Promise<Seen> => (await (await counter.as(login)).get<Seen>(`/tasks/${taskId}`)).body;

describe('all of n (会签)', () => {
  test('[F06] the step is decided by the last approval; until then each page and the inbox say who signed and who is missing', async () => {
    const { id, first, second } = await openGroup();
    expect((await decide('first-1', first, 'approve', '材料齐全，同意开班')).status).toBe(200);
    expect(await factsOf(id)).toEqual(['submitted', 'signed approve']);
    const seen = await look('second-1', second);
    expect(seen.signatures).toMatchObject([
      { task: first, state: 'signed', name: '周明', reason: '材料齐全，同意开班' },
      { task: second, state: 'missing', name: null, at: null },
    ]);
    const { html } = await counter.browse('second-1', `/tasks/${second}`);
    for (const words of ['会签 1/2', '周明', '材料齐全，同意开班', '待签']) expect(html).toContain(words);
    const inbox = await (await counter.as('second-1')).get<{ tasks: { id: string; signatures: unknown }[] }>('/tasks?size=100');
    expect(inbox.body.tasks.find((task) => task.id === second)?.signatures).toEqual({ joint: 'all', signed: 1, asked: 2 });
    expect((await counter.browse('second-1', '/tasks?size=100')).html).toContain('会签 1/2');
    expect((await decide('second-1', second)).status).toBe(200);
    expect(await factsOf(id)).toEqual(['submitted', 'signed approve', 'decided approve']);
    expect(await findBrokenLink(counter.db, id)).toBeUndefined();
  });

  test.each(['return', 'propose_refusal'])(
    '[F06] the first %s decides the step; the others read why their task has ended',
    async (outcome) => {
      const { id, first, second } = await openGroup();
      await act('second-1', second, 'claim');
      expect((await decide('first-1', first, outcome, '学员名册与社保记录不符')).status).toBe(200);
      expect(await factsOf(id)).toEqual(['submitted', `decided ${outcome}`]);
      expect(await statusOf(second)).toBe('cancelled');
      const late = await decide('second-1', second);
      expect(late).toMatchObject({ status: 409, body: { code: 'signer.ended' } });
      const { html } = await counter.browse('second-1', `/tasks/${second}`);
      expect(html).toContain('您的签署不再需要');
      expect(html).toContain('学员名册与社保记录不符');
    },
  );

  test('[F05] nobody signs twice: not at the counter, not in bulk, not in the record', async () => {
    const { id, first, second } = await openGroup();
    expect((await decide('both-1', first)).status).toBe(200);
    for (const path of ['claim', 'decide'])
      expect((await act('both-1', second, path, { outcome: 'approve' })).body['code']).toBe('task.fourEyes');
    const job = await (await counter.as('both-1')).post<{ items: { code: string }[] }>('/tasks/bulk', {
      act: 'approve',
      selected: [second],
    });
    expect(job.body.items[0]?.code).toBe('task.fourEyes');
    const fact = {
      procedure_id: id,
      no: 90,
      kind: 'signed',
      task_id: second,
      outcome: 'approve',
      actor: await idOf('both-1'),
      at: new Date(),
    };
    await expect(counter.db('facts').insert(fact)).rejects.toMatchObject({ code: '23514', constraint: 'four_eyes' });
  });

  test('[F06] the record takes no second outcome of a group, whoever writes to it', async () => {
    const { id, first } = await openGroup();
    const actor = await idOf('first-1');
    await expect(
      counter.db.transaction(async (trx) => {
        const { four_eyes: scopes } = await trx('tasks').where({ id: first }).first('four_eyes');
        await trx('signatures').insert({ scope: scopes[0], user_id: actor, step: 'review.first_review', signed_at: new Date() });
        await trx('facts').insert({ procedure_id: id, no: 2, kind: 'decided', task_id: first, outcome: 'approve', actor, at: new Date() });
        await trx('tasks')
          .where({ id: first })
          .update({ status: 'decided', outcome: 'approve', decided_by: actor, decided_at: new Date() });
      }),
    ).rejects.toMatchObject({ code: '23514', constraint: 'joint_outcome' });
  });

  test('[F12] two signers at the same moment: two approvals decide the step once, an approval and a return once', {
    timeout: 60_000,
  }, async () => {
    for (let turn = 0; turn < 12; turn += 1) {
      const { id, first, second } = await openGroup();
      const other = turn % 2 === 0 ? 'approve' : 'return';
      const answers = await Promise.all([decide('first-1', first), decide('second-1', second, other)]);
      const facts = await factsOf(id);
      expect(facts.filter((fact) => fact.startsWith('decided'))).toHaveLength(1);
      if (other === 'approve') {
        expect(answers.map(({ status }) => status)).toEqual([200, 200]);
        expect(facts).toEqual(['submitted', 'signed approve', 'decided approve']);
      } else {
        expect(facts.at(-1)).toBe('decided return');
        // The approval was before the return, or it was too late and learnt so.
        expect(answers.map(({ status, body }) => [status, body['code']])).toEqual([
          facts.length === 3 ? [200, undefined] : [409, expect.stringMatching(/^signer\.ended$|^task\.changed$/)],
          [200, undefined],
        ]);
      }
      expect(await counter.db('tasks').where({ procedure_id: id, status: 'open' })).toEqual([]);
    }
  });

  test('[F06] a bulk approval signs each task of a group as its own signature', async () => {
    const groups = [await openGroup(), await openGroup()];
    for (const [login, of] of [
      ['first-2', 'first'],
      ['second-2', 'second'],
    ] as const) {
      const job = await (await counter.as(login)).post<{ id: string; items: { code: string | null; otherSignatures: number }[] }>(
        '/tasks/bulk',
        {
          act: 'approve',
          selected: groups.map((group) => group[of]),
        },
      );
      // The preview says for whom else the step waits, and nothing of it for the last signature.
      expect(job.body.items.map((item) => item.otherSignatures)).toEqual(of === 'first' ? [1, 1] : [0, 0]);
      const preview = (await counter.browse(login, `/tasks/bulk/${job.body.id}`)).html;
      expect(preview.includes('会签：只记下您的同意，还待 1 人签署')).toBe(of === 'first');
      const headers = { prefer: 'wait=10' };
      expect((await (await counter.as(login)).post(`/tasks/bulk/${job.body.id}/confirm`, {}, { headers })).body).toMatchObject({ done: 2 });
    }
    for (const { id } of groups) expect(await factsOf(id)).toEqual(['submitted', 'signed approve', 'decided approve']);
  });

  test('[F06] a signature is taken back while others are missing: its task alone is asked again, and the others stand', async () => {
    const { id, first, second } = await openGroup();
    const { taskIds } = await addTo(second, 'second-1', 'approve-1');
    await decide('first-1', first);
    expect((await act('first-1', first, 'take-back', { reason: '看错了一份材料' })).status).toBe(200);
    // Until the procedure has answered it nobody decides what is being opened again.
    expect((await decide('second-1', second)).body['code']).toBe('takeBack.moving');
    const { fact_no: factNo } = await counter.db('procedures').where({ id }).first('fact_no');
    await takeStep(
      counter.db,
      {
        procedureId: id,
        stepNo: 2,
        appliedNo: factNo,
        stage: 'review',
        step: 'first_review',
        acts: [],
        asks: asksOf('all'),
        cancels: [],
        flags: {},
        again: first,
      },
      async () => ({}),
    );
    const open = await counter.db('tasks').where({ procedure_id: id, status: 'open' }).orderBy('id').pluck('id');
    expect(open).toEqual([taskIds, second, first.replace(/1$/, '2')].flat().sort());
    await decide('second-1', second);
    await decide('first-1', first.replace(/1$/, '2'));
    await decide('approve-1', taskIds);
    expect((await factsOf(id)).slice(-3)).toEqual(['signed approve', 'signed approve', 'decided approve']);
    // Others have signed since: it stands.
    expect((await act('second-1', second, 'take-back', { reason: '看错了一份材料' })).body['code']).toMatch(/^takeBack\./);
  });
});

describe('one of n (或签)', () => {
  test.each(['approve', 'return'])('[F06] the first decision, %s, decides the step and ends the other task', async (outcome) => {
    const { id, first, second } = await openGroup('any');
    expect((await counter.browse('second-1', `/tasks/${second}`)).html).toContain('或签 0/1');
    expect((await decide('second-1', second, outcome)).status).toBe(200);
    expect(await factsOf(id)).toEqual(['submitted', `decided ${outcome}`]);
    expect((await decide('first-1', first)).body['code']).toBe('signer.ended');
  });

  test('[F12] at the same moment one wins, and the other learns who', { timeout: 60_000 }, async () => {
    for (let turn = 0; turn < 10; turn += 1) {
      const { id, first, second } = await openGroup('any');
      const answers = await Promise.all([decide('first-1', first), decide('second-1', second)]);
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
      expect(await factsOf(id)).toEqual(['submitted', 'decided approve']);
    }
  });

  test('[F06] a signer who is added is needed besides', async () => {
    const { id, first, second } = await openGroup('any');
    const { taskIds: added } = await addTo(first, 'first-1', 'approve-1');
    await decide('first-1', first);
    expect(await statusOf(second)).toBe('cancelled');
    expect(await factsOf(id)).toEqual(['submitted', 'signer_added', 'signed approve']);
    await decide('approve-1', added);
    expect((await factsOf(id)).at(-1)).toBe('decided approve');
  });
});

/** `login` claims the task and adds a signer. */
async function addTo(taskId: string, login: string, signer: string): Promise<{ taskIds: string }> {
  await act(login, taskId, 'claim');
  const added = await act(login, taskId, 'signers', { to: await idOf(signer), question: '金额较大，请一并签署' });
  expect(added.status, JSON.stringify(added.body)).toBe(200);
  return { taskIds: String(added.body['signerTask']) };
}

describe('a holder adds a signer (加签)', () => {
  test('[F06] the step then needs that signature as well; who was asked reads why, and is told by mail', async () => {
    const { id, taskId } = await counter.openReview();
    const { taskIds: added } = await addTo(taskId, 'first-1', 'approve-1');
    const { html } = await counter.browse('approve-1', `/tasks/${added}`);
    for (const words of ['金额较大，请一并签署', '会签 0/2', '周明']) expect(html).toContain(words);
    expect(await counter.db('mails').where({ template: 'signature_asked', user_id: await idOf('approve-1') })).not.toEqual([]);
    // The period is by the same rule.
    const [due, own] = await Promise.all(
      [added, taskId].map((one) => counter.db('tasks').where({ id: one }).first('due_date', 'working_days')),
    );
    expect(due).toEqual(own);
    const { next_alarm_at: alarm } = await counter.db('procedures').where({ id }).first('next_alarm_at');
    expect(alarm).not.toBeNull();
    expect((await decide('first-1', taskId)).status).toBe(200);
    expect(await factsOf(id)).toEqual(['submitted', 'signer_added', 'signed approve']);
    expect((await decide('approve-1', added)).status).toBe(200);
    expect((await factsOf(id)).at(-1)).toBe('decided approve');
    expect(await findBrokenLink(counter.db, id)).toBeUndefined();
  });

  test('[F06] a form that was open before loses nothing: two windows of the holder do not pass the signer by', async () => {
    const { id, taskId } = await counter.openReview();
    const { version } = await counter.db('tasks').where({ id: taskId }).first('version');
    await addTo(taskId, 'first-1', 'approve-1');
    const late = await act('first-1', taskId, 'decide', { outcome: 'approve', version });
    expect(late).toMatchObject({ status: 409, body: { code: 'task.changed' } });
    expect((await factsOf(id)).filter((fact) => fact.startsWith('decided'))).toEqual([]);
  });

  test('[F12] adding a signer and deciding at the same moment: the signature is needed, or the step was decided before', {
    timeout: 60_000,
  }, async () => {
    for (let turn = 0; turn < 10; turn += 1) {
      const { id, taskId } = await counter.openReview();
      await act('first-1', taskId, 'claim');
      const [added, decided] = await Promise.all([
        act('first-1', taskId, 'signers', { to: await idOf('approve-1'), question: '请一并签署' }),
        decide('first-1', taskId),
      ]);
      const facts = await factsOf(id);
      if (added.status === 200) expect(facts.filter((fact) => fact.startsWith('decided'))).toEqual([]);
      else expect([added.status, decided.status, facts]).toEqual([409, 200, ['submitted', 'decided approve']]);
    }
  });

  test('[F06] only the holder adds, with a question, only who reviews in the office or above it, once', async () => {
    const { taskId } = await counter.openReview();
    const approver = { to: await idOf('approve-1'), question: '请一并签署' };
    expect((await act('first-1', taskId, 'signers', approver)).body['code']).toBe('task.notHeld');
    await act('first-1', taskId, 'claim');
    expect((await act('first-2', taskId, 'signers', approver)).body['code']).toBe('task.claimed');
    expect((await act('supervise-1', taskId, 'signers', approver)).status).toBe(403);
    expect((await act('first-1', taskId, 'signers', { ...approver, question: ' ' })).status).toBe(422);
    for (const login of ['other-first-1', 'supervise-1', 'school-1', 'first-1', 'audit-1'])
      expect([login, (await act('first-1', taskId, 'signers', { ...approver, to: await idOf(login) })).status]).toEqual([login, 422]);
    expect((await act('first-1', taskId, 'signers', { ...approver, to: await idOf('city-approve-1') })).status).toBe(200);
    expect((await act('first-1', taskId, 'signers', { ...approver, to: await idOf('city-approve-1') })).status).toBe(422);
    for (const login of ['first-2', 'second-1', 'finance-1'])
      expect([login, (await act('first-1', taskId, 'signers', { ...approver, to: await idOf(login) })).status]).toEqual([login, 200]);
    // No more than four.
    expect((await act('first-1', taskId, 'signers', approver)).status).toBe(422);
  });

  test('[F05] who signed another step is not asked, who is asked signs nothing else, a refusal stays the approver’s', async () => {
    const asks: Ask[] = [
      { ...asksOf('all')[0], joint: undefined } as unknown as Ask,
      {
        step: 'review.approval',
        kind: 'review',
        role: 'approver',
        level: 'county',
        outcomes: ['approve', 'return', 'refuse'],
        workingDays: 3,
      },
    ];
    const { id, taskIds } = await counter.cases.open(asks);
    const [first = '', approval = ''] = taskIds;
    await decide('first-1', first);
    await act('approve-1', approval, 'claim');
    const barred = await act('approve-1', approval, 'signers', { to: await idOf('first-1'), question: '请一并签署' });
    expect(barred).toMatchObject({ status: 403, body: { code: 'task.fourEyes' } });
    const { taskIds: added } = await addTo(approval, 'approve-1', 'finance-1');
    const { outcomes } = await counter.db('tasks').where({ id: added }).first('outcomes');
    expect(outcomes).toEqual(['approve', 'return', 'propose_refusal']);
    await decide('finance-1', added);
    await decide('approve-1', approval);
    expect((await factsOf(id)).at(-1)).toBe('decided approve');
  });

  test('[F06] it is recalled by whoever asked, while it is unsigned (减签), and never so that the step is decided by it', async () => {
    const { id, taskId } = await counter.openReview();
    const { taskIds: added } = await addTo(taskId, 'first-1', 'approve-1');
    const reason = { reason: '已另行书面征求意见' };
    expect((await act('approve-1', added, 'recall-signer', reason)).body['code']).toBe('signer.notAdder');
    expect((await act('supervise-1', added, 'recall-signer', reason)).status).toBe(403);
    expect((await act('first-1', taskId, 'recall-signer', reason)).status).toBe(403);
    expect((await act('first-1', added, 'recall-signer', {})).status).toBe(422);
    expect((await look('first-1', added)).acts).toEqual(['recall_signer']);
    expect((await act('first-1', added, 'recall-signer', reason)).status).toBe(200);
    expect((await decide('approve-1', added)).body['code']).toBe('task.cancelled');
    expect((await counter.browse('approve-1', `/tasks/${added}`)).html).toContain('已减签');
    // The holder decides alone again, or asks the same person once more.
    const { taskIds: again } = await addTo(taskId, 'first-1', 'approve-1');
    expect(again).not.toBe(added);
    await decide('first-1', taskId);
    expect((await act('first-1', again, 'recall-signer', reason)).body['code']).toBe('signer.lastMissing');
    await decide('approve-1', again);
    expect((await act('first-1', again, 'recall-signer', reason)).body['code']).toBe('task.decided');
    expect((await factsOf(id)).at(-1)).toBe('decided approve');
  });

  test('[F06] everything else that is done with a task is done with a signature: asked about, suspended, handed over, given back', async () => {
    const { taskId } = await counter.openReview();
    const { taskIds: added } = await addTo(taskId, 'first-1', 'second-1');
    expect((await act('second-1', added, 'delegate', { to: await idOf('second-2'), question: '课时够不够？' })).status).toBe(200);
    expect((await act('second-2', added, 'opinion', { opinion: '课时符合要求' })).status).toBe(200);
    expect((await act('second-1', added, 'suspend', { reason: '等核查结果' })).status).toBe(200);
    expect((await act('second-1', added, 'resume')).status).toBe(200);
    expect((await act('supervise-1', added, 'reassign', { to: await idOf('second-2'), reason: '工作调整' })).status).toBe(200);
    expect((await act('second-2', added, 'release')).status).toBe(200);
    expect((await decide('second-2', added)).status).toBe(200);
  });

  test('[F06] institutions learn nothing of who signs besides', async () => {
    const { taskId } = await counter.openReview();
    await addTo(taskId, 'first-1', 'approve-1');
    await decide('first-1', taskId);
    const { html } = await counter.browse('school-1', `/tasks/${taskId}`);
    expect(html).not.toContain('会签');
    expect(html).not.toContain('加签');
    expect((await look('school-1', taskId)).signatures).toEqual([]);
  });
});
