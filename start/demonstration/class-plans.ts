/** Which classes a demonstration lives through: spread over its time, over the institutions, their rooms and teachers, and what befalls each. */
import { demonstrationInstitutions, demonstrationProjects } from '../../db/demonstration/registers.ts';
import { addDays, type Calendar, daysBetween, nextWorkingDay, onOrNextWorkingDay } from '../../workflows/domain/calendar/calendar.ts';
import type { Draft } from './drafts.ts';

/** What befalls a class besides the shortest way. */
export const turns = [
  'plain',
  'returned',
  'bankReturn',
  'finding',
  'plain',
  'objectionDismissed',
  'lateReview',
  'dropOut',
  'refused',
  'plain',
  'bankReturn',
  'withdrawn',
  'objectionUpheld',
  'plain',
  'lateApproval',
  'plain',
] as const;
export type Turn = (typeof turns)[number];

export type ClassPlan = Draft & { office: string; submitOn: string; turn: Turn; lane: number };

const officeOf: Readonly<Record<string, string>> = { '350104': 'cs', '350102': 'gl', '350103': 'tj', '350111': 'ja' };
/** Working days between the submission of a class and its first day of training. */
const LEAD_DAYS = 12;
const HOURS_A_DAY = 8;

type Lane = {
  login: string;
  office: string;
  lane: number;
  projects: (typeof demonstrationProjects)[number][];
  free: string;
  classes: number;
};

/** A room and a teacher for each; one room and one teacher of every institution stay free for visitors. */
function lanes(): Lane[] {
  return demonstrationInstitutions
    .filter(({ kind, region }) => kind !== 'assessment' && officeOf[region])
    .flatMap(({ key, region, occupations, teachers, venues }) =>
      Array.from({ length: Math.max(1, Math.min(venues.length, teachers.length) - 1) }, (_, lane) => ({
        login: `${key}-1`,
        office: officeOf[region] ?? '',
        lane,
        projects: demonstrationProjects.filter(({ occupation }) => occupations.includes(occupation)),
        free: '',
        classes: 0,
      })),
    )
    .toSorted((a, b) => a.lane - b.lane);
}

/**
 * `classes` plans whose submissions are spread evenly from `from` to `to` (civil dates). `label` tells the titles of this plan from those of
 * others and is the only thing by which a robot knows its classes again. The same arguments give the same plans.
 */
export function planClasses(
  calendar: Calendar,
  options: { classes: number; from: string; to: string; label: string; seed: number; turns?: readonly Turn[] | undefined },
): ClassPlan[] {
  const { classes, from, to, label, seed, turns: befalls = turns } = options;
  const open = lanes();
  const span = daysBetween(from, to);
  return Array.from({ length: classes }, (_, at) => {
    const submitOn = onOrNextWorkingDay(calendar, addDays(from, Math.floor((at * span) / Math.max(1, classes))));
    const lane = open.reduce((best, one) => (one.free < best.free ? one : best));
    const project = lane.projects[(lane.classes + lane.lane) % lane.projects.length] ?? demonstrationProjects[0];
    const first = later(ahead(calendar, submitOn, LEAD_DAYS), lane.free);
    const days = workingDays(calendar, onOrNextWorkingDay(calendar, first), Math.ceil(project.hoursMin / HOURS_A_DAY));
    lane.free = nextWorkingDay(calendar, days.at(-1) ?? first);
    lane.classes += 1;
    return {
      login: lane.login,
      office: lane.office,
      lane: lane.lane,
      title: `${project.name}${label}第 ${String(at + 1).padStart(3, '0')} 期`,
      project: project.name,
      submitOn,
      startDate: days[0] ?? first,
      days,
      trainees: 6 + ((at * 5) % 11),
      seed: seed + at,
      turn: befalls[at % befalls.length] ?? 'plain',
    };
  });
}

function later(a: string, b: string): string {
  return a > b ? a : b;
}

export function ahead(calendar: Calendar, date: string, workingDays: number): string {
  let day = date;
  for (let n = 0; n < workingDays; n += 1) day = nextWorkingDay(calendar, day);
  return day;
}

function workingDays(calendar: Calendar, from: string, count: number): string[] {
  const days: string[] = [];
  for (let day = from; days.length < count; day = nextWorkingDay(calendar, day)) days.push(day);
  return days;
}
