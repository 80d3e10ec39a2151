/** A task as it is on record. */
import { NotFoundError } from '../../workflows/domain/errors.ts';
import type { JointPart } from '../../workflows/domain/signing.ts';
import type { TaskKind } from '../../workflows/domain/task-kinds.ts';
import type { TaskStatus } from '../../workflows/domain/tasks.ts';
import type { Db } from '../client.ts';

export type TaskRow = {
  id: string;
  procedure_id: string;
  step: string;
  round: number;
  kind: TaskKind;
  role: string;
  office: string;
  office_path: string;
  institution_id: string | null;
  outcomes: string[];
  peremptory: boolean;
  four_eyes: string[];
  reference: string | null;
  class_id: string | null;
  subject_title: string;
  status: TaskStatus;
  due_at: Date | null;
  claimed_by: string | null;
  claimed_at: Date | null;
  claimed_for: string | null;
  /** Who was asked for an opinion. */
  delegated_to: string | null;
  suspended_at: Date | null;
  suspended_by: string | null;
  suspended_reason: string | null;
  read_at: Date | null;
  decided_by: string | null;
  decided_for: string | null;
  decided_at: Date | null;
  outcome: string | null;
  version: number;
  /** One of several signatures under the same step: how many of them it takes, and the first task of the group. */
  joint: JointPart | null;
  joint_group: string | null;
  added_by: string | null;
  /** The decision of the group after which this signature was no longer needed. */
  ended_by: string | null;
  /** Marked by a supervisor as pressing (加急), and why. */
  priority: boolean;
  priority_reason: string | null;
  prioritised_at: Date | null;
};

/** The period of a task: from which day, how long and until when. What says a deadline in words asks for this. */
export type TaskPeriod = {
  /** By whose working days it is counted. */
  office: string;
  from_date: string;
  working_days: number | null;
  /** Working days that had passed before the file came back to it. */
  days_used: number;
  due_date: string | null;
  due_at: Date | null;
  /** It lies in a year without official notice. */
  provisional: boolean;
};

/** Throws NotFoundError. */
export async function getTask(db: Db, taskId: string): Promise<TaskRow> {
  const row = await db<TaskRow>('tasks').where({ id: taskId }).first();
  if (!row) throw new NotFoundError('task.unknown');
  return row;
}
