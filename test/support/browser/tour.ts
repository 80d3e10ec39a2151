/** A product in which every page has something to show: a class walked to its payment by way of every kind of task, and what else an office keeps. */
import fujianPack from '../../../db/policy-packs/fujian-2022.json' with { type: 'json' };
import { businessToday } from '../../../db/calendar/instant.ts';
import { inTransaction } from '../../../db/client.ts';
import { askForYearNotice } from '../../../db/calendar/year-requests.ts';
import { lockProcedure } from '../../../db/protocol/procedures.ts';
import type { RobotTask } from '../../../start/demonstration/performing.ts';
import { pause } from '../../../start/demonstration/requests.ts';
import { createRobot } from '../../../start/demonstration/robot.ts';
import type { Office } from '../office.ts';
import { daysOfFortnight, draftClass } from '../province.ts';

const crew = [
  'kangning-1',
  'pingjia-1',
  'cs-first-1',
  'cs-second-1',
  'cs-approve-1',
  'cs-inspect-1',
  'cs-finance-1',
  'cs-pay-1',
  'cs-pay-2',
  'cs-pay-3',
  'cs-supervise-1',
];
const WALK_MS = 150_000;

export type Tour = {
  /** The class that was paid, one that waits for its review and one that is still a draft. */
  paid: string;
  waiting: string;
  draft: string;
  /** Kinds of task that were met, each shown to `meet` while it was open. */
  kinds: ReadonlySet<string>;
};

/** Walks a class through its life. `meet` is called with the first task of every kind, before it is done. */
export async function makeTour(office: Office, meet: (login: string, task: RobotTask) => Promise<void>): Promise<Tour> {
  const robot = createRobot({ origin: office.origin, patienceMs: 20_000, failing: (batch) => (batch.endsWith('00001') ? 1 : 0) });
  const school = await robot.as('kangning-1');
  const submit = (login: string, title: string, seed: number, fortnight: number) => {
    const days = daysOfFortnight(fortnight);
    return robot.submitClass({ login, title, startDate: days[0] ?? '', days, trainees: 6, seed, project: '中式烹调师（五级）' });
  };
  const paid = await submit('kangning-1', '中式烹调师（五级）第 21 期', 21, 0);
  const kinds = new Set<string>();

  /** The way aside that a kind of task is first met by. */
  async function goAside(login: string, task: RobotTask): Promise<boolean> {
    const person = await robot.as(login);
    const decide = (body: Record<string, unknown>) => robot.post(person, `/tasks/${task.id}/decide`, body);
    switch (task.kind) {
      case 'review':
        if (task.step !== 'pre_training.first_review') return false;
        await decide({ outcome: 'return', reason: '教学计划过于简略。', items: [{ field: 'plan', text: '请补充每日安排' }] });
        return true;
      case 'correction': {
        const { saved } = await robot.get<{ saved: Record<string, unknown> }>(person, `/classes/${paid}/edit`);
        await robot.post(person, `/classes/${paid}/edit`, { ...saved, plan: '第一周理论，第二周实操，逐日考勤，结业考核。' });
        await robot.post(person, `/classes/${paid}/resubmit`, { answers: [{ no: 1, text: '已补充每日安排' }] });
        return true;
      }
      case 'inspection':
        await decide({
          outcome: 'finding',
          reason: '一名学员未到课。',
          method: 'visit',
          presentCount: 5,
          remark: '一人缺课',
          companion: '林某',
        });
        return true;
      case 'attendance': {
        const { trainees } = await robot.get<{ trainees: { id: string }[] }>(person, `/classes/${paid}/attendance`);
        const leaving = { kind: 'drop_out', enrolmentId: trainees.at(-1)?.id, reason: '学员因病退出培训' };
        await robot.post(person, `/classes/${paid}/changes`, leaving, [200, 201, 409]);
        return true;
      }
      default:
        return false;
    }
  }

  async function meetNext(login: string, kind: RobotTask['kind'], number: string): Promise<RobotTask> {
    for (const end = Date.now() + WALK_MS; ; await pause(100)) {
      const found = (await robot.openTasks([login])).find(({ task }) => task.kind === kind && task.number.endsWith(number));
      if (found) {
        if (!kinds.has(kind)) await meet(login, found.task);
        kinds.add(kind);
        return found.task;
      }
      if (Date.now() > end) throw new Error(`${login} was not asked for ${kind} in time`);
    }
  }

  /** The superior authority is asked for an order, signs it and gets its answer. */
  async function orderAbout(number: string): Promise<void> {
    const review = await meetNext('cs-first-1', 'review', number);
    await robot.post(await robot.as('cs-supervise-1'), `/tasks/${review.id}/escalate`, { reason: '久拖不决，请上级督办。' });
    await robot.perform('fz-supervise-1', await meetNext('fz-supervise-1', 'order_issue', ''));
    await robot.perform('cs-supervise-1', await meetNext('cs-supervise-1', 'order_answer', ''));
  }

  let objected = false;
  async function object(): Promise<void> {
    const list = objected ? undefined : await office.db('disclosures').where({ list: 'subsidy', status: 'open' }).first('number');
    if (!list) return;
    objected = true;
    await robot.post(school, `/disclosures/${list.number}/objections`, { seat: 2, grounds: '该学员培训期间在外地工作，请核查。' });
  }

  const until = Date.now() + WALK_MS;
  for (let idle = 0; (await office.db('classes').where({ number: paid }).first('status')).status !== 'paid'; ) {
    if (Date.now() > until) throw new Error(`the class was not paid in time; met ${[...kinds].join(', ')}`);
    await object();
    let acts = 0;
    for (const { login, task } of await robot.openTasks(crew)) {
      const first = !kinds.has(task.kind);
      if (first) {
        kinds.add(task.kind);
        await meet(login, task);
      }
      if ((first && (await goAside(login, task))) || (await robot.perform(login, task))) acts += 1;
    }
    idle = acts > 0 ? 0 : idle + 1;
    await pause(60);
    if (idle >= 5) {
      await robot.jump();
      idle = 0;
    }
  }

  await inTransaction(office.db, async (trx) => askForYearNotice(trx, await lockProcedure(trx, `class-${paid}`), 2027));
  const waiting = await submit('shifan-1', '中式烹调师（五级）第 22 期', 22, 12);
  await orderAbout(waiting);
  const draft = await draftClass(office, { title: '中式烹调师（五级）第 23 期', seed: 23, fortnight: 14 });
  await keepOffice(office);
  return { paid, waiting, draft, kinds };
}

/** What waits for a second person, and what is suspended. */
async function keepOffice(office: Office): Promise<void> {
  const robot = createRobot({ origin: office.origin, patienceMs: 20_000 });
  const catalogue = await robot.as('cs-catalogue-1');
  await robot.post(catalogue, '/packs', { ...fujianPack, id: 'cangshan-2026', region: '350104' });
  const idle = await office.db('institutions').where({ region: '350104', kind: 'assessment' }).orderBy('name', 'desc').first('credit_code');
  await robot.post(catalogue, `/institutions/${idle.credit_code}/suspend`, { reason: '现场检查发现场地与登记不符。' });
  const officer = await robot.as('cs-first-1');
  const { id: colleague } = await office.db('users').where({ login: 'cs-first-2' }).first('id');
  const today = await businessToday(office.db);
  const away = { substitute: colleague, role: 'first_reviewer', region: '350104', from: today, until: today, reason: '出差' };
  await robot.post(officer, '/substitutions', away);
  await robot.post(officer, '/tasks/views', { name: '今明到期', list: 'urgency=soon' });
}
