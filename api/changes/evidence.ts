/** The change that is asked for, before and after. */
import { findEvidenceChange } from '../../db/views/training/training-evidence.ts';
import type { Evidence } from '../tasks/evidence.ts';

export const changeEvidence: Evidence = {
  kind: 'change',
  work: 'changes/evidence',
  load: async ({ db, task }) => {
    const change = await findEvidenceChange(db, task);
    return change ? { change } : {};
  },
};
