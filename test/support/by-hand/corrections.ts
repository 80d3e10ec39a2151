/** For tests of lists of corrections (补正清单): a class is sent back with points and sent in again, its steps taken by hand. */
import { expect } from 'vitest';
import type { Ask } from '../../../workflows/domain/procedures.ts';
import { type Issues, issuesOf } from '../answers.ts';
import { draftClass, type Province } from '../province.ts';
import { correction, review as firstReviewAsk } from './asks.ts';

export type Item = {
  id: string;
  no: number;
  part: string;
  demand: string;
  status: string;
  answer: string | null;
  changes?: { label: string; before: string; after: string }[];
};
export type Detail = { status: string; version: number; correction: { round: number; items: Item[] } | null };
export type Sent = { field: string; part?: string; text: string; why?: string };
export type Saved = Record<string, string>;
export type Session = { day: string; half: string; hours: number; kind: string; topic: string; teacherId: string; venueId: string };
export type Person = { id: string; seat: number; name: string; status: string };

export const LOGIN = 'shifan-1';

export const review = (step: string, role: 'first_reviewer' | 'second_reviewer'): Ask => ({
  ...firstReviewAsk,
  step: `pre_training.${step}`,
  role,
  workingDays: 3,
});

export const told = (answer: { body: unknown }) => ((answer.body as Issues).issues ?? []).map((issue) => issue.message).join('\n');

export const hasNot = (html: string, text: string) => expect(html.includes(text) ? text : 'absent').toBe('absent');

/** `provinceOf`: the province once it is open. */
export function correctionsOf(provinceOf: () => Province) {
  /** Submitted and at the first review. */
  async function underReview(seed: number, trainees = 4): Promise<string> {
    const number = await draftClass(provinceOf(), { seed, login: LOGIN, trainees });
    expect((await (await provinceOf().as(LOGIN)).post(`/classes/${number}/submit`)).status).toBe(200);
    await provinceOf().step(`class-${number}`, 'pre_training', { asks: [review('first_review', 'first_reviewer')] });
    return number;
  }

  const firstReview = (number: string, round = 1) => `/tasks/class-${number}/pre_training.first_review/${round}`;

  async function decideFirst(number: string, body: Record<string, unknown>, round = 1) {
    return (await provinceOf().as('cs-first-1')).post<Issues>(`${firstReview(number, round)}/decide`, body);
  }

  /** The first reviewer sends it back with these points; the institution has it, with its notice. */
  async function sendBack(number: string, items: Sent[], round = 1, more: Record<string, unknown> = {}): Promise<void> {
    const answer = await decideFirst(number, { outcome: 'return', items, ...more }, round);
    expect([answer.status, issuesOf(answer)]).toEqual([200, []]);
    await takeBack(number, round);
  }

  async function takeBack(number: string, round: number): Promise<void> {
    const id = `class-${number}`;
    const fact = await provinceOf().db('facts').where({ procedure_id: id, outcome: 'return' }).orderBy('no', 'desc').first('no', 'task_id');
    await provinceOf().step(id, 'pre_training', {
      step: 'correction',
      asks: [correction],
      acts: [
        { act: 'setClassStatus', code: 'correction' },
        { act: 'issueCorrectionNotice', factNo: fact.no, taskId: fact.task_id },
      ],
    });
    expect(fact.task_id.endsWith(`/${round}`)).toBe(true);
  }

  /** The institution sends it again; the first reviewer has it in the next round. */
  async function resubmit(number: string, answers: { no: number; done?: boolean; text?: string }[]): Promise<void> {
    const answer = await (await provinceOf().as(LOGIN)).post(`/classes/${number}/resubmit`, { answers });
    expect([answer.status, issuesOf(answer)]).toEqual([200, []]);
    await provinceOf().step(`class-${number}`, 'pre_training', {
      acts: [{ act: 'setClassStatus', code: 'in_review' }],
      asks: [review('first_review', 'first_reviewer')],
    });
  }

  async function savedForm(number: string): Promise<Saved> {
    return (await (await provinceOf().as(LOGIN)).get<{ saved: Saved }>(`/classes/${number}/edit`)).body.saved;
  }
  async function timetable(number: string): Promise<Session[]> {
    return (await (await provinceOf().as(LOGIN)).get<{ sessions: Session[] }>(`/classes/${number}/timetable`)).body.sessions;
  }
  async function roster(number: string): Promise<Person[]> {
    return (await (await provinceOf().as(LOGIN)).get<{ trainees: Person[] }>(`/classes/${number}/roster`)).body.trainees;
  }
  async function listOf(number: string): Promise<Item[]> {
    return (await (await provinceOf().as(LOGIN)).get<Detail>(`/classes/${number}`)).body.correction?.items ?? [];
  }

  return { underReview, firstReview, decideFirst, sendBack, takeBack, resubmit, savedForm, timetable, roster, listOf };
}
