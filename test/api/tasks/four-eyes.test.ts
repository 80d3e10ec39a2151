/**
 * Four eyes, generated: every two steps that different people must do, in both orders, after a decision and after an opinion, at every entry point.
 * The tables of review come from the policy packs.
 */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import fujianPack from '../../../db/policy-packs/fujian-2022.json' with { type: 'json' };
import municipalityPack from '../../../db/policy-packs/municipality-2024.json' with { type: 'json' };
import { termsOf } from '../../../workflows/domain/policy/policy.ts';
import { readPolicyPack } from '../../../workflows/domain/policy/policy-reader.ts';
import type { Ask, ReviewStep } from '../../../workflows/domain/procedures.ts';
import { signersOf } from '../../../workflows/domain/signing.ts';
import { bulkRefusal, reviewOutcomes } from '../../../workflows/domain/tasks.ts';
import { type CounterOfTests, openCounter } from '../../support/counter.ts';

type Pair = { scope: string; first: Ask; second: Ask };

/** Everybody's grant names this office, so that a level of the pack changes nothing here. */
const at = { level: 'county', workingDays: 3 } as const;

function reviews(stage: string, table: readonly ReviewStep[]): Ask[] {
  return table.flatMap((row) =>
    signersOf(stage, row).map(({ step, role }) => ({ ...at, step, kind: 'review', role, outcomes: reviewOutcomes(role) })),
  );
}

/** As a county asks for it: either reviewer suffices (或签), and the approver signs together with finance (会签). */
function signedJointly(pack: typeof fujianPack): unknown {
  const joint = (mode: string, role: string) => ({ mode, with: [{ role, level: 'county' }] });
  const approval = { step: 'approval', role: 'approver', level: 'county', workingDays: 4, joint: joint('all', 'finance_officer') };
  const first = { step: 'first_review', role: 'first_reviewer', level: 'county', workingDays: 2, joint: joint('any', 'second_reviewer') };
  const of = (value: unknown[]) => ({ value, source: '仓山区人社、财政联合通知', sourced: true });
  return { ...pack, values: { ...pack.values, 'reviews.preTraining': of([first, approval]), 'reviews.approval': of([approval]) } };
}

/** After the reviews the money of an application goes through these hands, all within the scope of the application. */
const money: Ask[] = [
  { ...at, step: 'funds.confirm', kind: 'funds', role: 'finance_officer', outcomes: ['confirm', 'send_back'] },
  { ...at, step: 'payment.make', kind: 'batch_make', role: 'payment_officer', outcomes: ['make'] },
  { ...at, step: 'checking.batch_check', kind: 'batch_check', role: 'payment_officer', outcomes: ['check', 'send_back'] },
  { ...at, step: 'releasing.batch_release', kind: 'batch_release', role: 'payment_officer', outcomes: ['release', 'send_back'] },
];

/** Every ordered pair of steps within a four-eyes scope, of both packs and of one with joint signatures, each once. */
function pairs(): Pair[] {
  const found = new Map<string, Pair>();
  for (const pack of [fujianPack, municipalityPack, signedJointly(fujianPack)]) {
    const terms = termsOf(readPolicyPack(pack));
    const scopes: Record<string, Ask[]> = {
      pre_training: reviews('pre_training', terms.reviews.preTraining),
      filing: reviews('filing', terms.reviews.filing),
      application: [...reviews('subsidy', terms.reviews.subsidy), ...reviews('approval', terms.reviews.approval), ...money],
    };
    for (const [scope, steps] of Object.entries(scopes))
      for (const first of steps)
        for (const second of steps) if (first !== second) found.set(`${scope} ${first.step} ${second.step}`, { scope, first, second });
  }
  return [...found.values()];
}

let counter: CounterOfTests;
beforeAll(async () => {
  counter = await openCounter();
  const all = ['first_reviewer', 'second_reviewer', 'approver', 'finance_officer', 'payment_officer'];
  for (const login of ['many-1', 'many-2']) await hire(login, all, '350104');
  await hire('admin-1', ['system_admin'], '350100');
  // From the office above, so that nothing here is theirs in their own right.
  await hire('substitute-1', all, '350100');
  for (const role of all) {
    const period = { role, region: '350104', from: '2026-03-02', until: '2026-03-31', reason: '出差' };
    const named = await (await counter.as('many-1')).post('/substitutions', { ...period, substitute: await userId('substitute-1') });
    if (named.status !== 201) throw new Error(`nobody substitutes as ${role}: ${JSON.stringify(named.body)}`);
  }
});
afterAll(() => counter?.close());

async function hire(login: string, roles: string[], region: string): Promise<void> {
  const [row] = await counter.db('users').insert({ login, name: login, demo: true }).returning('id');
  await counter.db('grants').insert(roles.map((role) => ({ user_id: row.id, role, region })));
}

const userId = async (login: string): Promise<string> => (await counter.cases.actor(login)).userId;

type Standing = { id: string; scope: string; firstPath: string; path: string; taskId: string; second: Ask };

/** A procedure in which both steps are open at once, as in no real one: what keeps the second from the first's signatory is four eyes alone. */
async function open({ scope, first, second }: Pair): Promise<Standing> {
  const id = `matter-${randomUUID()}`;
  const fourEyes = [`${id}/${scope}`];
  const { taskIds } = await counter.cases.open(
    [
      { ...first, fourEyes },
      { ...second, fourEyes },
    ],
    { id },
  );
  return { id, scope: `${id}/${scope}`, firstPath: `/tasks/${taskIds[0]}`, path: `/tasks/${taskIds[1]}`, taskId: taskIds[1] ?? '', second };
}

/** How `many-1` takes part in the first step. */
const takingPart = {
  decision: async ({ scope }: Standing, { first }: Pair) => {
    // As the deciding statement signs; what else each kind of decision needs is no matter here.
    await counter.db('signatures').insert({ scope, user_id: await userId('many-1'), step: first.step, signed_at: new Date() });
  },
  opinion: async ({ firstPath }: Standing) => {
    const holder = await counter.as('many-2');
    await holder.post(`${firstPath}/claim`);
    await holder.post(`${firstPath}/delegate`, { to: await userId('many-1'), question: '请看一下' });
    const given = await (await counter.as('many-1')).post(`${firstPath}/opinion`, { opinion: '同意' });
    expect(given.status).toBe(200);
  },
};

type Refused = { code: unknown };

/** Every way to the second step. Each answers with the code of its refusal. */
const entries: Record<string, (standing: Standing) => Promise<Refused>> = {
  'claim of the substitute': async ({ path }) => forPrincipal((await counter.as('substitute-1')).post(`${path}/claim`)),
  'decision of the substitute': async ({ path, second }) =>
    forPrincipal((await counter.as('substitute-1')).post(`${path}/decide`, { outcome: second.outcomes[0], reason: '同意办理' })),
  'REST claim': async ({ path }) => refusal((await counter.as('many-1')).post(`${path}/claim`)),
  'REST decision': async ({ path, second }) =>
    refusal((await counter.as('many-1')).post(`${path}/decide`, { outcome: second.outcomes[0], reason: '同意办理' })),
  'form of the page': async ({ path, second }) => {
    const { status, html } = await counter.browse('many-1', `${path}/decide`, { outcome: second.outcomes[0] ?? '', reason: '同意办理' });
    return { code: status === 403 && html.includes('四眼原则') ? 'task.fourEyes' : `${status}` };
  },
  bulk: async ({ taskId, second }) => {
    const never = bulkRefusal('approve', second.kind);
    const job = await (await counter.as('many-1')).post<{ items: { code: string }[] }>('/tasks/bulk', {
      act: 'approve',
      selected: [taskId],
    });
    const code = job.body.items[0]?.code;
    // Money is not moved in bulk by anybody.
    return { code: never !== undefined && code === never ? 'task.fourEyes' : code };
  },
  'bulk claim': async ({ taskId, second }) => {
    const never = bulkRefusal('claim', second.kind);
    const job = await (await counter.as('many-1')).post<{ items: { code: string }[] }>('/tasks/bulk', { act: 'claim', selected: [taskId] });
    const code = job.body.items[0]?.code;
    return { code: never !== undefined && code === never ? 'task.fourEyes' : code };
  },
  'handed over by a supervisor': async ({ path }) =>
    refusal((await counter.as('supervise-1')).post(`${path}/reassign`, { to: await userId('many-1'), reason: '请办理' })),
  'asked to sign as well': async ({ path, taskId }) => {
    const holder = await counter.as('many-2');
    await holder.post(`${path}/claim`);
    const asked = await refusal(holder.post(`${path}/signers`, { to: await userId('many-1'), question: '请一并签署' }));
    await holder.post(`${path}/release`);
    const { kind } = await counter.db('tasks').where({ id: taskId }).first('kind');
    // Money is confirmed and paid by those whose turn it is.
    return { code: kind !== 'review' && asked.code === 'signer.otherKind' ? 'task.fourEyes' : asked.code };
  },
  'asked for an opinion': async ({ path }) => {
    const holder = await counter.as('many-2');
    await holder.post(`${path}/claim`);
    const asked = await refusal(holder.post(`${path}/delegate`, { to: await userId('many-1'), question: '请看一下' }));
    await holder.post(`${path}/release`);
    return asked;
  },
};

/** What the principal signed, nobody signs on for the principal. */
async function forPrincipal(sent: Promise<{ body: Record<string, unknown> }>): Promise<Refused> {
  const { code } = await refusal(sent);
  return { code: code === 'task.fourEyesPrincipal' ? 'task.fourEyes' : code };
}

async function refusal(sent: Promise<{ body: Record<string, unknown> }>): Promise<Refused> {
  return { code: (await sent).body['code'] };
}

describe.each(Object.entries(takingPart))('[F05] whoever took part in a step by a %s', (_how, takePart) => {
  test.each(pairs())('$first.step, then $second.step: refused at every entry point', { timeout: 60_000 }, async (pair) => {
    const standing = await open(pair);
    await takePart(standing, pair);
    for (const [name, enter] of Object.entries(entries))
      expect({ name, ...(await enter(standing)) }).toEqual({ name, code: 'task.fourEyes' });
    // The record refuses as well, whoever writes to it.
    const person = await userId('many-1');
    const { id, scope, second, taskId } = standing;
    await expect(
      counter.db('signatures').insert({ scope, user_id: person, step: second.step, signed_at: new Date() }),
    ).rejects.toMatchObject({ code: '23505' });
    const fact = { procedure_id: id, no: 90, kind: 'decided', task_id: taskId, outcome: second.outcomes[0], actor: person, at: new Date() };
    await expect(counter.db('facts').insert(fact)).rejects.toMatchObject({ code: '23514', constraint: 'four_eyes' });
    const opinion = { task_id: taskId, asked_by: await userId('many-2'), delegate: person, question: '请看', asked_at: new Date() };
    await expect(
      counter.db('task_delegations').insert({ ...opinion, status: 'answered', opinion: '同意', settled_at: new Date() }),
    ).rejects.toMatchObject({ code: '23514', constraint: 'four_eyes' });
    const untouched = await counter.db('tasks').where({ id: taskId }).first('status', 'claimed_by', 'delegated_to');
    expect(untouched).toEqual({ status: 'open', claimed_by: null, delegated_to: null });
    // It was four eyes alone that kept it from them: somebody else takes it.
    expect((await (await counter.as('many-2')).post(`${standing.path}/claim`)).status).toBe(200);
  });
});

test.each([{ user_id: 'many-2' }, { step: 'review.another' }, { scope: 'elsewhere' }])(
  '[F05] a signature on record is not rewritten to %o, to free whoever gave it',
  async (change) => {
    const { taskId } = await counter.openReview();
    expect((await (await counter.as('first-1')).post(`/tasks/${taskId}/decide`, { outcome: 'approve' })).status).toBe(200);
    const given = 'user_id' in change ? { user_id: await userId('many-2') } : change;
    const { four_eyes: scopes } = await counter.db('tasks').where({ id: taskId }).first('four_eyes');
    await expect(counter.db('signatures').where({ scope: scopes[0] }).update(given)).rejects.toThrow('permission denied');
  },
);

test('[F05] administrators have no way in: neither to decide nor to hand over nor to ask', async () => {
  const [pair] = pairs();
  if (!pair) throw new Error('no pair');
  const { path } = await open(pair);
  const admin = await counter.as('admin-1');
  const to = await userId('many-1');
  const tries: [string, Record<string, unknown>][] = [
    ['claim', {}],
    ['decide', { outcome: 'approve' }],
    ['delegate', { to, question: '请看一下' }],
    ['opinion', { opinion: '同意' }],
    ['signers', { to, question: '请一并签署' }],
    ['recall-signer', { reason: '不再需要' }],
    ['suspend', { reason: '等等再说' }],
    ['resume', {}],
    ['recall', {}],
    ['reassign', { to, reason: '请办理' }],
    ['urge', {}],
    ['escalate', { reason: '久拖不决' }],
  ];
  for (const [act, body] of tries) expect([act, (await admin.post(`${path}/${act}`, body)).status]).toEqual([act, 404]);
  expect((await admin.post('/tasks/bulk', { act: 'approve', selected: [path.slice('/tasks/'.length)] })).status).toBe(403);
  expect((await admin.get(path)).status).toBe(404);
});
