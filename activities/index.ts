/** All activities by name. Workflows import the type only. */
import type { OfficeDeps } from './deps.ts';
import { procedureActivities } from './procedures.ts';
import { verificationActivities } from './verifications.ts';

export function createActivities(deps: OfficeDeps) {
  return { ...procedureActivities(deps), ...verificationActivities(deps) };
}

export type Activities = ReturnType<typeof createActivities>;
