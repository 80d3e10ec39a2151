/**
 * A random walk of many people over a few tasks, against the pure table of acts: after each act the answer (status and code), who holds the task,
 * what it waits for and what everybody may do next must be what the table says. The seed is fixed, so that a failure can be looked at.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findBrokenLink } from '../../../db/protocol/procedures.ts';
import type { Actor } from '../../../db/accounts/users.ts';
import { capacitiesFor } from '../../../workflows/domain/scope.ts';
import { judgeTaskAct, type TaskAct, taskActs, type TaskFacts } from '../../../workflows/domain/task-acts.ts';
import type { Ask } from '../../../workflows/domain/procedures.ts';
import { type JointPart, mostSigners, rowStepOf, signerStep } from '../../../workflows/domain/signing.ts';
import { stageOf } from '../../../workflows/domain/tasks.ts';
import { takeStep } from '../../../db/protocol/steps.ts';
import type { Answer } from '../../../start/demonstration/person.ts';
import { type CounterOfTests, openCounter, plainReview } from '../../support/counter.ts';
import { publishPlan } from '../../support/by-hand/asks.ts';

const SEED = 20_261_125;
const WALKS = 9;

const reviewers = ['first-1', 'first-2', 'first-3', 'chief-1'];
/** Substitutes for one of them, from the office above. */
const SUBSTITUTE = 'city-first-1';
const others = [
  SUBSTITUTE,
  'second-1',
  'supervise-1',
  'city-supervise-1',
  'other-first-1',
  'other-supervise-1',
  'audit-1',
  'admin-1',
  'school-1',
];
/** Two steps of one matter, which different people must decide, a task of the institution, and a step that one of two signatures decides. */
const asks: Ask[] = [
  plainReview,
  { ...plainReview, step: 'review.second_look' },
  publishPlan,
  { ...plainReview, step: 'joint.review', joint: 'any' },
  { ...plainReview, step: 'joint.review.or-1', joint: 'any' },
];

let counter: CounterOfTests;
const actors = new Map<string, Actor>();

beforeAll(async () => {
  counter = await openCounter();
  await hire('first-3', ['first_reviewer', '350104']);
  await hire('chief-1', ['first_reviewer', '350104'], ['supervisor', '350104']);
  await hire('admin-1', ['system_admin', '350100']);
  await hire(SUBSTITUTE, ['first_reviewer', '350100']);
  const { userId: substitute } = await counter.cases.actor(SUBSTITUTE);
  const period = { role: 'first_reviewer', region: '350104', from: '2026-03-02', until: '2026-03-06', reason: '出差' };
  await (await counter.as('first-1')).post('/substitutions', { ...period, substitute });
  for (const login of [...reviewers, ...others]) actors.set(login, await counter.cases.actor(login));
});
afterAll(() => counter?.close());

async function hire(login: string, ...grants: [string, string][]): Promise<void> {
  const [row] = await counter.db('users').insert({ login, name: login, demo: true }).returning('id');
  await counter.db('grants').insert(grants.map(([role, region]) => ({ user_id: row.id, role, region })));
}

function actorOf(login: string): Actor {
  const actor = actors.get(login);
  if (!actor) throw new Error(login);
  return actor;
}

function loginOf(userId: string | null): string | undefined {
  return [...actors].find(([, actor]) => actor.userId === userId)?.[0];
}

/** Who reviews in the office of the tasks or above it. */
const signers = [...reviewers, SUBSTITUTE, 'second-1'];

/** What the model knows of a task. */
type Known = TaskFacts & {
  id: string;
  step: string;
  round: number;
  urged: boolean;
  priority: boolean;
  escalated: boolean;
  joint: JointPart | null;
  group: string | null;
  /** The decision of the group that ended it. */
  endedBy: string | null;
};
/** `signed`: the step that somebody signed in a scope. `facts`: the tasks whose decisions are facts, null for the other facts. */
type Model = { tasks: Known[]; signed: Map<string, string>; lines: number; facts: (string | null)[] };
type Move = { act: TaskAct; who: string; task: number; to: string };
type Expected = { status: number; code?: string };

function barred(model: Model, task: Known, userId: string): boolean {
  const step = signedStep(model, task, userId);
  return task.role !== 'institution' && step !== undefined && step !== task.step;
}

function signedStep(model: Model, task: Known, userId: string): string | undefined {
  return model.signed.get(`${stageOf(task.step)} ${userId}`);
}

/** The other signatures of its group that are still to come. */
function stillToSign(model: Model, task: Known): Known[] {
  return model.tasks.filter((one) => task.group !== null && one.group === task.group && one !== task && one.status === 'open');
}

/** Why somebody cannot be asked to sign as well; else the step of the signature. */
function foreseeSigner(model: Model, task: Known, login: string): Expected | { step: string } {
  const { userId } = actorOf(login);
  const row = rowStepOf(task.step);
  const added = model.tasks.filter((one) => one.step.startsWith(`${row}.added-`));
  const signed = signedStep(model, task, userId);
  if (signed && !signed.startsWith(`${row}.added-`)) return { status: 403, code: 'task.fourEyes' };
  const has = [task, ...stillToSign(model, task)].some((one) => [one.claimed_by, one.claimed_for].includes(userId));
  const open = added.filter(({ status }) => status === 'open');
  if (!signers.includes(login) || has || open.length >= mostSigners || open.some(({ step }) => step === signed)) return { status: 422 };
  return { step: signed ?? signerStep(row, 'added', new Set(added.map(({ step }) => step)).size + 1) };
}

function judge(model: Model, act: TaskAct, login: string, task: Known) {
  const actor = actorOf(login);
  const capacities = capacitiesFor(actor, task);
  const principal = capacities.length > 0 && capacities.every((one) => one !== undefined && barred(model, task, one));
  return judgeTaskAct(act, actor, task, { self: barred(model, task, actor.userId), principal });
}

const forbidden = new Set([
  'signer.notAdder',
  'task.notYours',
  'task.fourEyes',
  'task.fourEyesPrincipal',
  'substitution.over',
  'supervision.notYours',
]);
/** Nobody of another region reads these tasks, nor an administrator; who was asked to sign as well is not for the institution. */
const strangers = new Set(['other-first-1', 'other-supervise-1', 'admin-1']);
const isHidden = (login: string, { joint }: Known): boolean => strangers.has(login) || (login === 'school-1' && joint === 'added');

/** Moves the model along, and says what the API has to answer. */
function foresee(model: Model, { act, who, task: at, to }: Move): Expected {
  const task = model.tasks[at];
  if (!task) throw new Error('no task');
  const actor = actorOf(who);
  const verdict = judge(model, act, who, task);
  if (verdict === 'already') return { status: 200 };
  if (verdict === 'task.cancelled' && task.endedBy) return { status: 409, code: 'signer.ended' };
  if (verdict !== 'yes' && isHidden(who, task)) return { status: 404, code: 'task.unknown' };
  if (verdict !== 'yes') return { status: forbidden.has(verdict) ? 403 : 409, code: verdict };
  if (act === 'add_signer') {
    const found = foreseeSigner(model, task, to);
    if ('status' in found) return found;
  }
  if (act === 'recall_signer' && stillToSign(model, task).length === 0) return { status: 409, code: 'signer.lastMissing' };
  const other = actorOf(to);
  const holds = other.grants.some(({ role, region }) => role === task.role && region === task.office);
  if ((act === 'delegate' || act === 'reassign') && !holds) return { status: 422 };
  if (act === 'delegate' && [actor.userId, task.claimed_for].includes(other.userId)) return { status: 422 };
  if (act === 'delegate' && barred(model, task, other.userId)) return { status: 403, code: 'task.fourEyes' };
  if (act === 'reassign' && barred(model, task, other.userId)) return { status: 409, code: 'task.fourEyes' };
  if (act === 'urge' && task.urged) return { status: 409, code: 'supervision.urgedToday' };
  if (act === 'escalate' && task.escalated) return { status: 409, code: 'supervision.escalated' };
  if (act === 'reassign' && task.claimed_by === other.userId) return { status: 200 };
  // No review of the packs follows these steps: only a signature while others are missing is taken back, by whoever signed last.
  if (act === 'take_back' && stillToSign(model, task).length === 0) return { status: 409, code: 'takeBack.last' };
  if (act === 'take_back' && model.facts.at(-1) !== task.id) return { status: 409, code: 'takeBack.moved' };
  apply(model, task, act, actor, to);
  return { status: 200 };
}

function apply(model: Model, task: Known, act: TaskAct, actor: Actor, to: string): void {
  const { userId } = actor;
  const { userId: otherId } = actorOf(to);
  // The first for whom four eyes allow it.
  const principal = capacitiesFor(actor, task).find((one) => one === undefined || !barred(model, task, one)) ?? null;
  model.lines += 1;
  switch (act) {
    case 'claim':
      Object.assign(task, { claimed_by: userId, claimed_for: principal });
      break;
    case 'release':
      Object.assign(task, { claimed_by: null, claimed_for: null });
      break;
    case 'decide':
      Object.assign(task, { status: 'decided', claimed_by: userId, decided_by: userId, decided_for: principal });
      for (const signer of [userId, principal]) if (signer) model.signed.set(`${stageOf(task.step)} ${signer}`, task.step);
      model.facts.push(task.id);
      if (task.joint === 'any')
        for (const one of stillToSign(model, task).filter(({ joint }) => joint === 'any'))
          Object.assign(one, { status: 'cancelled', endedBy: task.id });
      break;
    case 'delegate':
      task.delegated_to = otherId;
      break;
    case 'opine':
      task.delegated_to = null;
      model.signed.set(`${stageOf(task.step)} ${userId}`, task.step);
      break;
    case 'recall':
      task.delegated_to = null;
      break;
    case 'add_signer': {
      const found = foreseeSigner(model, task, to);
      if ('status' in found) break;
      if (task.group === null) Object.assign(task, { joint: 'all', group: task.id });
      model.facts.push(null);
      const role = to === 'second-1' ? 'second_reviewer' : 'first_reviewer';
      const office = to === SUBSTITUTE ? { office: '350100', office_path: '350000/350100' } : {};
      const asked = { claimed_by: otherId, added_by: userId, joint: 'added', group: task.group, role, ...office } as const;
      model.tasks.push({ ...nextRound(model, task, found.step), ...asked });
      break;
    }
    case 'recall_signer':
      Object.assign(task, { status: 'cancelled', delegated_to: null });
      model.facts.push(null);
      break;
    case 'take_back': {
      model.facts.push(null);
      const again = [task, ...model.tasks.filter((one) => one.endedBy === task.id)];
      for (const one of again) {
        const holder = one.joint === 'added' ? one.claimed_by : null;
        model.tasks.push({
          ...nextRound(model, one, one.step),
          joint: one.joint,
          group: one.group,
          role: one.role,
          office: one.office,
          office_path: one.office_path,
          added_by: one.added_by,
          claimed_by: holder,
        });
      }
      break;
    }
    case 'suspend':
      task.suspended_at = 'now';
      break;
    case 'resume':
      task.suspended_at = null;
      break;
    case 'reassign':
      Object.assign(task, { claimed_by: otherId, claimed_for: null, delegated_to: null });
      break;
    case 'urge':
      task.urged = true;
      break;
    case 'prioritise':
      task.priority = !task.priority;
      break;
    case 'escalate':
      task.escalated = true;
  }
}

/** A task of the same matter, as it is opened. */
function nextRound(model: Model, task: Known, step: string): Known {
  const round = Math.max(0, ...model.tasks.filter((one) => one.step === step).map((one) => one.round)) + 1;
  return known(`${task.id.split('/')[0]}/${step}/${round}`, { ...plainReview, step });
}

/** The step by which the procedure answers that a signature was taken back. */
async function answerTakenBack(id: string, taskId: string): Promise<void> {
  const { fact_no: factNo, step_no: stepNo } = await counter.db('procedures').where({ id }).first('fact_no', 'step_no');
  const place = { stage: 'review', step: 'first_review', acts: [], asks: [plainReview], cancels: [], flags: {} };
  await takeStep(counter.db, { procedureId: id, stepNo: stepNo + 1, appliedNo: factNo, ...place, again: taskId }, async () => ({}));
}

async function send({ act, who, to }: Move, task: Known): Promise<Answer> {
  const bodies: Partial<Record<TaskAct, Record<string, unknown>>> = {
    decide: { outcome: 'approve' },
    delegate: { to: actorOf(to).userId, question: '请看一下' },
    opine: { opinion: '同意' },
    suspend: { reason: '等核查结果' },
    reassign: { to: actorOf(to).userId, reason: '工作调整' },
    // As the model has it after the act: one time it is marked, the next the mark is taken off.
    prioritise: { priority: task.priority, reason: '群众来访' },
    escalate: { reason: '久拖不决' },
    take_back: { reason: '看错了一份材料' },
    add_signer: { to: actorOf(to).userId, question: '请一并签署' },
    recall_signer: { reason: '已另行征求意见' },
  };
  const paths: Partial<Record<TaskAct, string>> = {
    opine: 'opinion',
    prioritise: 'priority',
    take_back: 'take-back',
    add_signer: 'signers',
    recall_signer: 'recall-signer',
  };
  return (await counter.as(who)).post(`/tasks/${task.id}/${paths[act] ?? act}`, bodies[act]);
}

type Seen = {
  status: string;
  holder: { name: string } | null;
  substituteFor: string | null;
  delegate: string | null;
  suspended: boolean;
  acts: TaskAct[];
};

async function compare(model: Model, task: Known, who: string): Promise<void> {
  const nameOf = (userId: string | null) => actors.get(loginOf(userId) ?? '')?.name ?? null;
  const seen = await (await counter.as('supervise-1')).get<Seen>(`/tasks/${task.id}`);
  expect({ ...seen.body, holder: seen.body.holder?.name ?? null }).toMatchObject({
    status: task.status,
    holder: nameOf(task.claimed_by),
    substituteFor: nameOf(task.status === 'open' ? task.claimed_for : task.decided_for),
    delegate: nameOf(task.delegated_to),
    suspended: task.suspended_at !== null,
    acts: taskActs.filter((act) => judge(model, act, 'supervise-1', task) === 'yes'),
  });
  const own = await (await counter.as(who)).get<Seen>(`/tasks/${task.id}`);
  const acts = taskActs.filter((act) => judge(model, act, who, task) === 'yes');
  if (own.status === 200) expect(own.body.acts).toEqual(acts);
  else expect([own.status, acts]).toEqual([404, []]);
}

const moves = fc.array(
  fc.record({
    act: fc.constantFrom(...taskActs),
    // Two acts of three are those that were done least of those that are possible now: blind chance seldom gets anywhere.
    possible: fc.constantFrom(true, true, false),
    as: fc.constantFrom('anyone' as const, 'holder' as const, 'holder' as const, 'delegate' as const, 'delegate' as const),
    who: fc.oneof(
      { weight: 5, arbitrary: fc.constantFrom(...reviewers, SUBSTITUTE, SUBSTITUTE) },
      { weight: 3, arbitrary: fc.constantFrom(...others) },
    ),
    // Half of the acts are on the task of the one before: what was asked is answered, what was signed is taken back.
    stay: fc.boolean(),
    // Beyond the first five stand the signatures that were added, and those that are asked again.
    task: fc.constantFrom(0, 0, 1, 1, 2, 3, 3, 4, 5, 5, 6, 7),
    to: fc.oneof(
      { weight: 5, arbitrary: fc.constantFrom(...reviewers) },
      { weight: 1, arbitrary: fc.constantFrom('second-1', 'school-1', SUBSTITUTE) },
    ),
  }),
  { minLength: 40, maxLength: 50, size: 'max' },
);

test('[F06] random acts by random people: the API answers and moves as the table says', { timeout: 240_000 }, async () => {
  const done = new Map<TaskAct, number>();
  const refused = new Set<TaskAct>();
  await fc.assert(
    fc.asyncProperty(moves, async (walk) => {
      const { id, taskIds } = await counter.cases.open(asks);
      const model: Model = { tasks: taskIds.map((taskId, at) => known(taskId, asks[at])), signed: new Map(), lines: 0, facts: [] };
      let at = 0;
      for (const drawn of walk) {
        const before = model.tasks[at];
        const goesOn = before?.status === 'open' || (before && stillToSign(model, before).length > 0 && model.facts.at(-1) === before.id);
        at = (drawn.stay && goesOn ? at : drawn.task) % model.tasks.length;
        const task = model.tasks[at];
        if (!task) continue;
        const meant = drawn.as === 'anyone' ? null : drawn.as === 'holder' ? task.claimed_by : task.delegated_to;
        const who = loginOf(meant) ?? drawn.who;
        const possible = taskActs
          .filter((act) => judge(model, act, who, task) === 'yes')
          .sort((a, b) => (done.get(a) ?? 0) - (done.get(b) ?? 0));
        const move = { ...drawn, task: at, who, act: (drawn.possible ? possible[0] : undefined) ?? drawn.act };
        // A decision of the institution needs what belongs to its kind; that is tested where its rules are.
        if (move.act === 'decide' && task.role === 'institution') continue;
        const expected = foresee(model, move);
        const { status, body } = await send(move, task);
        expect({ move, status, ...(expected.code ? { code: body['code'] } : {}) }).toEqual({ move, ...expected });
        if (status === 200 && move.act === 'take_back') await answerTakenBack(id, task.id);
        if (status === 200) done.set(move.act, (done.get(move.act) ?? 0) + 1);
        else refused.add(move.act);
        await compare(model, task, move.who);
      }
      // Each act that counted left its line, and nothing else did.
      const lines = await counter.db('audit_log').where({ procedure_id: id }).whereLike('act', 'task.%').whereNotNull('actor');
      expect(lines).toHaveLength(model.lines);
      expect(await findBrokenLink(counter.db, id)).toBeUndefined();
    }),
    { seed: SEED, numRuns: WALKS, endOnFailure: true, unbiased: true },
  );
  // What was decided for somebody was decided by the substitute.
  expect(await counter.db('tasks').whereNotNull('decided_for').distinct().pluck('decided_by')).toEqual([actorOf(SUBSTITUTE).userId]);
  // The walk has been everywhere that matters: every act was done, and was refused.
  expect(taskActs.filter((act) => !done.has(act) || !refused.has(act))).toEqual([]);
});

function known(id: string, ask: Ask | undefined): Known {
  return {
    id,
    step: ask?.step ?? '',
    round: Number(id.split('/').at(-1)),
    status: 'open',
    role: ask?.role ?? '',
    office: '350104',
    office_path: '350000/350100/350104',
    institution_id: counter.cases.institutionId,
    claimed_by: null,
    claimed_for: null,
    decided_by: null,
    decided_for: null,
    delegated_to: null,
    suspended_at: null,
    added_by: null,
    urged: false,
    priority: false,
    escalated: false,
    joint: ask?.joint ?? null,
    group: ask?.joint ? `${id.split('/')[0]}/${rowStepOf(ask.step)}/1` : null,
    endedBy: null,
  };
}
