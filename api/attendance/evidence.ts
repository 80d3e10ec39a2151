/** Attendance as entered so far. */
import { findEvidenceAttendance } from '../../db/views/training/training-evidence.ts';
import type { Evidence } from '../tasks/evidence.ts';

export const attendanceEvidence: Evidence = {
  kind: 'attendance',
  evidence: 'attendance/evidence',
  load: ({ db, task }) => findEvidenceAttendance(db, task),
};
