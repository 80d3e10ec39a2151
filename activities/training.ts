/** Acts of the office during training and at filing. Each gives the same when repeated. */
import { applyChange, refuseChange } from '../db/training/changes.ts';
import { fileClass } from '../db/training/results.ts';
import { closeAttendance } from '../db/training/attendance.ts';
import { orderRectification } from '../db/training/inspections.ts';
import type { SomeActs } from './acts.ts';

export const trainingActs = {
  orderRectification: async ({ trx, procedure, act }) => orderRectification(trx, procedure, act.taskId),
  closeAttendance: async ({ trx, procedure }) => closeAttendance(trx, procedure),
  /** A change of dates moves the class: its new dates go into the flags, for the tasks that count from them. */
  applyChange: async ({ trx, procedure, act }) => applyChange(trx, procedure, act.factNo),
  refuseChange: async ({ trx, procedure, act }) => refuseChange(trx, procedure, act.factNo),
  fileClass: async ({ trx, procedure }) => fileClass(trx, procedure),
} satisfies SomeActs;
