/** What a class of the demonstration looks like on its forms. */

export type Draft = {
  login: string;
  title: string;
  startDate: string;
  days: string[];
  trainees: number;
  seed: number;
  project?: string;
  /** The room and the teacher that are tried first. */
  lane?: number;
};

/** Theory in the morning, practice in the afternoon. `shiftOf`: how many other teachers were tried before for the session of this number. */
export function sessionsOf(draft: Draft, teachers: Choices['teachers'], venueId: string, shiftOf: (session: number) => number) {
  return draft.days.flatMap((day, at) =>
    (['morning', 'afternoon'] as const).map((half, part) => {
      const turn = draft.lane === undefined ? at + part + draft.seed : draft.lane;
      return {
        day,
        half,
        hours: 4,
        kind: part === 0 ? 'theory' : 'practice',
        topic: part === 0 ? `理论第 ${at + 1} 讲` : `实操第 ${at + 1} 次`,
        teacherId: teachers[(turn + shiftOf(2 * at + part)) % teachers.length]?.id,
        venueId,
      };
    }),
  );
}

/** Refused for nothing but a room or a teacher that another class has. */
export function isBusy(problem: Record<string, unknown>): boolean {
  const issues = (problem['issues'] ?? []) as { code: string }[];
  return issues.length > 0 && issues.every(({ code }) => code === 'timetable.venueBusy' || code === 'timetable.teacherBusy');
}

/** What a refusal by `isBusy` names: the numbers of the sessions whose teacher is busy, and whether a room is. */
export function busyAt(problem: Record<string, unknown>): { sessions: number[]; room: boolean } {
  const issues = (problem['issues'] ?? []) as { field: string; code: string }[];
  return {
    sessions: issues.filter(({ code }) => code === 'timetable.teacherBusy').map(({ field }) => Number(field.split('.')[1])),
    room: issues.some(({ code }) => code === 'timetable.venueBusy'),
  };
}

export const PLAN = '培养目标：掌握岗位所需的理论知识与操作技能。教学安排：理论与实操各半，逐日考勤，结业后由评价机构考核。';

export type Choices = {
  projects: { id: string; name: string }[];
  venues: { id: string; capacity: number }[];
  assessors: { id: string }[];
  teachers: { id: string }[];
};
