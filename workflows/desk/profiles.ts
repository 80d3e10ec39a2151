/** How a procedure calls the office: one profile per kind of work, each with its reason. */
import { ActivityFailure, isCancellation, proxyActivities, proxyLocalActivities } from '@temporalio/workflow';
import type { Activities } from '../../activities/index.ts';

// One transaction on our own database. Short, so that an outage of PostgreSQL never holds the workflow task itself.
const quick = proxyLocalActivities<Activities>({
  startToCloseTimeout: '2s',
  scheduleToCloseTimeout: '4s',
  retry: { maximumAttempts: 2, initialInterval: '100ms' },
});

// The same act in its place when the quick way failed: waits out any outage.
const patient = proxyActivities<Activities>({
  startToCloseTimeout: '30s',
  retry: { initialInterval: '1s', maximumInterval: '15s' },
});

// Leaves the house (registers, other offices): slow, may stay silent; silence is an answer of its own.
const outside = proxyActivities<Activities>({
  startToCloseTimeout: '2 minutes',
  heartbeatTimeout: '30s',
  retry: { maximumAttempts: 3, initialInterval: '1s' },
});

// A look round the whole office: what fails is left to the next one.
const once = proxyActivities<Activities>({ startToCloseTimeout: '2 minutes', retry: { maximumAttempts: 1 } });

/** A transaction of the office: tried the quick way, then patiently. Both write the same, however often. */
export async function record<T>(act: (office: Activities) => Promise<T>): Promise<T> {
  try {
    return await act(quick as Activities);
  } catch (error) {
    if (isCancellation(error)) throw error;
    if (error instanceof ActivityFailure && error.retryState === 'NON_RETRYABLE_FAILURE') throw error;
    return act(patient as Activities);
  }
}

/** Asks a register. What stays unanswered after all attempts is on record as unanswered. */
export function askOutside(act: (office: Activities) => Promise<void>): Promise<void> {
  return attempt(outside as Activities, act);
}

/** Tries it once; whether it succeeded is on record elsewhere. */
export function tryOnce(act: (office: Activities) => Promise<void>): Promise<void> {
  return attempt(once as Activities, act);
}

async function attempt(office: Activities, act: (office: Activities) => Promise<void>): Promise<void> {
  try {
    await act(office);
  } catch (error) {
    if (isCancellation(error) || !(error instanceof ActivityFailure)) throw error;
  }
}
