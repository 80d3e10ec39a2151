/** Evidence of the tasks of training and filing, for the page on which they are decided. Who may open that page is checked there. */
import type { TaskKind } from '../../../workflows/domain/task-kinds.ts';
import { stageOf } from '../../../workflows/domain/tasks.ts';
import { getClassById } from '../../classes/classes.ts';
import type { Db } from '../../client.ts';
import { stageRegisters } from '../../classes/verifications.ts';
import { type Checks, getChecks } from '../classes/checks.ts';
import { type AttendanceSheet, getAttendanceSheet } from './attendance.ts';
import { type ChangeLine, getChangeOfTask } from './changes.ts';
import { type InspectionLine, listInspections } from './inspections.ts';
import { listResults, type ResultRow } from './results.ts';

export type EvidenceTask = { procedure_id: string; class_id: string | null; step: string; kind: TaskKind; reference: string | null };

/** What the registers of this stage answered. */
export async function findEvidenceChecks(db: Db, task: EvidenceTask): Promise<{ number: string; checks: Checks }> {
  const row = await getClassById(db, task.class_id ?? '');
  return { number: row.number, checks: await getChecks(db, row.id, stageRegisters[stageOf(task.step)] ?? []) };
}

export async function findEvidenceAttendance(db: Db, task: EvidenceTask): Promise<AttendanceSheet & { number: string }> {
  const row = await getClassById(db, task.class_id ?? '');
  return { number: row.number, ...(await getAttendanceSheet(db, row)) };
}

/** Inspections so far, newest last, and how many are enrolled. */
export async function findEvidenceInspection(
  db: Db,
  task: EvidenceTask,
): Promise<{ number: string; inspections: InspectionLine[]; headcount: number }> {
  const row = await getClassById(db, task.class_id ?? '');
  const [inspections, counted] = await Promise.all([
    listInspections(db, row.id),
    db('enrolments').where({ class_id: row.id, status: 'enrolled' }).count<{ count: string }[]>('id as count'),
  ]);
  return { number: row.number, inspections, headcount: Number(counted[0]?.count ?? 0) };
}

export async function findEvidenceChange(db: Db, task: EvidenceTask): Promise<ChangeLine | undefined> {
  return getChangeOfTask(db, task.class_id ?? '', task.procedure_id, task);
}

export async function findEvidenceResults(db: Db, task: EvidenceTask): Promise<{ number: string; results: ResultRow[] }> {
  const row = await getClassById(db, task.class_id ?? '');
  return { number: row.number, results: await listResults(db, row.id) };
}
