/** What befalls a class besides the shortest way: how its people decide otherwise, and what they do without being asked. */
import { type ClassStatus, mayClass } from '../../workflows/domain/classes/class.ts';
import type { ClassPlan } from './class-plans.ts';
import type { Choice, RobotTask } from './performing.ts';
import type { Robot } from './robot.ts';

/** One class of a plan as it goes along. `done`: what has befallen it. */
export type Lived = { plan: ClassPlan; number?: string; status?: ClassStatus; done: Set<string> };

const RETURN: Choice = {
  outcome: 'return',
  reason: '教学计划过于简略，请补充每日安排。',
  items: [{ field: 'plan', text: '补充每日安排' }],
};
const FINDING: Choice = {
  outcome: 'finding',
  reason: '两名学员未到课且无请假手续，签到表缺签。',
  method: 'visit',
  presentCount: 4,
  remark: '两名学员未到课',
  companion: '林某',
};
const REFUSAL = '申报的培训内容与机构办学许可范围不符，且师资材料无法证明任教资格。';

/** How this task of a class is decided; undefined: by the shortest way. */
export function turnOf(life: Lived | undefined, task: RobotTask): Choice | undefined {
  if (!life) return undefined;
  const { turn } = life.plan;
  const isPreTraining = task.kind === 'review' && task.step.startsWith('pre_training.');
  if (turn === 'returned' && task.step === 'pre_training.first_review' && task.round === 1) return RETURN;
  if (turn === 'refused' && isPreTraining) return { outcome: task.role === 'approver' ? 'refuse' : 'propose_refusal', reason: REFUSAL };
  if (turn === 'finding' && task.kind === 'inspection' && task.round === 1) return FINDING;
  if (turn === 'objectionUpheld' && task.kind === 'objection_review')
    return { outcome: 'uphold', reason: '经核查，该学员培训期间在外地务工，未实际参训，异议成立。' };
  return undefined;
}

/** What somebody does without a task: the institution withdraws or reports a drop-out, the public objects. True when it was done now. */
export async function sideActs(robot: Robot, life: Lived, today: string): Promise<boolean> {
  const { plan, number, status, done } = life;
  if (!number || !status) return false;
  if (plan.turn === 'withdrawn' && mayClass(status, 'withdraw') && today > plan.submitOn && !done.has('withdrawn')) {
    done.add('withdrawn');
    await robot.post(await robot.as(plan.login), `/classes/${number}/withdraw`, { reason: '报名人数不足，改期开班。' }, [200, 409]);
    return true;
  }
  if (plan.turn === 'dropOut' && status === 'in_training' && !done.has('dropOut')) {
    done.add('dropOut');
    return reportDropOut(robot, plan.login, number);
  }
  if (plan.turn.startsWith('objection') && status === 'claimed' && !done.has('objection')) return object(robot, life);
  return false;
}

async function reportDropOut(robot: Robot, login: string, number: string): Promise<boolean> {
  const institution = await robot.as(login);
  const sheet = await robot.get<{ trainees: { id: string; status: string }[] }>(institution, `/classes/${number}/attendance`);
  const enrolled = sheet.trainees.filter((one) => one.status === 'enrolled');
  // A life that is resumed does not know what it did before.
  if (enrolled.length < sheet.trainees.length) return false;
  const change = { kind: 'drop_out', enrolmentId: enrolled.at(-1)?.id, reason: '学员因家庭原因退出培训。' };
  await robot.post(institution, `/classes/${number}/changes`, change, [201, 409, 422]);
  return true;
}

/** Objects to the person at seat 2 while the subsidy notice of the class is on show. */
async function object(robot: Robot, life: Lived): Promise<boolean> {
  const { disclosures } = await robot.get<{ disclosures: { number: string; classNumber: string; status: string }[] }>(
    robot.anybody,
    '/disclosures?list=subsidy&status=open',
  );
  const shown = disclosures.find(({ classNumber }) => classNumber === life.number);
  if (!shown) return false;
  life.done.add('objection');
  const grounds = '据了解，名单中第 2 号学员培训期间并未到课，请予核实。';
  await robot.post(robot.anybody, `/disclosures/${shown.number}/objections`, { seat: 2, grounds }, [201, 409, 422]);
  return true;
}
