/** Inspections of the class so far. */
import { findEvidenceInspection } from '../../db/views/training/training-evidence.ts';
import type { Evidence } from '../tasks/evidence.ts';

export const inspectionEvidence: Evidence = {
  kind: 'inspection',
  work: 'inspections/form-fields',
  evidence: 'inspections/evidence',
  load: async ({ db, task }) => ({ ...(await findEvidenceInspection(db, task)), required: task.kind === 'inspection' }),
};

export const rectificationEvidence: Evidence = {
  kind: 'inspection',
  evidence: 'inspections/evidence',
  load: ({ db, task }) => findEvidenceInspection(db, task),
};
