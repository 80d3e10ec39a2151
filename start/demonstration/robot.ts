/**
 * Walks classes through their whole life over HTTP, as the people of the demonstration would: used by `npm run demo`, the journeys, the fault
 * tests and the measurements. Every request carries an Idempotency-Key and is sent again when the product was away.
 */
import { sampleMaterial } from '../../db/formats/sample-materials.ts';
import { cleanRoster } from '../../db/formats/sample-rosters.ts';
import type { MaterialKind } from '../../workflows/domain/classes/material.ts';
import { busyAt, type Choices, type Draft, isBusy, PLAN, sessionsOf } from './drafts.ts';
import { type Choice, createPerformer, type RobotTask } from './performing.ts';
import { person as personOf, type Person } from './person.ts';
import { openRequests, pause } from './requests.ts';

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
    failing,
    choose,
  } = options;
  const requests = openRequests({ origin, patienceMs });
  const { as, again, post, get } = requests;
  const { perform, today } = createPerformer(requests, { office, payers, say, failing, choose });

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
