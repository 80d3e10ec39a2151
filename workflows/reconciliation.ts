/** One turn of the reconciler (核对): no case of its own, nothing to carry on. A schedule of Temporal starts it anew each time. */
import { tryOnce } from './desk/profiles.ts';

export async function reconciliation(): Promise<void> {
  await tryOnce((office) => office.takeTurn());
}
