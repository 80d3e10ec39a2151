/** All activities by name. Workflows import the type only. */
import type { OfficeDeps } from './deps.ts';
import { procedureActivities } from './procedures.ts';
import type { Reconciler } from './relay/reconciler.ts';
import { verificationActivities } from './verifications.ts';

export function createActivities(deps: OfficeDeps, { takeTurn }: Pick<Reconciler, 'takeTurn'>) {
  return { ...procedureActivities(deps), ...verificationActivities(deps), takeTurn };
}

export type Activities = ReturnType<typeof createActivities>;
