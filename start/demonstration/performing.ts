/** How the people of the demonstration do each kind of task. */
import { makeCard } from '../../workflows/domain/people/identity.ts';
import { numberOf } from '../../workflows/domain/procedures.ts';
import type { TaskKind } from '../../workflows/domain/task-kinds.ts';
import type { Person } from './person.ts';
import type { Requests } from './requests.ts';

export type RobotTask = {
  id: string;
  procedure: string;
  step: string;
  round: number;
  kind: TaskKind;
  role: string;
  number: string;
  title: string;
  headcount: number | null;
  version: number;
};
export type Choice = { outcome: string } & Record<string, unknown>;

/** `payers`: who of the office does which step of a payment. `failing` and `choose` as a robot is told. */
type Ways = {
  office: string;
  payers: Record<string, string>;
  say: (line: string) => void;
  failing?: ((batchNumber: string, title: string) => number) | undefined;
  choose?: ((task: RobotTask) => Choice | 'leave' | undefined) | undefined;
};

export function createPerformer({ as, again, post, get }: Requests, { office, payers, say, failing, choose }: Ways) {
  // No two robots give the same account to two people.
  let corrections = Date.now() % 100_000_000;

  /** Performs one task as its owner would; a task that somebody else finished meanwhile is left alone. */
  async function perform(login: string, task: RobotTask): Promise<boolean> {
    const person = await as(task.role === 'payment_officer' ? `${office}-${payers[task.kind] ?? 'pay-1'}` : login);
    const classNumber = numberOf('trainingClass', task.procedure) ?? '';
    const decide = async (outcome: string, more: Record<string, unknown> = {}): Promise<boolean> => {
      const answer = await post(person, `/tasks/${task.id}/decide`, { outcome, ...more }, [200, 409]);
      if (answer.status === 200) say(`${person.login}: ${task.title} · ${task.step} → ${outcome}`);
      return answer.status === 200;
    };
    const chosen = choose?.(task);
    if (chosen === 'leave') return false;
    if (chosen) return decide(chosen.outcome, chosen);
    switch (task.kind) {
      case 'review':
      case 'change_review':
        return decide('approve');
      case 'publish':
        return decide('publish');
      case 'inspection':
        return decide('in_order', { method: 'visit', presentCount: task.headcount ?? 0, remark: '到课情况与名册一致', companion: '林某' });
      case 'reinspection':
        return decide('rectified', { method: 'visit', remark: '已整改', companion: '林某' });
      case 'rectification':
        return decide('rectify', { reason: '已按要求整改并补充签到。', answer: '已按要求整改并补充签到。' });
      case 'claim':
        return decide('submit');
      case 'correction':
        return task.step.startsWith('pre_training.') ? correctClass(person, classNumber) : decide('resubmit');
      case 'funds':
        return decide('confirm');
      case 'batch_make':
        return decide('make');
      case 'batch_check':
        return decide('check');
      case 'batch_release':
        return decide('release');
      case 'objection_review':
        return decide('dismiss', { reason: '经核查，人员信息属实，异议不成立。' });
      case 'attendance':
        return enterAttendance(person, classNumber);
      case 'results':
        return enterResults(person, classNumber);
      case 'bank_answer':
        return answerAsBank(person, numberOf('subsidyPayment', task.procedure) ?? '', task.title);
      case 'account_correction':
        return correctAccounts(person, numberOf('subsidyApplication', task.procedure) ?? '');
      case 'order_issue':
        return decide('issue', { reason: '该件已严重超期，请立即办理并说明原因。' });
      case 'order_answer':
        return decide('answer', { reason: '已督促办理人员，将于次日办结。' });
      case 'calendar_notice':
      case 'wait':
        return false;
    }
  }

  /** The civil date of the business clock. */
  async function today(person: Person): Promise<string> {
    const { now } = await get<{ now: string }>(person, '/clock');
    return new Date(Date.parse(now) + 8 * 3_600_000).toISOString().slice(0, 10);
  }

  async function enterAttendance(person: Person, number: string): Promise<boolean> {
    const sheet = await get<{ sessions: { id: string; day: string }[]; trainees: { id: string; status: string }[] }>(
      person,
      `/classes/${number}/attendance`,
    );
    // What has not taken place yet is not entered.
    if ((sheet.sessions.at(-1)?.day ?? '') >= (await today(person))) return false;
    const marks = sheet.trainees
      .filter((one) => one.status === 'enrolled')
      .flatMap((one) => sheet.sessions.map((session) => ({ enrolmentId: one.id, sessionId: session.id, present: true })));
    await post(person, `/classes/${number}/attendance`, { marks, method: 'face' });
    const answer = await post(person, `/classes/${number}/attendance/submit`, {}, [200, 409]);
    say(`${person.login}: 考勤 ${marks.length} 条 ${number}`);
    return answer.status === 200;
  }

  async function enterResults(person: Person, number: string): Promise<boolean> {
    const sheet = await get<{ results: { id: string; seat: number; status: string; attendanceShort: boolean }[] }>(
      person,
      `/classes/${number}/results`,
    );
    const certificateDate = await today(person);
    const results = sheet.results
      .filter((one) => one.status === 'enrolled' && !one.attendanceShort)
      .map((one) => ({
        enrolmentId: one.id,
        theoryScore: 70 + (one.seat % 25),
        practiceScore: 72 + (one.seat % 20),
        passed: true,
        certificateNumber: `S${number.replaceAll('-', '')}${String(one.seat).padStart(3, '0')}`,
        certificateDate,
      }));
    await post(person, `/classes/${number}/results`, { results });
    const answer = await post(person, `/classes/${number}/results/submit`, {}, [200, 409]);
    say(`${person.login}: 成绩与证书 ${results.length} 人 ${number}`);
    return answer.status === 200;
  }

  async function answerAsBank(person: Person, batch: string, title: string): Promise<boolean> {
    const returned = failing?.(batch, title) ?? 0;
    const content = await again(() => person.download(`/payments/${batch}/simulated-answer?failing=${returned}`));
    const answer = await again(() => person.upload(`/payments/${batch}/answer`, 'file', { name: 'answer.txt', content }));
    if (answer.status !== 200 && answer.status !== 409)
      throw new Error(`bank answer of ${batch}: ${answer.status} ${JSON.stringify(answer.body).slice(0, 400)}`);
    say(`${person.login}: 银行回单 ${batch} ${JSON.stringify(answer.body)}`);
    return answer.status === 200;
  }

  /** Answers every point of the list of corrections and sends the class in again. */
  async function correctClass(person: Person, number: string): Promise<boolean> {
    const { saved } = await get<{ saved: { plan: string } }>(person, `/classes/${number}/edit`);
    const { correction } = await get<{ correction: { items: { no: number }[] } | null }>(person, `/classes/${number}`);
    await post(person, `/classes/${number}/edit`, { ...saved, plan: `${saved.plan}（已按补正通知补充每日安排）` });
    const answers = (correction?.items ?? [{ no: 1 }]).map(({ no }) => ({ no, text: '已补充每日安排' }));
    const answer = await post(person, `/classes/${number}/resubmit`, { answers }, [200, 409]);
    if (answer.status === 200) say(`${person.login}: 补正 ${number}`);
    return answer.status === 200;
  }

  async function correctAccounts(person: Person, application: string): Promise<boolean> {
    const shown = await get<{ lines: { enrolmentId: string; seat: number; status: string }[] }>(person, `/subsidies/${application}`);
    const failed = shown.lines.filter((line) => line.status === 'failed');
    const accounts = Object.fromEntries(
      // Another one each time: the bank may return the corrected account as well.
      failed.map((line) => [line.enrolmentId, makeCard({ prefix: '622202', serial: (corrections += 1) * 1_000 + line.seat })]),
    );
    const answer = await post(person, `/subsidies/${application}/accounts`, { accounts }, [200, 409]);
    say(`${person.login}: 更正退票账户 ${failed.length} 个`);
    return answer.status === 200;
  }

  return { perform, today };
}
