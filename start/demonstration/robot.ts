/**
 * Walks classes through their whole life over HTTP, as the people of the demonstration would: used by `npm run demo`, the journeys, the fault
 * tests and the measurements. Every request carries an Idempotency-Key and is sent again when the product was away.
 */
import { randomUUID } from 'node:crypto';
import { sampleMaterial } from '../../db/formats/sample-materials.ts';
import { cleanRoster } from '../../db/formats/sample-rosters.ts';
import { makeCard } from '../../workflows/domain/people/identity.ts';
import { numberOf } from '../../workflows/domain/procedures.ts';
import type { TaskKind } from '../../workflows/domain/task-kinds.ts';
import type { MaterialKind } from '../../workflows/domain/classes/material.ts';
import { busyAt, type Choices, type Draft, isBusy, PLAN, sessionsOf } from './drafts.ts';
import { type Answer, person as personOf, type Person, staySignedIn } from './person.ts';

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
export type RobotOptions = {
  origin: string;
  /** Prefix of the office's accounts, `cs` for Cangshan. */
  office?: string;
  /** Accounts of the institutions and assessment bodies that take part. */
  institutions?: readonly string[];
  /** Told what happens, one line per act. */
  say?: (line: string) => void;
  /** How long a request is repeated while the product does not answer. */
  patienceMs?: number;
  /** Lines of a batch that the bank returns; `title` is that of the class. */
  failing?: (batchNumber: string, title: string) => number;
  /** How a task is decided otherwise than by the shortest way; `leave` leaves it lying. */
  choose?: (task: RobotTask) => Choice | 'leave' | undefined;
};
export type Choice = { outcome: string } & Record<string, unknown>;

export type Robot = ReturnType<typeof createRobot>;

const accountOf: Record<string, string> = {
  first_reviewer: 'first-1',
  second_reviewer: 'second-1',
  approver: 'approve-1',
  inspector: 'inspect-1',
  finance_officer: 'finance-1',
  payment_officer: 'pay-1',
  supervisor: 'supervise-1',
};
const payers: Record<string, string> = { batch_make: 'pay-1', batch_check: 'pay-2', batch_release: 'pay-3', bank_answer: 'pay-1' };

export function createRobot(options: RobotOptions) {
  const {
    origin,
    office = 'cs',
    institutions = ['kangning-1', 'shifan-1', 'pingjia-1', 'renzheng-1'],
    say = () => undefined,
    patienceMs = 60_000,
  } = options;
  const people = new Map<string, Promise<Person>>();
  // No two robots give the same account to two people.
  let corrections = Date.now() % 100_000_000;

  function as(login: string): Promise<Person> {
    let known = people.get(login);
    if (!known) {
      known = again(() => staySignedIn(origin, login));
      people.set(login, known);
      known.catch(() => people.delete(login));
    }
    return known;
  }

  /** Repeats while nobody answers: the same key gets the same answer, so repeating is always safe. */
  async function again<T>(work: () => Promise<T>): Promise<T> {
    const until = Date.now() + patienceMs;
    for (;;) {
      try {
        const answer = await work();
        const status = (answer as { status?: number } | undefined)?.status;
        if (status !== undefined && status >= 500 && Date.now() < until) throw new Error(`status ${status}`);
        return answer;
      } catch (error) {
        if (Date.now() >= until) throw error;
        await pause(250);
      }
    }
  }

  async function post<T = Record<string, unknown>>(
    person: Person,
    path: string,
    body: unknown,
    allowed: number[] = [200, 201, 202],
  ): Promise<Answer<T>> {
    const key = randomUUID();
    const answer = await again(() => person.post<T>(path, body, { key }));
    if (!allowed.includes(answer.status))
      throw new Error(`${person.login} POST ${path}: ${answer.status} ${JSON.stringify(answer.body).slice(0, 600)}`);
    return answer;
  }

  async function get<T = Record<string, unknown>>(person: Person, path: string): Promise<T> {
    const answer = await again(() => person.get<T>(path));
    if (answer.status !== 200)
      throw new Error(`${person.login} GET ${path}: ${answer.status} ${JSON.stringify(answer.body).slice(0, 400)}`);
    return answer.body;
  }

  /** Attaches what the policy pack asks for. The same file sent again is kept once. */
  async function attachMaterials(institution: Person, number: string): Promise<void> {
    const { rules } = await get<{ rules: { kind: MaterialKind; there: boolean }[] }>(institution, `/classes/${number}/materials`);
    for (const { kind } of rules.filter((rule) => !rule.there)) {
      const sent = await again(() => institution.upload(`/classes/${number}/materials`, 'file', sampleMaterial(kind), { kind }));
      if (sent.status >= 300) throw new Error(`material of ${number}: ${sent.status} ${JSON.stringify(sent.body).slice(0, 400)}`);
    }
    say(`${institution.login}: 材料 ${rules.length} 份`);
  }

  /** Drafts a class from the catalogue, with roster and materials. Returns its number and how to submit it. */
  async function draftClass(draft: Draft): Promise<{ number: string; submit(): Promise<string> }> {
    const institution = await as(draft.login);
    const choices = await get<Choices>(institution, '/classes/new');
    const project = choices.projects.find((one) => one.name === draft.project) ?? choices.projects[0];
    const venues = choices.venues.filter((one) => one.capacity >= draft.trainees);
    const venue = venues[0] ?? choices.venues[0];
    const assessor = choices.assessors[0];
    if (!project || !venue || !assessor) throw new Error('the catalogue has no project, venue or assessment body');
    const form = {
      projectId: project.id,
      title: draft.title,
      plan: PLAN,
      startDate: draft.startDate,
      endDate: draft.days.at(-1) ?? draft.startDate,
      venueId: venue.id,
      assessorId: assessor.id,
    };
    const created = await post<{ number: string }>(institution, '/classes', form);
    const number = created.body.number;
    say(`${draft.login}: 起草班次 ${number} ${draft.title}`);
    const roster = await cleanRoster(draft.trainees, draft.seed);
    const uploaded = await again(() => institution.upload(`/classes/${number}/roster`, 'file', { name: 'roster.xlsx', content: roster }));
    if (uploaded.status >= 300) throw new Error(`roster of ${number}: ${uploaded.status} ${JSON.stringify(uploaded.body).slice(0, 600)}`);
    say(`${draft.login}: 名册 ${draft.trainees} 人`);
    await attachMaterials(institution, number);
    // Rooms and teachers may be taken by other classes on these days: the next ones are tried. A class with a lane keeps to one teacher; any other
    // changes only the sessions whose teacher is busy, because a visitor's class may have every teacher on some half-day.
    const rooms = venues.length > 0 ? venues : [venue];
    const first = draft.lane ?? 0;
    const tries = rooms.length * choices.teachers.length;
    const submit = async (): Promise<string> => {
      const shifts: number[] = [];
      for (let at = 0, moved = 0; ; at += 1) {
        const room = rooms[((draft.lane === undefined ? moved : at) + first) % rooms.length] ?? venue;
        const shiftOf = (session: number) => (draft.lane === undefined ? (shifts[session] ?? 0) : Math.floor(at / rooms.length));
        await post(institution, `/classes/${number}/timetable/edit`, { sessions: sessionsOf(draft, choices.teachers, room.id, shiftOf) });
        const answer = await post(institution, `/classes/${number}/submit`, {}, at + 1 < tries ? [200, 201, 202, 422] : undefined);
        if (answer.status !== 422) break;
        if (!isBusy(answer.body)) throw new Error(`${number} was refused: ${JSON.stringify(answer.body).slice(0, 600)}`);
        const busy = busyAt(answer.body);
        for (const session of busy.sessions) shifts[session] = (shifts[session] ?? 0) + 1;
        if (busy.room) moved += 1;
      }
      say(`${draft.login}: 提交 ${number}`);
      return number;
    };
    return { number, submit };
  }

  /** Drafts a class and submits it. Returns its number. */
  async function submitClass(draft: Draft): Promise<string> {
    return (await draftClass(draft)).submit();
  }

  /** Everything that is open for these people, or in their regions, each once. */
  async function openTasks(logins: readonly string[], view?: 'region'): Promise<{ login: string; task: RobotTask }[]> {
    const found = new Map<string, { login: string; task: RobotTask }>();
    for (const login of logins) {
      let after: string | null = null;
      do {
        const page: { tasks: RobotTask[]; next: string | null } = await get(
          await as(login),
          `/tasks?size=100${view ? `&view=${view}` : ''}${after ? `&after=${encodeURIComponent(after)}` : ''}`,
        );
        for (const task of page.tasks) if (!found.has(task.id)) found.set(task.id, { login, task });
        after = page.next;
      } while (after);
    }
    return [...found.values()];
  }

  /** Takes a task of an office, as somebody does who gets to it on another day. */
  async function claim(login: string, task: RobotTask): Promise<void> {
    await post(await as(login), `/tasks/${task.id}/claim`, {}, [200, 403, 404, 409]);
  }

  /** Performs one task as its owner would; a task that somebody else finished meanwhile is left alone. */
  async function perform(login: string, task: RobotTask): Promise<boolean> {
    const person = await as(task.role === 'payment_officer' ? `${office}-${payers[task.kind] ?? 'pay-1'}` : login);
    const classNumber = numberOf('trainingClass', task.procedure) ?? '';
    const decide = async (outcome: string, more: Record<string, unknown> = {}): Promise<boolean> => {
      const answer = await post(person, `/tasks/${task.id}/decide`, { outcome, ...more }, [200, 409]);
      if (answer.status === 200) say(`${person.login}: ${task.title} · ${task.step} → ${outcome}`);
      return answer.status === 200;
    };
    const chosen = options.choose?.(task);
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
    const failing = options.failing?.(batch, title) ?? 0;
    const content = await again(() => person.download(`/payments/${batch}/simulated-answer?failing=${failing}`));
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

  /** The first person of a role in this office. */
  function officer(role: string): string {
    return `${office}-${accountOf[role] ?? 'supervise-1'}`;
  }

  // What one payment officer did stands in no list of the same one's work any more.
  const crew = [...institutions, ...new Set([...Object.values(accountOf), ...Object.values(payers)].map((code) => `${office}-${code}`))];

  /** Performs whatever is open, of the classes with these titles if given; returns how many acts that took. */
  async function work(titles?: ReadonlySet<string>): Promise<number> {
    let acts = 0;
    for (const { login, task } of await openTasks(crew)) {
      if (titles && !titles.has(task.title)) continue;
      if (await perform(login, task)) acts += 1;
    }
    return acts;
  }

  /** Jumps the business clock to the next deadline. False when nothing is due. */
  async function jump(): Promise<boolean> {
    const person = await as(`${office}-supervise-1`);
    const answer = await post<{ now?: string; code?: string }>(person, '/clock/jump', {}, [200, 409, 422]);
    if (answer.status === 200) say(`业务时钟 → ${answer.body.now}`);
    return answer.status === 200;
  }

  /** Works and jumps until each of these classes has ended. */
  async function walk(numbers: readonly string[], within: { ms: number }): Promise<void> {
    const until = Date.now() + within.ms;
    let idle = 0;
    for (;;) {
      const supervisor = await as(`${office}-supervise-1`);
      const classes = await Promise.all(numbers.map((number) => get<{ status: string; title: string }>(supervisor, `/classes/${number}`)));
      const states = classes.map(({ status }) => status);
      if (states.every((status) => ['paid', 'refused', 'withdrawn', 'expired'].includes(status))) return;
      if (Date.now() > until)
        throw new Error(`not all classes ended in time: ${numbers.map((number, at) => `${number} ${states[at]}`).join(', ')}`);
      // Claims, batches and lists bear the title of their class. What visitors have open is left to them.
      if ((await work(new Set(classes.map(({ title }) => title)))) > 0) {
        idle = 0;
        continue;
      }
      idle += 1;
      await pause(150);
      // The procedures get a moment to open what follows before time is moved on.
      if (idle >= 4) {
        await jump();
        idle = 0;
      }
    }
  }

  return {
    as,
    again,
    post,
    get,
    draftClass,
    submitClass,
    openTasks,
    claim,
    perform,
    work,
    jump,
    walk,
    today,
    officer,
    anybody: personOf(origin, 'public', ''),
  };
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
