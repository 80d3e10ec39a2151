/** Reasons are part of the record: some words, not a sign. Pages and REST ask for the same length. */
import { inputError } from './errors.ts';

export const REASON_MIN_LENGTH = 2;

export function isReason(text: string | undefined): text is string {
  return (text ?? '').trim().length >= REASON_MIN_LENGTH;
}

/** The reason without spaces around it. Throws InputError; `missing`: the code that says what is asked for there. */
export function requireReason(text: string | undefined, field = 'reason', missing = 'task.reasonMissing'): string {
  if (!isReason(text)) throw inputError(field, missing);
  return text.trim();
}
